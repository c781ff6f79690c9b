import { type EpochMilliseconds, epochMilliseconds, epochSeconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { openPatBook } from './book.ts';
import type { FoundPat, PatKey, PatUse } from './repository.ts';

const start = 1_800_000_000_000;
const key: PatKey = 'hash:abc';

const found = (more: Partial<FoundPat> = {}): FoundPat => ({
  key,
  former: false,
  owner: undefined,
  pat: {
    id: 'pat_1',
    kind: 'reference',
    owner: { issuer: 'https://id.example', subject: 'john' },
    limits: { readOnly: false, mayApprove: false },
    createdAt: epochMilliseconds(start),
    issuedAt: epochMilliseconds(start),
    expiresAt: epochSeconds(start / 1000 + 3600),
    lastUsedAt: undefined,
    lastAddress: undefined,
    formerUntil: undefined,
  },
  ...more,
});

/** A book on a table that counts how often it is asked, and a clock and hearing that the test sets. */
function openTestBook(table: () => Promise<readonly FoundPat[]>) {
  const world = { now: start, hears: true, looks: 0, noted: [] as PatUse[] };
  const book = openPatBook({
    clock: (): EpochMilliseconds => epochMilliseconds(world.now),
    revocations: { hears: () => world.hears, listensNow: async () => world.hears },
    repository: {
      lookUpOne: undefined,
      lookUp: async () => {
        world.looks += 1;
        return table();
      },
      touch: async (uses) => void world.noted.push(...uses),
    },
  });
  return { book, world, at: () => epochMilliseconds(world.now) };
}

describe('the book of tokens', () => {
  it('answers without the table for a minute, and no longer', async () => {
    const { book, world, at } = openTestBook(async () => [found()]);
    expect(book.stand(key, at())).toBeUndefined();
    expect((await book.look(key)).ok).toBe(true);
    world.now += 60_000;
    expect(book.stand(key, at())?.ok).toBe(true);
    world.now += 1;
    expect(book.stand(key, at())).toBeUndefined();
    expect(world.looks).toBe(1);
  });

  it('asks the table once for all who ask at the same time', async () => {
    const { book, world } = openTestBook(async () => [found()]);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => book.look(i === 0 ? key : `hash:${i}`)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(world.looks).toBe(1);
  });

  it('forgets what is revoked, also what was revoked while the table was being asked', async () => {
    let table: readonly FoundPat[] = [found()];
    const { book, at } = openTestBook(async () => {
      const before = table;
      if (table.length > 0) {
        // Read before the revocation, answered after it.
        table = [];
        book.forget((pat) => pat.id === 'pat_1');
      }
      return before;
    });
    expect(await book.look(key)).toEqual({ ok: false, refusal: { why: 'pat-unknown' } });
    expect(book.stand(key, at())).toBeUndefined();
  });

  it('refuses what has expired, a former secret after its overlap, and tokens of users who are gone', async () => {
    const cases: readonly (readonly [FoundPat, string])[] = [
      [found({ pat: { ...found().pat, expiresAt: epochSeconds(start / 1000) } }), 'pat-expired'],
      [
        found({
          former: true,
          pat: { ...found().pat, formerUntil: epochSeconds(start / 1000) },
        }),
        'pat-expired',
      ],
      [
        found({
          owner: {
            state: 'disabled',
            notBefore: epochSeconds(0),
            realmRoles: undefined,
            readAt: epochMilliseconds(start),
          },
        }),
        'pat-owner',
      ],
      [
        found({
          owner: { state: 'gone', notBefore: epochSeconds(0), realmRoles: undefined, readAt: epochMilliseconds(start) },
        }),
        'pat-owner',
      ],
      [
        found({
          owner: {
            state: 'active',
            notBefore: epochSeconds(start / 1000 + 1),
            realmRoles: undefined,
            readAt: epochMilliseconds(start),
          },
        }),
        'pat-owner',
      ],
    ];
    for (const [row, why] of cases) {
      const { book } = openTestBook(async () => [row]);
      expect(await book.look(key)).toMatchObject({ ok: false, refusal: { why } });
    }
  });

  it('does not guess while it hears nothing, and says so when the table fails', async () => {
    const { book, world, at } = openTestBook(async () => [found()]);
    await book.look(key);
    world.hears = false;
    expect(book.stand(key, at())).toBeUndefined();
    expect(await book.look(key)).toEqual({ ok: false, refusal: { why: 'pat-unheard' } });
    const broken = openTestBook(async () => {
      throw new Error('the disk is broken');
    });
    expect(await broken.book.look(key)).toEqual({ ok: false, refusal: { why: 'pat-unheard' } });
  });

  it('notes a use once a minute, and a new address at once', async () => {
    const { book, world, at } = openTestBook(async () => [found()]);
    for (let i = 0; i < 100; i++) book.use(found(), at(), '192.0.2.1');
    world.now += 59_999;
    book.use(found(), at(), '192.0.2.1');
    await book.flushUses();
    expect(world.noted).toEqual([{ id: 'pat_1', at: start, address: '192.0.2.1' }]);
    book.use(found(), at(), '192.0.2.2');
    await book.flushUses();
    expect(world.noted).toHaveLength(2);
  });
});
