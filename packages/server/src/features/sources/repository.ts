import type { AuditEvent, Store } from '@keyturn/store';
import type { Tool } from '@keyturn/tools';
import { countTools, type ToolHead } from './kept-tool.ts';
import { definitionText, headColumns, headOf, readTool, rowOf, sourceOf, standingOf } from './rows.ts';
import type { Settled } from './settle.ts';
import type { Source, ToolCounts } from './source.ts';
import type { SourceTables } from './tables.ts';
import { hasWork, writeSettled } from './write-settled.ts';

/** The channel on which replicas hear that sources have changed. */
export const sourcesChannel = 'keyturn_sources';

/** A change of one source, with the audit row that goes with it, or neither. */
export interface SourceChange {
  readonly before: Source;
  readonly after: Source;
  /** An uploaded document; undefined leaves what is there. */
  readonly document?: string | undefined;
  /** What a reading did to the tools, and who is noted as having accepted what it accepts. */
  readonly settled?: Settled | undefined;
  readonly by: string;
  /** When the next re-sync by timer is due; undefined: never. */
  readonly syncAt: number | undefined;
  readonly events: readonly AuditEvent[];
}

/**
 * Where sources and their tools are kept. Each change is one transaction with its audit rows, and tells every replica on
 * `sourcesChannel` when it commits, except where nothing changed that a caller could see.
 */
export interface SourceRepository {
  /** By slug, so that every replica lists them alike. */
  readonly all: () => Promise<readonly Source[]>;
  readonly byId: (id: string) => Promise<Source | undefined>;
  readonly bySlug: (slug: string) => Promise<Source | undefined>;
  readonly counts: () => Promise<ReadonlyMap<string, ToolCounts>>;
  /** By operation id, the gone ones among them. */
  readonly heads: (id: string) => Promise<readonly ToolHead[]>;
  /** One tool as the source has it, and as it was accepted. */
  readonly tool: (id: string, operation: string) => Promise<KeptTool | undefined>;
  /** The tools that are offered, read in slices: the event loop is not held by a large source. */
  readonly offered: (id: string) => Promise<readonly Tool[]>;
  readonly document: (id: string) => Promise<string | undefined>;
  /** False when the slug is taken. */
  readonly insert: (source: Source, change: Omit<SourceChange, 'before' | 'after'>) => Promise<boolean>;
  /** False when the source is no longer as it was in `before`: removed, or changed by another meanwhile. */
  readonly change: (change: SourceChange) => Promise<boolean>;
  /** Changes what is said of some tools; `gone` ones are never among them. False when there is no such source. */
  readonly mark: (id: string, marks: readonly ToolMark[], event: AuditEvent) => Promise<boolean>;
  readonly remove: (id: string, event: AuditEvent) => Promise<boolean>;
  /** Sources whose re-sync is due, each taken for `lease` milliseconds so that no other replica takes it too. */
  readonly takeDue: (now: number, lease: number) => Promise<readonly string[]>;
  /** For sources that have no date yet, such as those from before there was a timer. */
  readonly scheduleMissing: (syncAt: (source: Source) => number | undefined) => Promise<void>;
}

export interface KeptTool {
  readonly head: ToolHead;
  readonly tool: Tool;
  readonly accepted: Tool | undefined;
}

/** What a person says of one tool. With `accept` it is offered as the source has it now. */
export interface ToolMark {
  readonly operation: string;
  readonly enabled?: boolean;
  /** Only while the tool still has this hash: what is accepted is what was looked at. */
  readonly accept?: { readonly hash: string; readonly at: number; readonly by: string };
}

const slice = 200;

export function openSourceRepository(store: Store): SourceRepository {
  const db = store.db.withTables<SourceTables>();
  const find = async (column: 'id' | 'slug', value: string): Promise<Source | undefined> => {
    const row = await db.selectFrom('sources_registry').selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? undefined : sourceOf(row);
  };
  return {
    async all() {
      const rows = await db.selectFrom('sources_registry').selectAll().orderBy('slug').execute();
      return rows.map(sourceOf);
    },
    byId: (id) => find('id', id),
    bySlug: (slug) => find('slug', slug),
    async counts() {
      const rows = await db
        .selectFrom('sources_tool')
        .select(['source_id', 'hash', 'accepted_hash', 'enabled', 'gone'])
        .execute();
      const bySource = Map.groupBy(rows, (row) => row.source_id);
      return new Map([...bySource].map(([id, tools]) => [id, countTools(tools.map(standingOf))]));
    },
    async heads(id) {
      const rows = await db
        .selectFrom('sources_tool')
        .select(headColumns)
        .where('source_id', '=', id)
        .orderBy('operation')
        .execute();
      return rows.map(headOf);
    },
    async tool(id, operation) {
      const row = await db
        .selectFrom('sources_tool')
        .selectAll()
        .where('source_id', '=', id)
        .where('operation', '=', operation)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const tool = readTool(row.tool);
      const accepted = row.accepted_tool === null ? undefined : readTool(row.accepted_tool);
      return { head: headOf(row), tool, accepted: row.accepted_hash === row.hash ? tool : accepted };
    },
    async offered(id) {
      const tools: Tool[] = [];
      for (let after = ''; ; ) {
        const rows = await db
          .selectFrom('sources_tool')
          .select(['operation', 'tool'])
          .where('source_id', '=', id)
          .where('operation', '>', after)
          .where('enabled', '=', 1)
          .where('gone', '=', 0)
          .whereRef('accepted_hash', '=', 'hash')
          .orderBy('operation')
          .limit(slice)
          .execute();
        for (const row of rows) tools.push(readTool(row.tool));
        const last = rows.at(-1);
        if (last === undefined || rows.length < slice) return tools;
        after = last.operation;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async document(id) {
      const row = await db.selectFrom('sources_registry').select('document').where('id', '=', id).executeTakeFirst();
      return row?.document ?? undefined;
    },
    insert: (source, { document, settled, by, syncAt, events }) =>
      store.transaction(async (tx) => {
        const inserted = await tx.db
          .withTables<SourceTables>()
          .insertInto('sources_registry')
          .values({ ...rowOf(source), document: document ?? null, sync_at: syncAt ?? null })
          .onConflict((conflict) => conflict.column('slug').doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
        if (settled !== undefined) await writeSettled(tx, source, settled, by);
        for (const event of events) tx.audit(event);
        await tx.notify(sourcesChannel, source.id);
        return true;
      }),
    change: ({ before, after, document, settled, by, syncAt, events }) =>
      store.transaction(async (tx) => {
        const { definition, state, updated_at } = rowOf(after);
        const isVisible = definition !== definitionText(before) || hasWork(settled);
        const updated = await tx.db
          .withTables<SourceTables>()
          .updateTable('sources_registry')
          .set((eb) => ({
            definition,
            state,
            updated_at,
            sync_at: syncAt ?? null,
            ...(isVisible ? { revision: eb('revision', '+', 1) } : {}),
            ...(document === undefined ? {} : { document }),
          }))
          .where('id', '=', before.id)
          // Tools were compared as they stood at this revision; whoever came in between has changed it.
          .where('revision', '=', before.revision)
          .executeTakeFirst();
        if (updated.numUpdatedRows !== 1n) return false;
        if (settled !== undefined) await writeSettled(tx, after, settled, by);
        for (const event of events) tx.audit(event);
        if (isVisible) await tx.notify(sourcesChannel, after.id);
        return true;
      }),
    mark: (id, marks, event) =>
      store.transaction(async (tx) => {
        const tables = tx.db.withTables<SourceTables>();
        const updated = await tables
          .updateTable('sources_registry')
          .set((eb) => ({ revision: eb('revision', '+', 1) }))
          .where('id', '=', id)
          .executeTakeFirst();
        if (updated.numUpdatedRows !== 1n) return false;
        for (const { operation, enabled, accept } of marks) {
          const one = tables.updateTable('sources_tool').where('source_id', '=', id).where('operation', '=', operation);
          if (enabled !== undefined) await one.set({ enabled: enabled ? 1 : 0 }).execute();
          if (accept === undefined) continue;
          const { hash, at, by } = accept;
          await one
            .set({ accepted_hash: hash, accepted_tool: null, accepted_at: at, accepted_by: by })
            .where('hash', '=', hash)
            .where('gone', '=', 0)
            .execute();
        }
        tx.audit(event);
        await tx.notify(sourcesChannel, id);
        return true;
      }),
    remove: (id, event) =>
      store.transaction(async (tx) => {
        const tables = tx.db.withTables<SourceTables>();
        await tables.deleteFrom('sources_tool').where('source_id', '=', id).execute();
        const removed = await tables.deleteFrom('sources_registry').where('id', '=', id).executeTakeFirst();
        if (removed.numDeletedRows !== 1n) return false;
        tx.audit(event);
        await tx.notify(sourcesChannel, id);
        return true;
      }),
    takeDue: (now, lease) =>
      store.transaction(async (tx) => {
        const taken = await tx.db
          .withTables<SourceTables>()
          .updateTable('sources_registry')
          .set({ sync_at: now + lease })
          .where('sync_at', '<=', now)
          .returning('id')
          .execute();
        return taken.map(({ id }) => id);
      }),
    async scheduleMissing(syncAt) {
      const rows = await db.selectFrom('sources_registry').selectAll().where('sync_at', 'is', null).execute();
      for (const row of rows) {
        const at = syncAt(sourceOf(row));
        if (at === undefined) continue;
        await db
          .updateTable('sources_registry')
          .set({ sync_at: at })
          .where('id', '=', row.id)
          .where('sync_at', 'is', null)
          .execute();
      }
    },
  };
}
