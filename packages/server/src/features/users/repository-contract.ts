import { epochMilliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createResync } from './group-resync.ts';
import { createPeople } from './people.ts';
import { openUserRepository, type UserRepository } from './repository.ts';
import { userMigrations } from './tables.ts';
import type { Profile } from './user.ts';

const now = epochMilliseconds(1_800_000_000_000);
const issuer = 'https://id.example';
const profile = (more: Partial<Profile> = {}): Profile => ({
  username: 'john',
  email: 'john@example.com',
  emailVerified: true,
  name: 'John',
  givenName: '',
  familyName: '',
  ...more,
});

/** What the tables of users promise, on any database. */
export function userContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`users on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let users: UserRepository;
    beforeEach(async () => {
      database = await kind.create();
      store = await database.open();
      await store.migrate(userMigrations);
      users = openUserRepository(store, randomBytes);
    });
    afterEach(() => database.drop());
    const logIn = (subject: string, who = profile(), from = issuer) =>
      store.transaction((tx) => users.findOrCreate(tx, { issuer: from, subject }, who, now));

    it('are told apart by issuer and subject, and found again by them', async () => {
      const first = await logIn('john');
      expect(first.found).toBe('created');
      expect(await logIn('john', profile({ username: 'renamed', email: 'other@example.com' }))).toMatchObject({
        found: 'known',
        user: { id: first.user.id },
      });
      const other = await logIn('john', profile({ email: 'jane@example.com' }), 'https://other.example');
      expect(other.user.id).not.toBe(first.user.id);
    });

    it('are created once, however many log in at once', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, () => logIn('john')));
      expect(new Set(all.map(({ user }) => user.id)).size).toBe(1);
      expect(all.filter(({ found }) => found === 'created')).toHaveLength(1);
      expect(await users.page('', 10)).toHaveLength(1);
    });

    it('are linked over issuers by an address that both have verified, and by no other', async () => {
      const here = await logIn('john');
      const there = 'https://other.example';
      for (const who of [
        profile({ emailVerified: false }),
        profile({ email: undefined }),
        profile({ email: 'jоhn@example.com' }), // a Cyrillic o
        profile({ email: 'john@example.com.evil.example' }),
      ]) {
        const found = await logIn(`stranger ${who.email} ${who.emailVerified}`, who, there);
        expect(found, String(who.email)).toMatchObject({ found: 'created' });
      }
      expect(await logIn('john there', profile({ email: 'JOHN@Example.com' }), there)).toMatchObject({
        found: 'linked',
        user: { id: here.user.id },
      });
    });

    it('are not linked where the user has an identity at that issuer, or two share the address', async () => {
      const first = await logIn('john');
      const second = await logIn('another john');
      expect([second.found, second.user.id === first.user.id]).toEqual(['created', false]);
      expect(await logIn('third', profile(), 'https://other.example')).toMatchObject({ found: 'created' });
    });

    it('have their groups read by one replica in each interval, and keep them if half of them cannot be read', async () => {
      let time = now + 0;
      const clock = () => epochMilliseconds(time);
      const synced: string[] = [];
      const people = createPeople({
        store,
        repository: users,
        roles: {
          mapping: 'm1',
          async syncGroups(user, groups) {
            synced.push(`${user === john.user.id ? 'john' : 'jane'} ${groups.join(',')}`);
            return { roles: [], added: [], removed: [], refused: [], staff: false, superuser: false };
          },
        },
        adminRole: 'admin',
        groupsClaim: 'groups',
        announce: async () => undefined,
        listeners: [],
        clock,
        log: { debug() {}, info() {}, warn() {}, error() {} },
      });
      const john = await logIn('john');
      await logIn('jane', profile({ email: 'jane@example.com' }));
      let everybody: Result<ReadonlyMap<string, readonly string[]>, string> = ok(new Map([['john', ['/a', '/b']]]));
      const alone = new Map<string, readonly string[]>([['john', ['/a', '/b']]]);
      const open = () =>
        createResync({
          issuer,
          repository: users,
          people,
          store,
          clock,
          interval: 60_000,
          reader: { everybody: async () => everybody, of: async (subject) => ok(alone.get(subject)) },
        });
      const replicas = [open(), open(), open()];
      const first = await Promise.all(replicas.map((one) => one.runIfDue()));
      expect(first.filter((one) => one !== undefined)).toEqual([ok({ users: 2, changed: 2 })]);
      expect(synced.toSorted()).toEqual(['jane ', 'john /a,/b']);
      expect(await replicas[0]?.runIfDue()).toBeUndefined();

      time += 60_000;
      everybody = refuse('page 2 cannot be had');
      expect(await replicas[0]?.runIfDue()).toEqual(refuse('page 2 cannot be had'));
      expect((await users.known({ issuer, subject: 'john' }))?.user.groups).toEqual(['/a', '/b']);

      // A list that changed while it was read has skipped John; alone he is asked about, and has lost nothing.
      everybody = ok(new Map());
      expect(await replicas[1]?.runIfDue()).toEqual(ok({ users: 2, changed: 0 }));
      time += 60_000;
      alone.set('john', ['/a']);
      expect(await replicas[2]?.runIfDue()).toEqual(ok({ users: 2, changed: 1 }));
      expect(synced.at(-1)).toBe('john /a');
    });
  });
}
