import { randomBytes } from 'node:crypto';
import { compileGroupMapping, type RbacChange } from '@keyturn/policy/rbac';
import { type EpochMilliseconds, epochMilliseconds, ok } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitChanges } from './commit-changes.ts';
import { openRbacKeeper, type RbacKeeper } from './keeper.ts';
import type { RbacParts } from './parts.ts';
import { exportModel } from './plan.ts';
import { closeDue } from './close-reviews.ts';
import { listReviews } from './reviews.ts';
import { readState } from './rows.ts';
import { endSessions, makeRoom } from './sessions.ts';
import { createSync, type SyncGroups } from './sync.ts';
import { rbacMigrations, type RbacTables } from './tables.ts';

const issuer = 'https://id.example';
const ann = { issuer, subject: 'ann' };
const key = `${issuer} ann`;
const admin = { actor: { identity: 'admin' } };
const groupToRole = { '/payers': 'Payer', '/requesters': 'Requester', '/staff': 'Viewer' };

/** What the model's tables, group sync and reviews promise, on any database. */
export function rbacContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`roles on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let now = 1_800_000_000_000;
    const clock = (): EpochMilliseconds => epochMilliseconds(now);
    let one: Replica;

    interface Replica {
      readonly store: Store;
      readonly keeper: RbacKeeper;
      readonly parts: RbacParts;
      readonly sync: SyncGroups;
    }
    const openReplica = async (): Promise<Replica> => {
      const store = await database.open();
      await store.migrate(rbacMigrations);
      const keeper = await openRbacKeeper(store, clock);
      const parts: RbacParts = {
        keeper,
        store,
        clock,
        random: (n) => randomBytes(n),
        issuer,
        adminRole: 'admin',
        groupToRole,
      };
      const mapGroups = compileGroupMapping(groupToRole, { nested: true });
      return { store, keeper, parts, sync: createSync({ keeper, store, clock, mapGroups, onSynced: () => undefined }) };
    };
    const change = (replica: Replica, ...changes: readonly RbacChange[]) =>
      commitChanges(replica.parts, admin, () => ok(changes));
    const must = async (done: ReturnType<typeof change>): Promise<void> => {
      const result = await done;
      if (!result.ok) throw new Error(JSON.stringify(result.refusal));
    };
    const rolesAt = (replica: Replica): readonly string[] => [
      ...(replica.keeper.current().rbac.users.get(key)?.assigned.keys() ?? []),
    ];
    const assign = (role: string): RbacChange => ({ do: 'assignUser', user: key, role, origin: 'manual', via: [] });
    const auditOf = async (replica: Replica, kindOfRow: string) => {
      const page = await replica.store.audit.list({ kind: kindOfRow }, { limit: 100 });
      return page.ok ? page.value.rows : [];
    };

    beforeEach(async () => {
      now = 1_800_000_000_000;
      database = await kind.create();
      one = await openReplica();
      await must(
        change(
          one,
          ...['Payer', 'Requester', 'Viewer', 'Chief'].map((role): RbacChange => ({ do: 'addRole', role, info: {} })),
          { do: 'createSsdSet', set: 'payments', roles: ['Payer', 'Requester'], cardinality: 2 },
          { do: 'grantPermission', role: 'Viewer', permission: 'content.view' },
        ),
      );
    });
    afterEach(() => database.drop());

    it('are read back as they were written, whatever was done', async () => {
      await must(
        change(
          one,
          { do: 'addUser', user: key },
          assign('Payer'),
          assign('Viewer'),
          { do: 'addInheritance', senior: 'Chief', junior: 'Viewer' },
          { do: 'createDsdSet', set: 'hats', roles: ['Payer', 'Viewer', 'Chief'], cardinality: 3 },
          { do: 'createSession', user: key, session: `${key} sid:1`, roles: ['Payer'] },
          { do: 'addActiveRole', user: key, session: `${key} sid:1`, role: 'Viewer' },
          { do: 'describeRole', role: 'Chief', info: { tier: 9, staff: true } },
          { do: 'revokePermission', role: 'Viewer', permission: 'content.view' },
          { do: 'grantPermission', role: 'Viewer', permission: '*.*' },
          { do: 'setDsdSetCardinality', set: 'hats', cardinality: 3 },
        ),
      );
      await must(change(one, { do: 'deassignUser', user: key, role: 'Viewer', origin: 'manual' }));
      const read = await readState(one.store);
      const { rbac } = one.keeper.current();
      expect(read.ok && exportModel(read.value.rbac, issuer)).toEqual(exportModel(rbac, issuer));
      expect(read.ok && [...read.value.rbac.sessions]).toEqual([
        [`${key} sid:1`, { user: key, active: new Set(['Payer']) }],
      ]);
    });

    it('leave one audit row a change, and none for what was refused', async () => {
      const before = (await auditOf(one, 'rbac.change')).length;
      await must(change(one, { do: 'addUser', user: key }, assign('Payer')));
      expect(await change(one, assign('Requester'))).toMatchObject({
        refusal: { why: 'rbac', refusal: { why: 'ssd' } },
      });
      const rows = await auditOf(one, 'rbac.change');
      expect(rows.length - before).toBe(2);
      expect(rows.find(({ action }) => action === 'assignUser')).toMatchObject({
        actor: { identity: 'admin' },
        target: key,
        facts: { do: 'assignUser', user: key, role: 'Payer', origin: 'manual' },
      });
    });

    it('are not deleted where groups are mapped to them', async () => {
      expect(
        await change(one, { do: 'deleteSsdSet', set: 'payments' }, { do: 'deleteRole', role: 'Payer' }),
      ).toMatchObject({
        refusal: { why: 'mapped', pattern: '/payers' },
      });
      expect(one.keeper.current().rbac.ssd.size).toBe(1);
    });

    it.skipIf(!kind.shared)('keep their constraints over replicas that race, and all come to the same', async () => {
      const two = await openReplica();
      await must(change(one, { do: 'addUser', user: key }));
      const raced = await Promise.all([change(one, assign('Payer')), change(two, assign('Requester'))]);
      expect(raced.filter((done) => done.ok)).toHaveLength(1);
      await Promise.all([one.keeper.catchUp(), two.keeper.catchUp()]);
      expect(rolesAt(one)).toEqual(rolesAt(two));
      expect(rolesAt(one)).toHaveLength(1);
      expect(one.keeper.version()).toBe(two.keeper.version());
      const third = await openReplica();
      expect(rolesAt(third)).toEqual(rolesAt(one));
    });

    it('are read from their rows by a replica that is too far behind for the deltas', async () => {
      const two = kind.shared ? await openReplica() : one;
      await must(change(one, { do: 'addUser', user: key }, assign('Payer')));
      await one.store.db.withTables<RbacTables>().deleteFrom('rbac_change').execute();
      await must(change(one, assign('Viewer')));
      await two.keeper.catchUp();
      expect(rolesAt(two)).toEqual(['Payer', 'Viewer']);
      await one.keeper.prune();
      expect(await one.store.db.withTables<RbacTables>().selectFrom('rbac_change').selectAll().execute()).toHaveLength(
        1,
      );
    });

    it('that were chosen in a session are forgotten with it, and of sessions without end the last fifty are kept', async () => {
      await must(change(one, { do: 'addUser', user: key }, assign('Payer'), assign('Viewer')));
      for (let i = 0; i < 60; i++) {
        const session = `${key} sid:${i}`;
        const begun = await commitChanges(one.parts, admin, (state) =>
          ok([...makeRoom(state, key), { do: 'createSession', user: key, session, roles: ['Payer'] }]),
        );
        expect(begun.ok).toBe(true);
      }
      expect([...one.keeper.current().rbac.sessions]).toHaveLength(50);
      await endSessions(one.parts, { issuer, sessionId: '59' });
      await endSessions(one.parts, { issuer: 'https://other.example', sessionId: '58' });
      await endSessions(one.parts, { issuer, subject: 'bob' });
      expect([...one.keeper.current().rbac.sessions]).toHaveLength(49);
      await endSessions(one.parts, { issuer, subject: 'ann' });
      expect([...one.keeper.current().rbac.sessions]).toHaveLength(0);
      const rows = await one.store.db.withTables<RbacTables>().selectFrom('rbac_session').selectAll().execute();
      expect(rows).toHaveLength(0);
    });

    it('of many users are synced together, and of one user in the order that was asked for', async () => {
      const people = Array.from({ length: 300 }, (_, i) => ({ issuer, subject: `p${i}` }));
      const before = one.keeper.version();
      const reports = await Promise.all(people.map((person) => one.sync(person, ['/staff'], 're-sync')));
      expect(reports.every(({ roles }) => roles.length === 1)).toBe(true);
      expect(one.keeper.version() - before).toBeLessThanOrEqual(3);
      const twice = await Promise.all([one.sync(ann, ['/payers'], 'login'), one.sync(ann, ['/requesters'], 'refresh')]);
      expect(twice.map(({ roles }) => roles)).toEqual([['Payer'], ['Requester']]);
      expect(await auditOf(one, 'rbac.sync')).toHaveLength(100);
    });

    it('come and go with groups, and what was given by hand stays', async () => {
      await must(change(one, { do: 'addUser', user: key }, assign('Payer')));
      expect(await one.sync(ann, ['/payers', '/staff/night'], 'login')).toMatchObject({
        outcome: 'changed',
        added: [
          { role: 'Payer', via: ['/payers'] },
          { role: 'Viewer', via: ['/staff/night'] },
        ],
        roles: ['Payer', 'Viewer'],
      });
      expect(await one.sync(ann, [], 'refresh')).toMatchObject({ removed: ['Payer', 'Viewer'], roles: ['Payer'] });
      expect(await one.sync(ann, [], 'refresh')).toMatchObject({ outcome: 'unchanged', roles: ['Payer'] });
    });

    it('that groups would give against a separation of duty are refused and reported, while removals apply', async () => {
      await one.sync(ann, ['/staff', '/payers'], 'login');
      const report = await one.sync(ann, ['/requesters', '/payers'], 'refresh');
      expect(report).toMatchObject({
        removed: ['Viewer'],
        refused: [{ role: 'Requester', why: 'ssd', set: 'payments', via: ['/requesters'] }],
        roles: ['Payer'],
      });
      expect((await auditOf(one, 'rbac.sync'))[0]).toMatchObject({
        onBehalfOf: { identity: 'ann', issuer },
        facts: { source: 'refresh', removed: ['Viewer'], refused: [{ role: 'Requester', why: 'ssd' }] },
      });
      const version = one.keeper.version();
      await one.sync(ann, ['/requesters', '/payers'], 'resync');
      expect(one.keeper.version()).toBe(version);
      expect(await one.sync(ann, ['/requesters'], 'resync')).toMatchObject({
        removed: ['Payer'],
        roles: ['Requester'],
      });
    });

    it('stay as they are where the claim says nothing that can be read', async () => {
      await one.sync(ann, ['/payers'], 'login');
      for (const [claim, why] of [
        [undefined, 'missing'],
        [{ admins: true }, 'malformed'],
        [Array.from({ length: 20_001 }, (_, i) => `/g${i}`), 'too-many'],
      ] as const) {
        expect(await one.sync(ann, claim, 'login')).toMatchObject({ outcome: 'skipped', why, roles: ['Payer'] });
      }
      expect(await one.sync(ann, 'payers', 'login')).toMatchObject({ roles: ['Payer'] });
    });

    it('are reviewed: what is due is carried out, groups do not give back what was taken, and who vanished is gone', async () => {
      await one.sync(ann, ['/payers'], 'login');
      await must(
        change(
          one,
          ...['bob', 'eve'].flatMap((subject): RbacChange[] => [
            { do: 'addUser', user: `${issuer} ${subject}` },
            { do: 'assignUser', user: `${issuer} ${subject}`, role: 'Viewer', origin: 'manual', via: [] },
          ]),
        ),
      );
      const { beginReview } = await import('./reviews.ts');
      const caller = { principal: { identity: 'admin', issuer, subject: 'admin', client: undefined } };
      const asked = {
        name: 'yearly',
        roles: undefined,
        reviewers: [{ role: 'boss' }],
        deadline: now + 1000,
        undecided: 'revoke' as const,
      };
      // Of a caller only who it is is read here.
      const begun = await beginReview(one.parts, caller as Parameters<typeof beginReview>[1], asked, 'rid');
      expect(begun.ok && begun.value.items.map(({ subject, role }) => [subject, role])).toEqual([
        ['ann', 'Payer'],
        ['bob', 'Viewer'],
        ['eve', 'Viewer'],
      ]);
      await must(change(one, { do: 'deleteUser', user: `${issuer} eve` }));
      expect(await closeDue(one.parts)).toBe(0);
      now += 1000;
      expect((await Promise.all([closeDue(one.parts), closeDue(one.parts)])).length).toBe(2);
      const [closed] = await listReviews(one.parts);
      expect(closed?.review).toMatchObject({ state: 'closed', closedBy: 'keyturn' });
      expect(closed?.items.map(({ subject, outcome }) => [subject, outcome]).toSorted()).toEqual([
        ['ann', 'revoked'],
        ['bob', 'revoked'],
        ['eve', 'gone'],
      ]);
      expect(await one.sync(ann, ['/payers'], 'login')).toMatchObject({
        roles: [],
        refused: [{ role: 'Payer', why: 'review' }],
      });
      // Out of the group and in again is a new decision of whoever keeps the groups.
      await one.sync(ann, [], 'login');
      expect(await one.sync(ann, ['/payers'], 'login')).toMatchObject({ roles: ['Payer'], refused: [] });
      expect(await auditOf(one, 'rbac.review')).toHaveLength(2);
    });
  });
}
