import { createHash } from 'node:crypto';
import { createGuardedFetch } from '@keyturn/net';
import type { Clock, EpochMilliseconds, Seconds } from '@keyturn/protocol';
import { epochMilliseconds, ok, refuse, seconds, toMilliseconds } from '@keyturn/protocol';
import { bindingOf } from '../binding.ts';
import type { MaybeBound } from '../bound.ts';
import { asBearer, asDpop } from '../bound.ts';
import type { DpopOptions } from '../dpop.ts';
import type { Fetch } from '../keys/key-source.ts';
import type { Wishes } from '../option-checks.ts';
import {
  audienceWish,
  cacheSizeWish,
  clockWish,
  durationWish,
  faultsOf,
  fetchWish,
  identityClaimWish,
  isObject,
  issuerWish,
  throwFaults,
  toleranceWish,
} from '../option-checks.ts';
import { dpopWish, faultsOfDpop, providerWish } from '../option-faults.ts';
import { identityRulesOf, listOf } from '../options.ts';
import type { ProviderName } from '../providers.ts';
import type { TokenRefusal } from '../refusal.ts';
import { createTokenCache } from '../token-cache.ts';
import type { Verdict, Verifier } from '../verdict.ts';
import type { IntrospectionEndpoint } from './introspect.ts';
import { endpointWishes, introspect } from './introspect.ts';
import type { AnswerRules } from './judge-answer.ts';
import { judgeAnswer } from './judge-answer.ts';
import { systemClock } from '../system-clock.ts';

/** For tokens that only their issuer can read, such as opaque ones. */
export interface IntrospectionVerifierOptions extends IntrospectionEndpoint {
  /** Whose tokens these are. If an answer names an issuer, it must be this one. */
  readonly issuer: string;
  /** The names of this resource, one of which the answer must have in `aud`. */
  readonly audience: string | readonly string[];
  readonly provider?: ProviderName;
  /** Default the provider's, else `sub`. */
  readonly identityClaim?: string | readonly string[];
  /** How long an answer holds. Default 30 seconds, never past `exp`; a revocation is noticed after as long. */
  readonly freshFor?: Seconds;
  /** How many answers are remembered. Default 5000. */
  readonly cacheSize?: number;
  /** How far the issuer's clock may be off. Default 0 s. */
  readonly clockTolerance?: Seconds;
  /** Accept tokens bound to a key by DPoP. Without this section they are refused. */
  readonly dpop?: DpopOptions;
  /** Default `@keyturn/net`'s guarded fetch, with the endpoint's host allowed to be a private one. */
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

const wishes: Wishes<IntrospectionVerifierOptions> = {
  ...endpointWishes,
  issuer: issuerWish,
  audience: audienceWish,
  provider: providerWish,
  identityClaim: identityClaimWish,
  freshFor: durationWish,
  cacheSize: cacheSizeWish,
  clockTolerance: toleranceWish,
  dpop: dpopWish,
  fetch: fetchWish,
  clock: clockWish,
};

interface Entry extends MaybeBound {
  /** When it was said; a clock that was set back is before that. */
  readonly from: EpochMilliseconds;
  readonly until: EpochMilliseconds;
}

const maxTokenLength = 16_384;
// RFC 6750 §2.1, `b64token`: anything else is not a token, and nobody is asked about it.
const tokenSyntax = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * Builds a verifier that asks the authorization server about each token (RFC 7662) and remembers good answers for a
 * while, by the SHA-256 of the whole token. Of several requests with one token only one asks. Throws a TypeError that
 * lists everything wrong with the options.
 */
export function createIntrospectionVerifier(options: IntrospectionVerifierOptions): Verifier {
  throwFaults('the introspection verifier', [...faultsOf(options, wishes), ...faultsOfDpop(options)]);
  const { issuer, endpoint, dpop, clock = systemClock, cacheSize = 5000 } = options;
  const rules = answerRulesOf(options);
  const fetch = options.fetch ?? createGuardedFetch({ allowPrivateHosts: [new URL(endpoint).host] });
  const cache = createTokenCache<Entry>(cacheSize);
  const inFlight = new Map<string, Promise<Entry | TokenRefusal>>();

  const recall = (key: string): Entry | undefined => {
    const entry = cache.get(key);
    if (entry === undefined) return undefined;
    const now = clock();
    if (now >= entry.from && now < entry.until) return entry;
    cache.delete(key);
    return undefined;
  };

  const ask = async (token: string, key: string): Promise<Entry | TokenRefusal> => {
    const answer = await introspect(options, token, fetch);
    inFlight.delete(key);
    if (!answer.ok) return { why: 'introspection-unavailable', issuer, fault: answer.refusal };
    if (!answer.value.active) return { why: 'inactive', issuer };
    const { claims } = answer.value;
    const now = clock();
    const judged = judgeAnswer(claims, rules, now);
    if (!judged.ok) return judged.refusal;
    const dies = (judged.value.expiresAt + rules.clockTolerance) * 1000;
    const until = epochMilliseconds(Math.min(dies, now + toMilliseconds(rules.freshFor)));
    const entry = { principal: judged.value, binding: bindingOf(claims), from: now, until };
    cache.set(key, entry);
    return entry;
  };

  const look = (token: unknown): Entry | TokenRefusal | Promise<Entry | TokenRefusal> => {
    const key = keyOf(token);
    if (typeof key !== 'string') return key;
    const remembered = recall(key);
    if (remembered !== undefined) return remembered;
    const asking = inFlight.get(key) ?? ask(String(token), key);
    inFlight.set(key, asking);
    return asking;
  };

  const verdictOf = (outcome: Entry | TokenRefusal): Verdict =>
    'why' in outcome ? refuse(outcome) : asBearer(outcome);

  return {
    verifySync(token) {
      const key = keyOf(token);
      if (typeof key !== 'string') return refuse(key);
      const remembered = recall(key);
      return remembered === undefined ? undefined : verdictOf(remembered);
    },
    async verify(token) {
      return verdictOf(await look(token));
    },
    async verifyDpop(request) {
      // Callers in JavaScript may have none.
      if (!isObject(request)) return refuse({ why: 'malformed', part: 'token', fault: 'not a string' });
      const outcome = await look(request.token);
      return 'why' in outcome ? refuse(outcome) : asDpop(outcome, dpop, request, clock());
    },
    // There is nothing to fetch ahead: each token is asked about.
    ready: () => Promise.resolve(ok(undefined)),
  };
}

function answerRulesOf(options: IntrospectionVerifierOptions): AnswerRules {
  return {
    issuer: options.issuer,
    audiences: new Set(listOf(options.audience)),
    identity: identityRulesOf(options),
    clockTolerance: options.clockTolerance ?? seconds(0),
    freshFor: options.freshFor ?? seconds(30),
  };
}

/** What a token is remembered by, or why it is none. */
function keyOf(token: unknown): string | TokenRefusal {
  if (typeof token !== 'string') return { why: 'malformed', part: 'token', fault: 'not a string' };
  if (token.length > maxTokenLength) return { why: 'too-large', size: token.length, limit: maxTokenLength };
  if (!tokenSyntax.test(token)) return { why: 'malformed', part: 'token', fault: 'characters' };
  return createHash('sha256').update(token).digest('base64url');
}
