import type { EpochMilliseconds, Result } from '@keyturn/protocol';
import { ok, refuse, unreachable } from '@keyturn/protocol';
import { asBearer, asDpop } from './bound.ts';
import type { Judged } from './judge.ts';
import { judge } from './judge.ts';
import type { VerificationKey } from './keys/jwk.ts';
import type { FoundKeys } from './keys/remote-keys.ts';
import { isObject } from './option-checks.ts';
import type { IssuerRules } from './options.ts';
import { readOptions } from './options.ts';
import { isJudged } from './plain-claims.ts';
import type { ReadToken } from './read.ts';
import { createTokenReader } from './read.ts';
import type { TokenRefusal } from './refusal.ts';
import type { Standing } from './revocation/source.ts';
import { createTokenCache } from './token-cache.ts';
import type { Verdict, Verifier } from './verdict.ts';
import type { VerifierOptions } from './verifier-options.ts';

/** A token that was good when last looked at. */
interface Entry extends Judged {
  readonly rules: IssuerRules;
  /** The epoch of the revocations that it was last compared with. */
  epoch: number;
}

type Outcome = Entry | TokenRefusal;

/**
 * Builds a verifier for the tokens of one issuer or of several, of which the token's `iss` selects one. Throws a
 * TypeError that lists everything wrong with the options.
 */
export function createVerifier(options: VerifierOptions | readonly VerifierOptions[]): Verifier {
  const { issuers, clock, maxTokenLength, cacheSize } = readOptions(isList(options) ? options : [options]);
  const allowed = new Set([...issuers.values()].flatMap((rules) => [...rules.algorithms]));
  const cache = createTokenCache<Entry>(cacheSize);
  const judgesPlain = [...issuers.values()].every(({ identity }) => identity.identityClaims.every(isJudged));
  const reader = createTokenReader(maxTokenLength, allowed, { judgesPlain });

  // Those of the last token whose issuer is known: to compare a text costs less than to look it up.
  let lastRules: IssuerRules | undefined;

  /** The form of a token, and the rules of the issuer that it claims to be from. */
  const read = (token: unknown): Result<{ parts: ReadToken; rules: IssuerRules }, TokenRefusal> => {
    const parts = reader.read(token);
    if (!parts.ok) return parts;
    const { iss } = parts.value.claims;
    const got = typeof iss === 'string' ? iss : undefined;
    const rules = got === lastRules?.issuer ? lastRules : issuers.get(got ?? '');
    if (rules === undefined) return refuse({ why: 'issuer', got, expected: [...issuers.keys()] });
    lastRules = rules;
    const { name } = parts.value.header.algorithm;
    if (rules.algorithms.has(name)) return ok({ parts: parts.value, rules });
    return refuse({ why: 'algorithm', got: name, allowed: [...rules.algorithms] });
  };

  const remember = (token: string, entry: Entry, epoch: number): Entry => {
    entry.epoch = epoch;
    cache.set(token, entry);
    return entry;
  };

  /** Compares an entry with the revocations of now, and remembers it if it stands. */
  const settle = (token: string, entry: Entry, now: EpochMilliseconds): Outcome | Promise<Outcome> => {
    const { revocation } = entry.rules;
    if (revocation === undefined) return remember(token, entry, 0);
    // Read before asking: what is revoked in between moves the epoch on and is asked for next time.
    const epoch = revocation.epochAt(now);
    const weigh = (standing: Standing): Outcome => {
      const refusal = refusalOf(standing, entry.rules);
      if (refusal === undefined) return remember(token, entry, epoch);
      // Revoked is for ever; a source that has gone deaf may hear again.
      if (refusal.why === 'revoked') cache.delete(token);
      return refusal;
    };
    const standing = revocation.check(entry.principal, token, now);
    return standing instanceof Promise ? standing.then(weigh) : weigh(standing);
  };

  /** What was found before and still holds, or what it takes to renew it. */
  const recall = (token: string, now: EpochMilliseconds): Outcome | Promise<Outcome> | undefined => {
    const entry = cache.get(token);
    if (entry === undefined) return undefined;
    const { keys, revocation } = entry.rules;
    if (now >= entry.until || !keys.stillStands(entry.key, now)) {
      cache.delete(token);
      return undefined;
    }
    return revocation === undefined || revocation.epochAt(now) === entry.epoch ? entry : settle(token, entry, now);
  };

  const finish = (
    token: string,
    parts: ReadToken,
    rules: IssuerRules,
    keys: readonly VerificationKey[],
    now: EpochMilliseconds,
  ): Outcome | Promise<Outcome> => {
    const judged = judge(parts, reader, rules, keys, now);
    if (!judged.ok) return judged.refusal;
    reader.remember(parts);
    const { principal, key, binding, until } = judged.value;
    return settle(token, { principal, key, binding, until, rules, epoch: Number.NaN }, now);
  };

  /** Judges a token by the keys that were found for it, or says why there are none. */
  const conclude = (
    token: string,
    parts: ReadToken,
    rules: IssuerRules,
    found: FoundKeys,
    now: EpochMilliseconds,
  ): Outcome | Promise<Outcome> => {
    if (found.ok) return finish(token, parts, rules, found.value, now);
    const { issuer } = rules;
    const { kid } = parts.header;
    return found.refusal.why === 'unknown-key' ? { ...found.refusal, issuer, kid } : { ...found.refusal, issuer };
  };

  const lookAtHand = (token: string): Outcome | Promise<Outcome> | NeedsKeys => {
    const now = clock();
    const recalled = recall(token, now);
    if (recalled !== undefined) return recalled;
    const begun = read(token);
    if (!begun.ok) return begun.refusal;
    const { parts, rules } = begun.value;
    const found = rules.keys.atHand(parts.header.kid, parts.header.algorithm, now);
    return found === undefined ? { parts, needs: rules } : conclude(token, parts, rules, found, now);
  };

  const look = async (token: string): Promise<Outcome> => {
    const outcome = await lookAtHand(token);
    if (!('needs' in outcome)) return outcome;
    const { parts, needs: rules } = outcome;
    const found = await rules.keys.find(parts.header.kid, parts.header.algorithm);
    return conclude(token, parts, rules, found, clock());
  };

  return {
    verifySync(token) {
      const outcome = lookAtHand(token);
      return outcome instanceof Promise || 'needs' in outcome ? undefined : verdictOf(outcome);
    },

    async verify(token) {
      return verdictOf(await look(token));
    },

    async verifyDpop(request) {
      // Callers in JavaScript may have none.
      if (!isObject(request)) return refuse({ why: 'malformed', part: 'token', fault: 'not a string' });
      const outcome = await look(request.token);
      return 'why' in outcome ? refuse(outcome) : asDpop(outcome, outcome.rules.dpop, request, clock());
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

/** `Array.isArray`, which does not know of read-only lists. */
function isList(options: VerifierOptions | readonly VerifierOptions[]): options is readonly VerifierOptions[] {
  return Array.isArray(options);
}

interface NeedsKeys {
  readonly parts: ReadToken;
  readonly needs: IssuerRules;
}

function verdictOf(outcome: Outcome): Verdict {
  return 'why' in outcome ? refuse(outcome) : asBearer(outcome);
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
