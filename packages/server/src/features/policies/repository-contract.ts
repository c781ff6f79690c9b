import { createSafetyEngine, type SafetyPolicy, safetyPolicySchema, type WantedCount } from '@keyturn/policy';
import { epochMilliseconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../outside/log.ts';
import { keepPolicies } from './keeper.ts';
import { openKillList } from './killed.ts';
import { openPolicyRepository } from './repository.ts';
import { policyMigrations } from './tables.ts';
import { openTakes } from './takes.ts';

const by = { actor: { identity: 'admin', client: 'console', issuer: 'https://id.example' }, requestId: 'req_1' };

function newPolicy(name: string, message = 'no'): SafetyPolicy {
  return safetyPolicySchema.parse({
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name },
    spec: { rules: [{ name: 'r', type: 'StateEvaluation', action: 'Deny', expression: 'true', message }] },
  });
}

/** What policies, limits and the kill switch promise, on any database. */
export function policyContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`policies on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let now = 1_800_000_000_000;
    const clock = () => epochMilliseconds(now);
    beforeEach(async () => {
      now = 1_800_000_000_000;
      database = await kind.create();
      store = await database.open();
      await store.migrate(policyMigrations);
    });
    afterEach(() => database.drop());
    const auditKinds = async () => {
      const page = await store.audit.list({});
      if (!page.ok) throw new Error(page.refusal.why);
      return page.value.rows.map(({ kind: what, target, requestId, facts }) => [
        what,
        target,
        requestId,
        facts?.['version'],
      ]);
    };

    it('keep every version, and count on after a deletion', async () => {
      const repository = openPolicyRepository(store, clock);
      const created = await repository.save(newPolicy('guard'), { as: 'create' }, by);
      expect(created.ok && [created.value.version, created.value.created]).toEqual([1, true]);
      await repository.save(newPolicy('guard', 'never'), { as: 'replace' }, by);
      expect(await repository.remove('guard', undefined, by)).toMatchObject({ ok: true });
      expect(await repository.remove('guard', undefined, by)).toEqual({
        ok: false,
        refusal: { why: 'unknown-policy' },
      });
      expect(await repository.byName('guard')).toBeUndefined();
      const again = await repository.save(newPolicy('guard'), { as: 'create' }, by);
      expect(again.ok && again.value.version).toBe(4);
      const versions = await repository.versions('guard');
      expect(versions.map(({ version, policy }) => [version, policy?.spec.rules[0]?.message])).toEqual([
        [4, 'no'],
        [3, undefined],
        [2, 'never'],
        [1, 'no'],
      ]);
      expect((await repository.all()).map(({ policy, version }) => [policy.metadata.name, version])).toEqual([
        ['guard', 4],
      ]);
      expect(await auditKinds()).toEqual([
        ['policy.create', 'guard', 'req_1', 4],
        ['policy.remove', 'guard', 'req_1', 3],
        ['policy.change', 'guard', 'req_1', 2],
        ['policy.create', 'guard', 'req_1', 1],
      ]);
    });

    it('refuse a second of one name, one that is not there, and a change of what has changed', async () => {
      const repository = openPolicyRepository(store, clock);
      expect(await repository.save(newPolicy('guard'), { as: 'replace' }, by)).toMatchObject({
        refusal: { why: 'unknown-policy' },
      });
      await repository.save(newPolicy('guard'), { as: 'create' }, by);
      expect(await repository.save(newPolicy('guard'), { as: 'create' }, by)).toMatchObject({
        refusal: { why: 'policy-exists' },
      });
      const late = await repository.save(newPolicy('guard', 'x'), { as: 'apply', expected: 7 }, by);
      expect(late).toMatchObject({ refusal: { why: 'policy-changed', version: 1 } });
      expect(await auditKinds()).toHaveLength(1);
    });

    it('make no new version of what is the same', async () => {
      const repository = openPolicyRepository(store, clock);
      await repository.save(newPolicy('guard'), { as: 'apply' }, by);
      const again = await repository.save(newPolicy('guard'), { as: 'apply' }, by);
      expect(again.ok && [again.value.version, again.value.changed]).toEqual([1, false]);
    });

    it('count up without gaps and doubles when many write at once', async () => {
      const repository = openPolicyRepository(store, clock);
      await Promise.all(
        Array.from({ length: 8 }, (_, i) => repository.save(newPolicy('guard', `m${i}`), { as: 'apply' }, by)),
      );
      expect((await repository.versions('guard')).map(({ version }) => version)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    });

    const want = (key: string, limit: number, windowMs = 60_000): WantedCount => ({ key, limit, windowMs });
    const goesOn = () => true;

    it('let through as many as the limit says in any window, however many ask at once', async () => {
      const replicas = kind.shared ? [openTakes(store), openTakes(await database.open())] : [openTakes(store)];
      const asked = await Promise.all(
        replicas.flatMap((takes) => Array.from({ length: 24 }, () => takes.take([want('a', 5)], clock(), goesOn))),
      );
      expect(asked.filter((readings) => readings.get('a')?.fits === true)).toHaveLength(5);
      now += 59_999;
      expect((await openTakes(store).take([want('a', 5)], clock(), goesOn)).get('a')).toEqual({
        fits: false,
        count: 5,
      });
      now += 1;
      expect((await openTakes(store).take([want('a', 5)], clock(), goesOn)).get('a')).toEqual({ fits: true, count: 0 });
    });

    it('slide: what was taken late in one minute counts in the next', async () => {
      const takes = openTakes(store);
      now += 50_000;
      for (let i = 0; i < 3; i += 1) await takes.take([want('a', 3)], clock(), goesOn);
      now += 20_000;
      expect((await takes.take([want('a', 3)], clock(), goesOn)).get('a')?.fits).toBe(false);
    });

    it('count nothing of a call that does not go on, nor of one that is only looked at', async () => {
      const takes = openTakes(store);
      await takes.take([want('a', 1), want('b', 1)], clock(), () => false);
      await takes.peek([want('a', 1)], clock());
      expect((await takes.take([want('a', 1), want('b', 1)], clock(), goesOn)).get('a')).toEqual({
        fits: true,
        count: 0,
      });
      // A limit that is full already takes nothing from the others.
      expect((await takes.take([want('a', 1), want('c', 2)], clock(), goesOn)).get('c')).toEqual({
        fits: true,
        count: 0,
      });
      expect((await takes.peek([want('c', 2)], clock())).get('c')?.count).toBe(1);
    });

    it('kill an agent on every replica, once, and revive it', async () => {
      const other = kind.shared ? await database.open() : store;
      const log = createLog({ level: 'silent' });
      const engine = createSafetyEngine();
      const kills = openKillList(store, clock);
      const [here, there] = await Promise.all(
        [store, other].map((at) =>
          keepPolicies({
            store: at,
            repository: openPolicyRepository(at, clock),
            kills: openKillList(at, clock),
            engine,
            clock,
            log,
          }),
        ),
      );
      const told: string[] = [];
      there?.onKilled(({ agent }) => told.push(agent));
      expect(await kills.kill('agent-1', 'runs wild', by)).toBe(true);
      expect(await kills.kill('agent-1', 'again', by)).toBe(false);
      await expect
        .poll(async () => (await there?.current())?.killed.get('agent-1')?.reason, { timeout: 1000 })
        .toBe('runs wild');
      expect(told).toEqual(['agent-1']);
      expect(await kills.revive('agent-1', by)).toBe(true);
      expect(await kills.revive('agent-1', by)).toBe(false);
      await expect.poll(async () => (await here?.current())?.killed.size, { timeout: 1000 }).toBe(0);
      expect((await auditKinds()).map(([what]) => what)).toEqual(['agent.revive', 'agent.kill']);
    });

    it('reach every replica when they change', async () => {
      const other = kind.shared ? await database.open() : store;
      const parts = { engine: createSafetyEngine(), clock, log: createLog({ level: 'silent' }) };
      const repository = openPolicyRepository(other, clock);
      const keeper = await keepPolicies({ ...parts, store: other, repository, kills: openKillList(other, clock) });
      await openPolicyRepository(store, clock).save(newPolicy('guard'), { as: 'create' }, by);
      await expect
        .poll(async () => (await keeper.current()).policies.map(({ name }) => name), { timeout: 1000 })
        .toEqual(['guard']);
    });
  });
}
