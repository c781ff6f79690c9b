import { epochMilliseconds, newId } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSeal } from '../../outside/seal.ts';
import { openAttempts, takeStep } from './break-glass/attempts.ts';
import { openLoginFlows } from './flows.ts';
import type { Session } from './session.ts';
import { openSessionRepository, type SessionRepository } from './session-repository.ts';
import { loginMigrations } from './tables.ts';

const now = 1_800_000_000_000;
const john = { issuer: 'https://id.example', subject: 'john' };

function newSession(more: Partial<Session> = {}): Session {
  return {
    id: newId('ses', randomBytes),
    kind: 'oidc',
    owner: john,
    userId: 'usr_1',
    idpSession: 'sid-1',
    tokens: { access: 'access-token', refresh: 'refresh-token', id: 'id-token' },
    accessExpiresAt: now / 1000 + 300,
    createdAt: epochMilliseconds(now),
    lastUsedAt: epochMilliseconds(now),
    endsAt: epochMilliseconds(now + 3_600_000),
    refreshedAt: epochMilliseconds(now),
    leasedUntil: 0,
    userAgent: 'Firefox',
    address: '127.0.0.1',
    ...more,
  };
}

/** What sessions, logins under way and break-glass attempts promise, on any database. */
export function loginContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`login on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let sessions: SessionRepository;
    let time = now;
    const clock = () => epochMilliseconds(time);
    const seal = createSeal([Buffer.alloc(32, 1).toString('base64')], randomBytes);
    beforeEach(async () => {
      time = now;
      database = await kind.create();
      store = await database.open();
      await store.migrate(loginMigrations);
      sessions = openSessionRepository(store, seal);
    });
    afterEach(() => database.drop());
    const insert = async (session: Session, secret: string): Promise<void> => {
      await store.transaction((tx) => sessions.insert(tx, session, secret));
    };

    it('finds a session by its secret alone, and keeps neither secret nor tokens readable', async () => {
      const session = newSession();
      await insert(session, 'the-secret');
      expect(await sessions.bySecret('the-secret')).toEqual(session);
      expect(await sessions.bySecret(session.id)).toBeUndefined();
      const rows = JSON.stringify(
        await store.db
          .withTables<{ login_session: { id: string } }>()
          .selectFrom('login_session')
          .selectAll()
          .execute(),
      );
      for (const text of ['the-secret', 'access-token', 'refresh-token', 'id-token']) expect(rows).not.toContain(text);
    });

    it('gives the lease to refresh to one of many, and takes the tokens of that one alone', async () => {
      const session = newSession();
      await insert(session, 's');
      const leases = await Promise.all([1, 2, 3, 4].map((n) => sessions.lease(session, now + n)));
      expect(leases.filter((taken) => taken)).toHaveLength(1);
      const lease = now + leases.indexOf(true) + 1;
      const change = {
        tokens: { access: 'new', refresh: 'r', id: undefined },
        accessExpiresAt: 1,
        at: epochMilliseconds(now + 5),
      };
      expect(await sessions.refreshed(session.id, lease + 100, change)).toBe(false);
      expect(await sessions.refreshed(session.id, lease, change)).toBe(true);
      expect(await sessions.byId(session.id)).toMatchObject({ tokens: { access: 'new' }, leasedUntil: 0 });
      expect(await sessions.lease(session, now + 9), 'what was seen before the refresh is no longer so').toBe(false);
    });

    it('ends one session, those of a sid, or all of a user, each once, and never by an issuer alone', async () => {
      const [one, two, three] = [newSession(), newSession({ idpSession: 'sid-2' }), newSession()];
      const jane = newSession({ owner: { ...john, subject: 'jane' }, idpSession: 'sid-3' });
      const list = [one, two, three, jane];
      for (const [i, session] of list.entries()) await insert(session, `s${i}`);
      const end = (which: Parameters<SessionRepository['end']>[1]) =>
        store.transaction((tx) => sessions.end(tx, which));
      expect(await end({ issuer: john.issuer })).toEqual([]);
      expect((await end({ ...john, id: one.id })).map(({ id }) => id)).toEqual([one.id]);
      expect(await end({ ...john, id: one.id })).toEqual([]);
      expect((await end({ issuer: john.issuer, idpSession: 'sid-2' })).map(({ id }) => id)).toEqual([two.id]);
      expect(await end({ ...john, id: jane.id })).toEqual([]);
      expect((await end(john)).map(({ id }) => id)).toEqual([three.id]);
      expect((await sessions.list(jane.owner)).map(({ id }) => id)).toEqual([jane.id]);
    });

    it('forgets what is idle or old', async () => {
      await insert(newSession({ lastUsedAt: epochMilliseconds(now - 10_000) }), 'idle');
      await insert(newSession({ endsAt: epochMilliseconds(now) }), 'old');
      await insert(newSession(), 'alive');
      await sessions.prune(epochMilliseconds(now - 5000), epochMilliseconds(now));
      expect(
        await Promise.all(['idle', 'old', 'alive'].map(async (s) => (await sessions.bySecret(s)) !== undefined)),
      ).toEqual([false, false, true]);
    });

    it('hands a state and a ticket out once, however many bring it', async () => {
      const flows = openLoginFlows({ store, clock, random: randomBytes, seal });
      const ticket = await flows.invite({ purpose: 'session', scopes: ['openid'] });
      const got = await Promise.all([flows.redeem(ticket), flows.redeem(ticket), flows.redeem(ticket)]);
      expect(got.filter((one) => one !== undefined)).toEqual([{ purpose: 'session', scopes: ['openid'] }]);
      const late = await flows.invite({ purpose: 'session', scopes: [] });
      time += 600_000;
      expect(await flows.redeem(late)).toBeUndefined();
    });

    it('counts failures for fifteen minutes, and lets no more than the limit of a crowd through', async () => {
      const attempts = openAttempts(store, clock);
      const counted = [{ key: 'account:alice', limit: 5 }];
      const crowd = await Promise.all(Array.from({ length: 12 }, () => attempts.take(counted)));
      expect(crowd.filter((one) => one).length).toBeLessThanOrEqual(5);
      time += 15 * 60_000;
      expect(await attempts.take(counted)).toBe(true);
      await attempts.forgive(['account:alice']);
      expect(await Promise.all([1, 2, 3, 4, 5].map(() => attempts.take(counted)))).toEqual([
        true,
        true,
        true,
        true,
        true,
      ]);
    });

    it('takes a time step once, and none that is older', async () => {
      const taken = await Promise.all([1, 2, 3].map(() => takeStep(store, 'alice', 100)));
      expect(taken.filter((one) => one)).toHaveLength(1);
      expect(await takeStep(store, 'alice', 99)).toBe(false);
      expect(await takeStep(store, 'alice', 101)).toBe(true);
      expect(await takeStep(store, 'bob', 99)).toBe(true);
    });
  });
}
