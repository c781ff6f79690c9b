import type { EpochMilliseconds, JsonObject } from '@keyturn/protocol';
import type { Migration, Store } from '@keyturn/store';
import type { Seal } from '../../outside/seal.ts';
import type { Task, TaskId, TaskOwner, TaskState } from './task.ts';

/** The channel on which replicas hear that a task was cancelled: whoever makes its call lets it go. */
export const tasksChannel = 'keyturn_mcp_tasks';

/**
 * Where tasks are kept, for every replica. `move` is one conditional update: of several that move a task from the same
 * state, one is told true. A move to `cancelled` is told on `tasksChannel`.
 */
export interface TaskRepository {
  readonly insert: (task: Task) => Promise<void>;
  /** Undefined where there is none, where it is another's, and after it has ended. */
  readonly find: (id: string, owner: TaskOwner, now: EpochMilliseconds) => Promise<Task | undefined>;
  readonly move: (task: Task, state: TaskState, now: EpochMilliseconds) => Promise<boolean>;
  readonly removeExpired: (now: EpochMilliseconds) => Promise<void>;
}

// A type and not an interface: Kysely's tables need an index signature.
type TaskTables = { mcp_task: TaskRow };

type TaskRow = {
  id: string;
  issuer: string;
  identity: string;
  client: string;
  tool: string;
  status: string;
  /** Counts the moves, so that a task is moved only from the state that was read. */
  version: number;
  /** Arguments and state as JSON; sealed where there is a key, since answers hold what upstreams know of people. */
  content: string;
  sealed: number;
  created_at: number;
  updated_at: number;
  expires_at: number;
};

export const taskMigrations: readonly Migration[] = [
  {
    id: 'mcp-001',
    up: async (db) => {
      await db.schema
        .createTable('mcp_task')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('identity', 'text', (column) => column.notNull())
        .addColumn('client', 'text', (column) => column.notNull())
        .addColumn('tool', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('content', 'text', (column) => column.notNull())
        .addColumn('sealed', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('mcp_task_expires_at').on('mcp_task').column('expires_at').execute();
    },
  },
];

export function openTaskRepository(store: Store, seal: Seal | undefined): TaskRepository {
  const db = store.db.withTables<TaskTables>();
  // Which version of the row a task was read from; a task that was just made is the first.
  const versions = new WeakMap<Task, number>();
  const written = (id: TaskId, given: JsonObject, state: TaskState) => {
    const text = JSON.stringify({ given, state });
    return seal === undefined ? { content: text, sealed: 0 } : { content: seal.seal(text, id), sealed: 1 };
  };
  const read = (row: TaskRow): Task | undefined => {
    const text = row.sealed === 1 ? seal?.open(row.content, row.id) : row.content;
    if (text === undefined) return undefined; // sealed with a key that is no longer there
    // What this file wrote is read back as it was.
    const { given, state } = JSON.parse(text) as Pick<Task, 'given' | 'state'>;
    const task: Task = {
      id: row.id as TaskId,
      owner: { issuer: row.issuer, identity: row.identity, client: row.client === '' ? undefined : row.client },
      tool: row.tool,
      given,
      state,
      createdAt: row.created_at as EpochMilliseconds,
      updatedAt: row.updated_at as EpochMilliseconds,
      expiresAt: row.expires_at as EpochMilliseconds,
    };
    versions.set(task, row.version);
    return task;
  };
  return {
    async insert(task) {
      const { id, owner, tool, given, state } = task;
      await db
        .insertInto('mcp_task')
        .values({
          id,
          issuer: owner.issuer,
          identity: owner.identity,
          client: owner.client ?? '',
          tool,
          status: state.status,
          version: 1,
          ...written(id, given, state),
          created_at: task.createdAt,
          updated_at: task.updatedAt,
          expires_at: task.expiresAt,
        })
        .execute();
    },
    async find(id, owner, now) {
      const row = await db
        .selectFrom('mcp_task')
        .selectAll()
        .where('id', '=', id)
        .where('issuer', '=', owner.issuer)
        .where('identity', '=', owner.identity)
        .where('client', '=', owner.client ?? '')
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row === undefined ? undefined : read(row);
    },
    async move(task, state, now) {
      const version = versions.get(task) ?? 1;
      const moved = await db
        .updateTable('mcp_task')
        .set({ status: state.status, version: version + 1, updated_at: now, ...written(task.id, task.given, state) })
        .where('id', '=', task.id)
        .where('version', '=', version)
        .executeTakeFirst();
      if (moved.numUpdatedRows !== 1n) return false;
      if (state.status === 'cancelled') await store.notify(tasksChannel, task.id);
      return true;
    },
    async removeExpired(now) {
      await db.deleteFrom('mcp_task').where('expires_at', '<=', now).execute();
    },
  };
}
