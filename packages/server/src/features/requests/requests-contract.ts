import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agent, alice, askOne, bob, callerOf, type Desk, migrate, needs, openDesk, reviewer } from './open-desk.ts';

const body = { action: 'scale-down', targetURI: 'k8s://prod/default/deployment/payment-api', reason: 'maintenance' };
const create = (desk: Desk, more: object = {}) =>
  desk.book.create(agent, { namespace: 'default', parameters: {}, ...body, ...more });

async function created(desk: Desk, more: object = {}): Promise<string> {
  const made = await create(desk, more);
  if (!made.ok) throw new Error(JSON.stringify(made.refusal));
  return made.value.request.name;
}

/** What requests promise, on any database. */
export function requestsContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`agent requests on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let desk: Desk;
    beforeEach(async () => {
      database = await kind.create();
      store = await database.open();
      await migrate(store);
      desk = openDesk(store);
    });
    afterEach(() => database.drop());

    it('live from Pending over Approved and Executing to Completed, with the conditions of each', async () => {
      const name = await created(desk);
      const [approved, executing, completed] = [
        await desk.book.approve(reviewer, name, { reason: 'fine' }),
        await desk.book.execute(agent, name),
        await desk.book.finish(agent, name, 'complete', { result: { replicas: 1 } }),
      ];
      expect(approved).toMatchObject({ ok: true, value: { phase: 'Approved', version: 2 } });
      expect(executing).toMatchObject({ ok: true, value: { phase: 'Executing', version: 3 } });
      expect(completed).toMatchObject({ ok: true, value: { phase: 'Completed', version: 4, result: { replicas: 1 } } });
      const request = await desk.repository.byName(name);
      expect(request).toEqual(completed.ok && completed.value);
      expect(request?.conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
        'RequestSubmitted=True',
        'PolicyEvaluated=True',
        'RequiresApproval=True',
        'Approved=True',
        'Executing=False',
        'Completed=True',
        'Failed=False',
      ]);
    });

    it('leave one audit row for each change, in its transaction, without the arguments', async () => {
      const name = await created(desk, { parameters: { secret: 'hunter2' } });
      await desk.book.approve(reviewer, name, {});
      await desk.book.approve(reviewer, name, {});
      const page = await store.audit.list({ target: name });
      const rows = page.ok ? page.value.rows : [];
      expect(rows.map(({ kind: what, actor }) => [what, actor.identity]).toSorted()).toEqual([
        ['request.approve', 'aip-reviewer-1'],
        ['request.create', 'aip-agent-1'],
      ]);
      expect(JSON.stringify(rows)).not.toContain('hunter2');
      expect(store.audit.verify(rows).ok).toBe(true);
    });

    it('expire by the clock, whether or not anybody has noticed', async () => {
      const name = await created(desk);
      desk.advance(599);
      expect((await desk.book.read(agent, name)).ok).toBe(true);
      desk.advance(1);
      const late = await desk.book.approve(reviewer, name, {});
      expect(late).toMatchObject({ ok: false, refusal: { why: 'phase', phase: 'Expired' } });
      expect(await desk.keeper.sweep()).toBe(1);
      expect(await desk.keeper.sweep()).toBe(0);
      expect(await desk.repository.byName(name)).toMatchObject({ phase: 'Expired' });
    });

    it('say that the outcome is unknown where an execution was never ended, until somebody who looked says more', async () => {
      const name = await created(desk);
      await desk.book.approve(reviewer, name, {});
      await desk.book.execute(agent, name);
      desk.advance(300);
      await desk.keeper.sweep();
      const lost = await desk.repository.byName(name);
      expect(lost).toMatchObject({ phase: 'Failed', outcomeUnknown: true });
      expect(lost?.conditions.find(({ type }) => type === 'Completed')).toMatchObject({ status: 'Unknown' });
      expect(lost?.message).toContain('outcome unknown');
      expect(await desk.book.execute(agent, name)).toMatchObject({ refusal: { why: 'phase', phase: 'Failed' } });
      expect(await desk.book.finish(reviewer, name, 'complete', {})).toMatchObject({ value: { phase: 'Completed' } });
    });

    it('are executed once, however many try at the same moment', async () => {
      const name = await created(desk);
      await desk.book.approve(reviewer, name, {});
      const tries = await Promise.all(Array.from({ length: 16 }, () => desk.book.execute(agent, name)));
      expect(tries.filter(({ ok }) => ok)).toHaveLength(1);
    });

    it('let a call through once after its approval, and ask anew for the next', async () => {
      const first = await desk.call(agent, { id: 7 });
      expect(first).toMatchObject({ refusal: { why: 'second-key-needed' } });
      const name = nameIn(first);
      const again = await desk.call(agent, { id: 7 });
      expect(nameIn(again), 'the same call waits for the same people').toBe(name);
      await desk.book.approve(reviewer, name, {});
      const other = await desk.call(agent, { id: 8 });
      expect(nameIn(other), 'other arguments need another approval').not.toBe(name);
      const racers = await Promise.all(Array.from({ length: 16 }, () => desk.call(agent, { id: 7 })));
      expect(racers.filter(({ ok }) => ok)).toEqual([{ ok: true, value: { request: name } }]);
      await desk.gate.settle({ request: name }, 'completed', undefined);
      expect(nameIn(await desk.call(agent, { id: 7 }))).not.toBe(name);
    });

    it('ask once for a call that is made many times at once', async () => {
      const calls = await Promise.all(Array.from({ length: 16 }, () => desk.call(agent, { id: 1 })));
      expect(new Set(calls.map(nameIn)).size).toBe(1);
    });

    it('are capped for each agent', async () => {
      const made = await Promise.all(Array.from({ length: 25 }, () => create(desk)));
      expect(made.filter(({ ok }) => ok)).toHaveLength(20);
      expect(made.find(({ ok }) => !ok)).toMatchObject({ refusal: { why: 'too-many-pending', limit: 20 } });
      expect(await desk.call(agent, { id: 1 })).toMatchObject({ refusal: { why: 'too-many-pending' } });
      const someone = callerOf({ subject: 'else', client: 'aip-agent-2', serviceAccount: true });
      expect((await desk.book.create(someone, { namespace: 'default', parameters: {}, ...body })).ok).toBe(true);
    });

    it('are void when a token, session or user of whoever asked or approved is revoked', async () => {
      desk.policy.decision = needs({ ...askOne, count: 2 });
      const [byAgent, byAlice] = [await desk.call(agent, { id: 1 }), await desk.call(alice, { id: 1 })];
      await desk.book.approve(bob, nameIn(byAlice), {});
      expect(await desk.keeper.voidAll({ kind: 'jti', value: 'jti-sa-1' }, 'TokenRevoked', 'revoked')).toBe(1);
      expect(await desk.repository.byName(nameIn(byAgent))).toMatchObject({ phase: 'Cancelled' });
      expect(await desk.keeper.voidAll({ kind: 'sid', value: 'sid-bob%' }, 'TokenRevoked', 'x')).toBe(0);
      expect(await desk.keeper.voidAll({ kind: 'sid', value: 'sid-bob-sub' }, 'TokenRevoked', 'x')).toBe(1);
      expect(await desk.repository.byName(nameIn(byAlice))).toMatchObject({ phase: 'Cancelled', message: 'x' });
    });

    it('are listed newest first, by page, agent, phase and correlation; to agents only their own', async () => {
      for (let i = 0; i < 5; i += 1) {
        desk.advance(1);
        await created(desk, { correlationID: `run-${i % 2}` });
      }
      const first = await desk.book.list(reviewer, {}, 2);
      const names = first.ok ? first.value.items.map(({ createdAt }) => createdAt) : [];
      expect(names).toEqual(names.toSorted((a, b) => b - a));
      const rest = await desk.book.list(reviewer, {}, 10, first.ok ? first.value.next : undefined);
      expect(rest.ok && rest.value.items).toHaveLength(3);
      const filtered = await desk.book.list(reviewer, { correlationId: 'run-1', phases: ['Pending'] }, 10);
      expect(filtered.ok && filtered.value.items).toHaveLength(2);
      const stranger = await desk.book.list(alice, {}, 10);
      expect(stranger.ok && stranger.value.items, 'alice is a reviewer').toHaveLength(5);
      const nobody = await desk.book.list(callerOf({ subject: 'nobody' }), { agent: 'aip-agent-1' }, 10);
      expect(nobody.ok && nobody.value.items).toEqual([]);
      expect(await desk.book.list(reviewer, {}, 10, 'x')).toMatchObject({ refusal: { why: 'bad-query' } });
    });

    it('answer the same request for the same dedupKey while it is active', async () => {
      const [one, other] = [await create(desk, { dedupKey: 'a' }), await create(desk, { dedupKey: 'a' })];
      expect(other).toMatchObject({ ok: true, value: { isNew: false } });
      expect(one.ok && one.value.request.name).toBe(other.ok && other.value.request.name);
      desk.advance(601);
      expect(await create(desk, { dedupKey: 'a' })).toMatchObject({ ok: true, value: { isNew: true } });
    });

    it('are forgotten some time after their end, but not while an outcome is unknown', async () => {
      const [ended, unknown] = [await created(desk), await created(desk)];
      await desk.book.deny(reviewer, ended, undefined);
      await desk.book.approve(reviewer, unknown, {});
      await desk.book.execute(agent, unknown);
      desk.advance(10_000);
      await desk.keeper.sweep();
      desk.advance(10_000);
      expect(await desk.repository.prune(desk.clock())).toBe(1);
      expect(await desk.repository.byName(ended)).toBeUndefined();
      expect(await desk.repository.byName(unknown)).toBeDefined();
    });
  });
}

function nameIn(answer: Awaited<ReturnType<Desk['call']>>): string {
  if (answer.ok) return answer.value.request;
  return 'request' in answer.refusal ? answer.refusal.request.name : '';
}
