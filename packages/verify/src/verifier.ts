import type { Clock, EpochMilliseconds, Principal, Result } from '@keyturn/protocol';
import { ok, refuse, unreachable } from '@keyturn/protocol';
import type { Header } from './header.ts';
import type { Judged } from './judge.ts';
import { judge } from './judge.ts';
import type { IssuerRules, VerifierOptions } from './options.ts';
import { buildRules, faultsOf, systemClock } from './options.ts';
import type { ReadToken } from './read.ts';
import { readToken } from './read.ts';
import type { TokenRefusal } from './refusal.ts';
import type { Standing } from './revocation.ts';
import { createTokenCache } from './token-cache.ts';

export type Verdict = Result<Principal, TokenRefusal>;

/** Says of a token whether it is good for this resource. Never throws and never rejects, whatever it is given. */
export interface Verifier {
  verify(token: string): Promise<Verdict>;
  /**
   * The same without waiting, or undefined where that is not possible: the issuer's keys are not at hand, or the source
   * of revocations has to be asked. Then call `verify`.
   */
  verifySync(token: string): Verdict | undefined;
  /** Fetches the keys of all issuers that are not at hand, for start-up and readiness. */
  ready(): Promise<Result<void, TokenRefusal>>;
}

/** A token that was good when last looked at. */
interface Entry extends Judged {
  readonly rules: IssuerRules;
  readonly verdict: Verdict;
  /** The epoch of the revocations that it was last compared with. */
  epoch: number;
}

/**
 * Builds a verifier for the tokens of one issuer or of several, of which the token's `iss` selects one. Throws a
 * TypeError that lists everything wrong with the options.
 */
export function createVerifier(options: VerifierOptions | readonly VerifierOptions[]): Verifier {
  const { issuers, clock, maxTokenLength, cacheSize } = readOptions('issuer' in options ? [options] : options);
  const allowed = new Set([...issuers.values()].flatMap((rules) => [...rules.algorithms]));
  const cache = createTokenCache<Entry>(cacheSize);
  // Headers of tokens that turned out genuine: an issuer writes the same few again and again.
  const knownHeaders = new Map<string, Header>();

  const read = (token: unknown): Result<{ parts: ReadToken; rules: IssuerRules }, TokenRefusal> => {
    const parts = readToken(token, maxTokenLength, allowed, knownHeaders);
    if (!parts.ok) return parts;
    const { iss } = parts.value.claims;
    const got = typeof iss === 'string' ? iss : undefined;
    const rules = issuers.get(got ?? '');
    if (rules === undefined) return refuse({ why: 'issuer', got, expected: [...issuers.keys()] });
    const { name } = parts.value.header.algorithm;
    if (rules.algorithms.has(name)) return ok({ parts: parts.value, rules });
    return refuse({ why: 'algorithm', got: name, allowed: [...rules.algorithms] });
  };

  /** Compares an entry with the revocations of now, and remembers it if it stands. */
  const settle = (token: string, entry: Entry, now: EpochMilliseconds): Verdict | Promise<Verdict> => {
    const { revocation } = entry.rules;
    if (revocation === undefined) return remember(token, entry, 0);
    // Read before asking: what is revoked in between moves the epoch on and is asked for next time.
    const epoch = revocation.epochAt(now);
    const conclude = (standing: Standing): Verdict => {
      const refusal = refusalOf(standing, entry.rules);
      if (refusal === undefined) return remember(token, entry, epoch);
      cache.delete(token);
      return refuse(refusal);
    };
    const standing = revocation.check(entry.principal, token, now);
    return standing instanceof Promise ? standing.then(conclude) : conclude(standing);
  };

  const remember = (token: string, entry: Entry, epoch: number): Verdict => {
    entry.epoch = epoch;
    cache.set(token, entry);
    return entry.verdict;
  };

  /** A verdict that was reached before and still holds, or what it takes to renew it. */
  const recall = (token: string, now: EpochMilliseconds): Verdict | Promise<Verdict> | undefined => {
    const entry = cache.get(token);
    if (entry === undefined) return undefined;
    const { keys, revocation } = entry.rules;
    if (now >= entry.until || !keys.stillStands(entry.key, now)) {
      cache.delete(token);
      return undefined;
    }
    if (revocation === undefined || revocation.epochAt(now) === entry.epoch) return entry.verdict;
    return settle(token, entry, now);
  };

  const finish = (
    token: string,
    parts: ReadToken,
    rules: IssuerRules,
    keys: Parameters<typeof judge>[2],
    now: EpochMilliseconds,
  ): Verdict | Promise<Verdict> => {
    const judged = judge(parts, rules, keys, now);
    if (!judged.ok) return judged;
    if (knownHeaders.size >= 256) knownHeaders.clear();
    knownHeaders.set(parts.headerSegment, parts.header);
    const { binding, principal } = judged.value;
    if (binding !== undefined) {
      return refuse({ why: 'sender-constrained', by: 'jkt' in binding ? 'jkt' : binding.unsupported });
    }
    return settle(token, { ...judged.value, rules, verdict: Object.freeze(ok(principal)), epoch: Number.NaN }, now);
  };

  return {
    verifySync(token) {
      const now = clock();
      const recalled = recall(token, now);
      if (recalled !== undefined) return recalled instanceof Promise ? undefined : recalled;
      const begun = read(token);
      if (!begun.ok) return begun;
      const { parts, rules } = begun.value;
      const keys = rules.keys.atHand(parts.header.kid, parts.header.algorithm, now);
      if (keys === undefined) return undefined;
      const verdict = finish(token, parts, rules, keys, now);
      return verdict instanceof Promise ? undefined : verdict;
    },

    async verify(token) {
      const now = clock();
      const recalled = recall(token, now);
      if (recalled !== undefined) return recalled;
      const begun = read(token);
      if (!begun.ok) return begun;
      const { parts, rules } = begun.value;
      const { kid, algorithm } = parts.header;
      const atHand = rules.keys.atHand(kid, algorithm, now);
      if (atHand !== undefined) return finish(token, parts, rules, atHand, now);
      const found = await rules.keys.find(kid, algorithm);
      if (found.ok) return finish(token, parts, rules, found.value, clock());
      const { issuer } = rules;
      return refuse(
        found.refusal.why === 'unknown-key' ? { ...found.refusal, issuer, kid } : { ...found.refusal, issuer },
      );
    },

    async ready() {
      for (const { keys, issuer } of issuers.values()) {
        const outcome = await keys.ready();
        if (!outcome.ok && outcome.refusal.why === 'keys-unavailable') return refuse({ ...outcome.refusal, issuer });
      }
      return ok(undefined);
    },
  };
}

interface ReadOptions {
  readonly issuers: ReadonlyMap<string, IssuerRules>;
  readonly clock: Clock;
  readonly maxTokenLength: number;
  readonly cacheSize: number;
}

function readOptions(all: readonly VerifierOptions[]): ReadOptions {
  const faults = all.flatMap(faultsOf);
  if (all.length === 0) faults.push('no issuer is given');
  if (new Set(all.map(({ issuer }) => issuer)).size < all.length) faults.push('one issuer is given twice');
  if (faults.length > 0) throw new TypeError(`the verifier cannot be built:\n- ${faults.join('\n- ')}`);
  const { clock = systemClock, maxTokenLength = 16_384, cacheSize = 5000 } = all[0] ?? {};
  return { issuers: new Map(all.map((one) => [one.issuer, buildRules(one, clock)])), clock, maxTokenLength, cacheSize };
}

function refusalOf(standing: Standing, rules: IssuerRules): TokenRefusal | undefined {
  switch (standing.standing) {
    case 'good':
      return undefined;
    case 'revoked':
      return { why: 'revoked', by: standing.by };
    case 'unknown':
      return rules.acceptWhenRevocationUnknown ? undefined : { why: 'revocation-unknown', fault: standing.fault };
    default:
      return unreachable(standing);
  }
}
