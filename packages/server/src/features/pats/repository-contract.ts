import { type EpochMilliseconds, epochMilliseconds, epochSeconds, newId } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { TestDatabase, TestDatabaseKind } from '@keyturn/store/testing';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pat } from './pat.ts';
import { openPatRepository, type PatRepository } from './repository.ts';
import { openRevocationLog, type RevocationLog } from './revocation-log.ts';
import { followRevocations } from './revocations.ts';
import { tellOfRunOut } from './run-out.ts';
import { patMigrations } from './tables.ts';

const john = { issuer: 'https://id.example', subject: 'john' };
const jane = { issuer: 'https://id.example', subject: 'jane' };
const now = 1_800_000_000_000;
const by = { identity: 'john' };
let count = 0;

function newPat(more: Partial<Pat> = {}): Pat {
  count += 1;
  return {
    id: newId('pat', randomBytes),
    kind: 'jwt',
    owner: john,
    name: `token ${count}`,
    hash: `hash-${count}`,
    jti: `jti-${count}`,
    limits: { readOnly: false, mayApprove: false, tools: ['a/*'] },
    client: 'web',
    email: 'john@example.com',
    createdAt: epochMilliseconds(now + count),
    issuedAt: epochMilliseconds(now + count),
    expiresAt: epochSeconds(now / 1000 + 3600),
    lastUsedAt: undefined,
    lastAddress: undefined,
    former: undefined,
    ...more,
  };
}

/** What the table of tokens and the log of revocations promise, on any database. */
export function patContract(kind: TestDatabaseKind): void {
  const skipped = kind.skip === undefined ? '' : ` (skipped: ${kind.skip})`;
  describe.skipIf(kind.skip !== undefined)(`personal access tokens on ${kind.name}${skipped}`, () => {
    let database: TestDatabase;
    let store: Store;
    let pats: PatRepository;
    let log: RevocationLog;
    const clock = (): EpochMilliseconds => epochMilliseconds(now);
    beforeEach(async () => {
      database = await kind.create();
      store = await database.open();
      await store.migrate(patMigrations);
      log = openRevocationLog(store);
      pats = openPatRepository(store, log, clock);
    });
    afterEach(() => database.drop());

    it('are listed newest first, to their owner only', async () => {
      const mine = [newPat(), newPat(), newPat()];
      for (const pat of [...mine, newPat({ owner: jane })]) await pats.insert(pat, by);
      expect(await pats.list(john)).toEqual(mine.toReversed());
      const [first] = mine;
      expect(first && (await pats.byId(john, first.id))).toEqual(first);
      expect(first && (await pats.byId(jane, first.id))).toBeUndefined();
    });

    it('have names that are unique among an owner’s, whoever wins the race', async () => {
      const same = [newPat({ name: 'x' }), newPat({ name: 'x' }), newPat({ name: 'x' })];
      const stored = await Promise.all(same.map((pat) => pats.insert(pat, by)));
      expect(stored.toSorted()).toEqual(['stored', 'taken', 'taken']);
      expect(await pats.insert(newPat({ name: 'x', owner: jane }), by)).toBe('stored');
      const other = newPat({ name: 'y' });
      await pats.insert(other, by);
      expect(await pats.rename(john, other.id, 'x', by)).toBe('taken');
      expect(await pats.rename(john, other.id, 'y', by)).toBe('renamed');
      expect(await pats.rename(jane, other.id, 'z', by)).toBe('unknown');
      const racers = [newPat(), newPat(), newPat(), newPat()];
      for (const pat of racers) await pats.insert(pat, by);
      const renamed = await Promise.all(racers.map(({ id }) => pats.rename(john, id, 'wanted', by)));
      expect(renamed.toSorted()).toEqual(['renamed', 'taken', 'taken', 'taken']);
    });

    it('are no more than their owner may have', async () => {
      for (const pat of [newPat(), newPat(), newPat({ owner: jane })])
        expect(await pats.insert(pat, by, 2)).toBe('stored');
      expect(await pats.insert(newPat(), by, 2)).toBe('too-many');
      expect(await pats.list(john)).toHaveLength(2);
    });

    it('are found by hash and by jti, the former ones too, in one look', async () => {
      const pat = newPat();
      await pats.insert(pat, by);
      const next = {
        hash: 'next',
        jti: 'next-jti',
        issuedAt: pat.issuedAt,
        expiresAt: pat.expiresAt,
        former: { hash: pat.hash, jti: pat.jti, until: epochSeconds(now / 1000 + 60) },
      };
      expect(await pats.rotate(pat, next, [], by)).toBe(true);
      expect(await pats.rotate(pat, next, [], by), 'the secret has been replaced').toBe(false);
      const found = await pats.lookUp(['hash:next', `jti:${pat.jti ?? ''}`, `hash:${pat.hash}`, 'hash:no', 'jti:']);
      expect(found.map(({ key, former }) => [key, former]).sort()).toEqual([
        [`hash:${pat.hash}`, true],
        ['hash:next', false],
        [`jti:${pat.jti ?? ''}`, true],
      ]);
      expect(found[0]?.owner).toBeUndefined();
    });

    it('leave a revocation in the log when they are removed, in the same transaction', async () => {
      const [one, two, hers] = [newPat(), newPat({ kind: 'reference', jti: undefined }), newPat({ owner: jane })];
      for (const pat of [one, two, hers]) await pats.insert(pat, by);
      expect(await pats.remove({ owner: jane, id: one.id }, by)).toEqual([]);
      expect(await pats.remove({ owner: john, id: one.id }, by)).toEqual([one]);
      expect(await pats.remove({ owner: john, id: one.id }, by)).toEqual([]);
      expect(await pats.remove({ owner: john }, by)).toEqual([two]);
      expect(await pats.remove({ everything: true }, by)).toEqual([hers]);
      const logged = await log.after(0);
      expect(logged.map(({ seq, pat, revocation }) => [seq, pat, revocation.value])).toEqual([
        [1, one.id, one.jti],
        [2, two.id, two.id],
        [3, hers.id, hers.jti],
      ]);
      expect(await log.after(2)).toHaveLength(1);
    });

    it('stay in the log for as long as a JWT may say that it lives, however soon the token was to end', async () => {
      const next = {
        hash: 'next',
        jti: 'next-jti',
        issuedAt: epochMilliseconds(now),
        expiresAt: epochSeconds(now / 1000),
      };
      const [jwt, reference] = [newPat(), newPat({ kind: 'reference', jti: undefined })];
      for (const pat of [jwt, reference]) await pats.insert(pat, by);
      const former = { hash: jwt.hash, jti: jwt.jti, until: epochSeconds(now / 1000 + 60) };
      await pats.rotate(jwt, { ...next, former }, [], by);
      await pats.remove({ owner: john }, by);
      await log.prune(epochSeconds(now / 1000 + 365 * 86_400));
      expect((await log.after(0)).map(({ revocation }) => revocation.value).toSorted()).toEqual([jwt.jti, 'next-jti']);
    });

    it('that have run out before what they say of themselves are told of, each once', async () => {
      const over = { until: epochSeconds(now / 1000), jti: 'over-jti', hash: 'over' };
      const ended = { expiresAt: epochSeconds(now / 1000) };
      const all = [
        newPat({ jti: 'rotated', former: over }),
        newPat({ jti: 'ended', ...ended }),
        newPat({ kind: 'reference', jti: undefined, ...ended }),
        newPat({ former: { ...over, until: epochSeconds(now / 1000 + 1), jti: 'overlaps', hash: 'overlaps' } }),
      ];
      for (const pat of all) await pats.insert(pat, by);
      await Promise.all([tellOfRunOut(store, log, clock()), tellOfRunOut(store, log, clock())]);
      await tellOfRunOut(store, log, clock());
      const told = (await log.after(0)).map(({ revocation }) => revocation);
      expect(told.map(({ value }) => value).toSorted()).toEqual(['ended', 'over-jti']);
      expect(told[0]).toMatchObject({ kind: 'jti', issuer: john.issuer });
      // They are still their owner's to see, and to rotate.
      expect(await pats.list(john)).toHaveLength(all.length);
    });

    it('are changed together with a row in the audit, or not at all', async () => {
      const [pat, other] = [newPat(), newPat({ name: 'other' })];
      await pats.insert(pat, by);
      await pats.insert(other, by);
      const next = {
        hash: 'next',
        jti: 'next-jti',
        issuedAt: pat.issuedAt,
        expiresAt: pat.expiresAt,
        former: undefined,
      };
      const changes: readonly [string, () => Promise<unknown>][] = [
        ['pat.created', () => pats.insert(newPat({ name: 'third' }), by)],
        ['pat.renamed', () => pats.rename(john, pat.id, 'new name', by)],
        ['pat.rotated', () => pats.rotate(pat, next, [], by)],
        ['pat.revoked', () => pats.remove({ owner: john, id: other.id }, by)],
      ];
      for (const [kindOfRow, change] of changes) {
        const before = await pats.list(john);
        await store.db.schema.alterTable('audit_events').renameTo('audit_away').execute();
        await expect(change(), kindOfRow).rejects.toThrow(/audit_events/);
        await store.db.schema.alterTable('audit_away').renameTo('audit_events').execute();
        expect(await pats.list(john), kindOfRow).toEqual(before);
        expect(await log.after(0), kindOfRow).toEqual([]);
      }
      for (const [, change] of changes) await change();
      // What changes nothing leaves no row.
      expect(await pats.insert(newPat({ name: 'new name' }), by)).toBe('taken');
      expect(await pats.rename(john, pat.id, 'third', by)).toBe('taken');
      expect(await pats.remove({ owner: jane, id: pat.id }, by)).toEqual([]);
      const page = await store.audit.list({});
      const rows = page.ok ? page.value.rows : [];
      expect(
        rows
          .map(({ kind: of, target }) => [of, target])
          .toReversed()
          .slice(2),
      ).toEqual([
        ['pat.created', expect.stringMatching(/^pat_/)],
        ['pat.renamed', pat.id],
        ['pat.rotated', pat.id],
        ['pat.revoked', other.id],
      ]);
      expect(JSON.stringify(rows)).not.toContain('next');
    });

    it('are revoked by the client through which they were made', async () => {
      const [web, cli] = [newPat({ client: 'web' }), newPat({ client: 'cli' })];
      await pats.insert(web, by);
      await pats.insert(cli, by);
      expect(await pats.remove({ client: 'cli' }, by)).toEqual([cli]);
      expect(await pats.list(john)).toEqual([web]);
    });

    it('note their last use, and never an older one', async () => {
      const pat = newPat();
      await pats.insert(pat, by);
      await pats.touch([{ id: pat.id, at: epochMilliseconds(now + 60_000), address: '192.0.2.1' }]);
      await pats.touch([{ id: pat.id, at: epochMilliseconds(now), address: '192.0.2.9' }]);
      expect(await pats.byId(john, pat.id)).toMatchObject({ lastUsedAt: now + 60_000, lastAddress: '192.0.2.1' });
    });

    it('are announced before they end, once', async () => {
      const soon = newPat({ expiresAt: epochSeconds(now / 1000 + 60) });
      await pats.insert(soon, by);
      await pats.insert(newPat(), by);
      const until = epochSeconds(now / 1000 + 600);
      expect((await pats.takeExpiring(until)).map(({ id }) => id)).toEqual([soon.id]);
      expect(await pats.takeExpiring(until)).toEqual([]);
      await pats.announceAgain(soon.id);
      expect(await pats.takeExpiring(until)).toHaveLength(1);
    });

    it('are revoked in one order for everybody, without gaps, however many revoke at once', async () => {
      const many = Array.from({ length: 20 }, () => newPat());
      for (const pat of many) await pats.insert(pat, by);
      const revocations = followRevocations(log, clock);
      const seen: number[] = [];
      revocations.onRevoked(({ seq }) => void seen.push(seq));
      await Promise.all(
        many.map(async ({ id }) => {
          await pats.remove({ owner: john, id }, by);
          await revocations.catchUp();
        }),
      );
      await revocations.catchUp();
      expect(seen).toEqual(many.map((_, i) => i + 1));
      await log.prune(epochSeconds(now / 1000 + 367 * 86_400));
      expect(await log.after(0)).toEqual([]);
    });
  });
}
