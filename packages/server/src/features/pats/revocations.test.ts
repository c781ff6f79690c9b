import { type EpochMilliseconds, epochMilliseconds, epochSeconds, type Principal } from '@keyturn/protocol';
import type { Revocation } from '@keyturn/verify';
import { describe, expect, it } from 'vitest';
import { followRevocations } from './revocations.ts';

const principal: Principal = {
  issuer: 'https://id.example',
  identity: 'john',
  subject: 'john',
  client: 'web',
  serviceAccount: false,
  audiences: [],
  scopes: [],
  roles: { realm: [], clients: {} },
  tokenId: 'jti-1',
  sessionId: 'sid-1',
  issuedAt: epochSeconds(1000),
  expiresAt: epochSeconds(2000),
  claims: {},
};

/** A log in memory, which can be unreachable. */
function fakeLog() {
  const entries: { seq: number; revocation: Revocation; pat: undefined }[] = [];
  let reachable = true;
  return {
    add: (revocation: Revocation) => void entries.push({ seq: entries.length + 1, revocation, pat: undefined }),
    cut: (is: boolean) => {
      reachable = !is;
    },
    append: async () => undefined,
    prune: async () => undefined,
    after: async (seq: number) => {
      if (!reachable) throw new Error('unreachable');
      return entries.filter((entry) => entry.seq > seq);
    },
  };
}

describe('a replica', () => {
  it('cannot tell any more what is revoked once it has heard nothing for ten seconds', async () => {
    let now = 50_000;
    const clock = (): EpochMilliseconds => epochMilliseconds(now);
    const log = fakeLog();
    const revocations = followRevocations(log, clock);
    expect(revocations.hears(clock())).toBe(false);
    await revocations.catchUp();
    const epoch = revocations.epochAt(clock());
    log.cut(true);
    now += 10_000;
    await expect(revocations.catchUp()).rejects.toThrow('unreachable');
    expect(revocations.hears(clock())).toBe(true);
    now += 1;
    expect(revocations.hears(clock())).toBe(false);
    expect(revocations.epochAt(clock())).not.toBe(epoch);
    log.cut(false);
    expect(await revocations.listensNow()).toBe(true);
  });

  it('knows a revoked token by session, user, client, jti or all, and by when it was issued', async () => {
    const cases: readonly (readonly [Revocation, boolean])[] = [
      [{ kind: 'sid', value: 'sid-1' }, true],
      [{ kind: 'sub', value: 'john', issuer: 'https://id.example' }, true],
      [{ kind: 'sub', value: 'john', issuer: 'https://other.example' }, false],
      [{ kind: 'client', value: 'web' }, true],
      [{ kind: 'jti', value: 'jti-1' }, true],
      [{ kind: 'all', value: '' }, true],
      [{ kind: 'all', value: '', before: epochSeconds(1000) }, false],
      [{ kind: 'sub', value: 'john', before: epochSeconds(1001) }, true],
      [{ kind: 'sub', value: 'jane' }, false],
      // Personal access tokens are known by the table.
      [{ kind: 'pat', value: 'jti-1' }, false],
    ];
    for (const [revocation, hits] of cases) {
      const log = fakeLog();
      const revocations = followRevocations(log, () => epochMilliseconds(0));
      await revocations.catchUp();
      const before = revocations.epochAt(epochMilliseconds(0));
      log.add(revocation);
      await revocations.catchUp();
      expect(revocations.hit(principal) !== undefined, JSON.stringify(revocation)).toBe(hits);
      expect(revocations.epochAt(epochMilliseconds(0))).not.toBe(before);
    }
  });

  it('forgets a revocation once all the tokens that it means have ended, tolerance included, and not before', async () => {
    const log = fakeLog();
    const revocations = followRevocations(log, () => epochMilliseconds(0));
    log.add({ kind: 'sid', value: 'sid-1', until: epochSeconds(1500) });
    // Said again: the later end counts.
    log.add({ kind: 'sid', value: 'sid-1', until: epochSeconds(2000) });
    await revocations.catchUp();
    revocations.forget(epochSeconds(2300));
    expect(revocations.hit(principal)).toBe('sid');
    revocations.forget(epochSeconds(2301));
    expect(revocations.hit(principal)).toBeUndefined();
    log.add({ kind: 'sub', value: 'john' });
    await revocations.catchUp();
    revocations.forget(epochSeconds(2 ** 40));
    expect(revocations.hit(principal)).toBe('sub');
  });
});
