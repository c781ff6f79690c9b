import { randomBytes } from 'node:crypto';
import { epochMilliseconds, milliseconds, ok, refuse } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextOf, denied, raise, result } from './task-samples.ts';
import { openTaskRepository, taskMigrations, tasksChannel } from './task-repository.ts';
import type { Task } from './task.ts';
import { createTasks, type Tasks } from './tasks.ts';

/** What tasks promise for calls that take long, on any database and over several replicas. */
export function slowCallsContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`a slow call, on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let replicas: { readonly store: Store; readonly tasks: Tasks }[];
    /** The calls that have come to the upstream. */
    let upstream: { readonly answer: () => void; readonly signal: AbortSignal | undefined }[];
    const john = contextOf('john');

    /** A replica that makes calls which last until the upstream answers, or they are let go. */
    const openReplica = (store: Store): Tasks =>
      createTasks({
        toolbox: {
          list: async () => ok([]),
          call: (_caller, _id, _name, _given, signal) =>
            new Promise((resolve) => {
              upstream.push({ answer: () => resolve(ok(result)), signal });
              signal?.addEventListener('abort', () => resolve(refuse({ ...denied, status: 503 })));
            }),
        },
        repository: openTaskRepository(store, undefined),
        clock: () => epochMilliseconds(Date.parse('2030-01-01T00:00:00Z')),
        random: (n) => randomBytes(n),
        after: milliseconds(0),
        deadline: milliseconds(60_000),
        ttl: milliseconds(3_600_000),
        settled: undefined,
        // What is still being made when a test ends finds no database any more.
        warn: () => undefined,
      });

    beforeEach(async () => {
      database = await kind.create();
      upstream = [];
      const first = await database.open();
      await first.migrate(taskMigrations);
      // On PostgreSQL each replica has a connection of its own; SQLite serves one process.
      const stores = [first, kind.dialect === 'postgres' ? await database.open() : first];
      replicas = stores.map((store) => ({ store, tasks: openReplica(store) }));
      for (const { store, tasks } of replicas) await store.listen(tasksChannel, tasks.letGo, tasks.letGoOfCancelled);
    });
    afterEach(() => database.drop());

    const replica = (n: number) => replicas[n] ?? raise('there are two replicas');
    const begin = async (tasks: Tasks): Promise<Task> => {
      const begun = await tasks.run(john, { name: 'shop__bake', given: {}, capabilities: {} });
      return 'ok' in begun ? raise('the call was not slow') : begun;
    };

    it('is fetched at any replica by its owner, and by nobody else', async () => {
      const { id } = await begin(replica(0).tasks);
      const { tasks } = replica(1);
      expect((await tasks.get(john, id))?.state.status).toBe('working');
      for (const stranger of [contextOf('jane'), contextOf('john', 'first', 'another-agent')]) {
        expect(await tasks.get(stranger, id)).toBeUndefined();
        expect(await tasks.cancel(stranger, id)).toBe(false);
      }
      upstream[0]?.answer();
      await expect.poll(async () => (await tasks.get(john, id))?.state).toMatchObject({ status: 'completed' });
    });

    it('is let go by the replica that makes it, wherever it is cancelled', async () => {
      const [cancelled, other] = [await begin(replica(0).tasks), await begin(replica(0).tasks)];
      expect(await replica(1).tasks.cancel(john, cancelled.id)).toBe(true);
      await expect.poll(() => upstream.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
      expect((await replica(0).tasks.get(john, cancelled.id))?.state).toEqual({ status: 'cancelled' });
      expect((await replica(1).tasks.get(john, other.id))?.state.status).toBe('working');
    });

    it('is let go once the replica hears again, where it was cancelled meanwhile', async () => {
      const deaf = openReplica(replica(0).store);
      const { id } = await begin(deaf);
      await begin(deaf);
      await replica(1).tasks.cancel(john, id);
      expect(upstream.map(({ signal }) => signal?.aborted)).toEqual([false, false]);
      await deaf.letGoOfCancelled();
      expect(upstream.map(({ signal }) => signal?.aborted)).toEqual([true, false]);
    });
  });
}
