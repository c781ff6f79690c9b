import { randomBytes } from 'node:crypto';
import { epochMilliseconds, type JsonObject, milliseconds, ok, refuse } from '@keyturn/protocol';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSeal } from '../../outside/seal.ts';
import type { Problem } from '../../http/problem.ts';
import { type Answers, createAnswers } from './answers.ts';
import type { McpCallContext } from './context.ts';
import { contextOf, denied, raise, result } from './task-samples.ts';
import { openTaskRepository, taskMigrations } from './task-repository.ts';
import { createTasks, type Tasks } from './tasks.ts';

const pending: Problem = {
  status: 202,
  code: 'approval_required',
  title: 'People have to approve this call',
  detail: 'The request GH-123 waits for them.',
  facts: { request: 'GH-123', expires_at: '2030-01-01T01:00:00.000Z' },
  headers: { location: '/agent-requests/GH-123' },
};
/** What tasks promise for calls that people have to approve, on any database. */
export function tasksContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`a call that waits for people, on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let now: number;
    let decided: string;
    let calls: { readonly given: unknown; readonly bearer: string }[];
    let rows: () => Promise<readonly { content: string }[]>;
    // Two replicas on one database.
    let replicas: { readonly tasks: Tasks; readonly answers: Answers }[];
    const asked = {
      name: 'shop__pay',
      given: { amount: 7 },
      capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
    };
    const john = contextOf('john');

    beforeEach(async () => {
      database = await kind.create();
      const store = await database.open();
      await store.migrate(taskMigrations);
      now = Date.parse('2030-01-01T00:00:00Z');
      decided = 'pending';
      calls = [];
      const key = Buffer.alloc(32, 7).toString('base64');
      rows = () =>
        store.db.withTables<{ mcp_task: { content: string } }>().selectFrom('mcp_task').selectAll().execute();
      replicas = [0, 1].map(() => {
        const toolbox = {
          list: async () => ok([]),
          async call(caller: McpCallContext['caller'], _id: string, _name: string, given: unknown) {
            calls.push({ given, bearer: caller.bearer.reveal() });
            if (decided === 'pending') return refuse(pending);
            return decided === 'approved' ? ok(result) : refuse(denied);
          },
        };
        const tasks = createTasks({
          toolbox,
          repository: openTaskRepository(
            store,
            createSeal([key], (n) => randomBytes(n)),
          ),
          clock: () => epochMilliseconds(now),
          random: (n) => randomBytes(n),
          after: milliseconds(1000),
          deadline: milliseconds(60_000),
          ttl: milliseconds(3_600_000),
          settled: async () => decided,
          warn: (message) => {
            throw new Error(message);
          },
        });
        return { tasks, answers: createAnswers(toolbox, tasks, 'https://keyturn.example') };
      });
    });
    afterEach(() => database.drop());

    const replica = (n: number) => replicas[n] ?? raise('there are two replicas');
    const idOf = ({ taskId }: JsonObject): string =>
      typeof taskId === 'string' ? taskId : raise('the answer is no task');
    const park = async () => idOf(await replica(0).answers.call(john, asked));

    it('is a task that names the request, and lives as long as people have time', async () => {
      const made = await replica(0).answers.call(john, asked);
      expect(made).toMatchObject({
        resultType: 'task',
        status: 'working',
        statusMessage: 'The request GH-123 waits for them. See /agent-requests/GH-123.',
        ttlMs: 7_200_000,
        pollIntervalMs: 5000,
      });
      const [row] = await rows();
      expect(row?.content).not.toContain('amount');
      expect(await replica(1).tasks.get(john, idOf(made))).toMatchObject({ state: { status: 'working' } });
      expect(calls).toHaveLength(1);
      now += 7_200_000;
      expect(await replica(1).tasks.get(john, idOf(made))).toBeUndefined();
    });

    it('is made once after they have approved, by whoever asks, with the token of then', async () => {
      const id = await park();
      decided = 'approved';
      const later = contextOf('john', 'second');
      const got = await Promise.all([0, 1, 0, 1].map((n) => replica(n).tasks.get(later, id)));
      expect(calls.slice(1)).toEqual([{ given: { amount: 7 }, bearer: 'second' }]);
      expect(got.some((task) => task?.state.status === 'completed')).toBe(true);
      expect((await replica(1).tasks.get(john, id))?.state).toEqual({
        status: 'completed',
        result: { content: [{ type: 'text', text: 'done' }] },
      });
      expect(await replica(0).tasks.get(contextOf('jane'), id)).toBeUndefined();
    });

    it.each([
      ['denied', 'approval_denied'],
      ['expired', 'approval_expired'],
    ])('ends with words for the model where it was %s', async (what, words) => {
      const id = await park();
      decided = what;
      const task = await replica(1).tasks.get(john, id);
      expect(task?.state).toMatchObject({ status: 'completed', result: { isError: true } });
      expect(JSON.stringify(task?.state)).toContain(words);
    });

    it('that was cancelled is not made, whatever they decide then', async () => {
      const id = await park();
      expect(await replica(1).tasks.cancel(john, id)).toBe(true);
      decided = 'approved';
      expect((await replica(0).tasks.get(john, id))?.state).toEqual({ status: 'cancelled' });
      expect(calls).toHaveLength(1);
    });

    it('is a page to open where the client can open pages, once, and a clear result otherwise', async () => {
      const { answers } = replica(0);
      const capabilities = { elicitation: { url: {} } };
      expect(await answers.call(john, { ...asked, capabilities })).toEqual({
        resultType: 'input_required',
        inputRequests: {
          approval: {
            method: 'elicitation/create',
            params: {
              mode: 'url',
              url: 'https://keyturn.example/agent-requests/GH-123',
              elicitationId: 'GH-123',
              message: 'The request GH-123 waits for them.',
            },
          },
        },
      });
      for (const plain of [
        { ...asked, capabilities, answered: true },
        { ...asked, capabilities: {} },
      ]) {
        const answer = await answers.call(john, plain);
        expect(answer).toMatchObject({ isError: true });
        expect(JSON.stringify(answer)).toContain('approval_required');
        expect(JSON.stringify(answer)).toContain('/agent-requests/GH-123');
      }
      expect(await rows()).toEqual([]);
    });
  });
}
