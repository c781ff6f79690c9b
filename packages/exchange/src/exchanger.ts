import type { Clock, EpochMilliseconds, EpochSeconds, Milliseconds, Result, Seconds } from '@keyturn/protocol';
import { epochMilliseconds, milliseconds, ok, refuse, seconds } from '@keyturn/protocol';
import type { Breaker, BreakerSettings } from './breaker.ts';
import { createBreaker } from './breaker.ts';
import type { CacheSelector, CacheTags } from './cache.ts';
import { carries, createTaggedCache } from './cache.ts';
import { keyOf } from './cache-key.ts';
import type { ExchangeEvent } from './events.ts';
import { keepFor, readExpiry } from './expiry.ts';
import type { ExchangeFetch } from './post.ts';
import { postTokenRequest } from './post.ts';
import type { ExchangeRefusal } from './refusal.ts';
import { isLasting, isServerFault } from './refusal.ts';
import type { ExchangeOrder, TokenClient } from './request.ts';
import { buildExchangeRequest } from './request.ts';
import type { IssuedToken } from './response.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ExchangerOptions extends TokenClient {
  readonly fetch: ExchangeFetch;
  readonly clock: Clock;
  /** How long before its end a token is no longer handed out. Default 60 s; see `keepFor` for short lives. */
  readonly cacheTtlBuffer?: Seconds;
  /** For one request to the token endpoint. Default 10 s. */
  readonly timeout?: Milliseconds;
  /** Settings, or a breaker that another user of the same token endpoint shares. Default 5 faults, 30 s. */
  readonly breaker?: BreakerSettings | Breaker;
  /** Most tokens kept at once; the least recently used goes first. Default 10,000. */
  readonly cacheEntries?: number;
  /** How long a refusal (400 or 403) is repeated without asking again. Default 5 s; 0 turns it off. */
  readonly refusalTtl?: Seconds;
  readonly onEvent?: (event: ExchangeEvent) => void;
}

export interface ExchangeCall extends ExchangeOrder {
  /** What the kept token can be dropped by later. */
  readonly tags?: Pick<CacheTags, 'jti' | 'sid' | 'sub' | 'pat'>;
  /** The subject token's end; read from the token (unverified: it only shortens) if not given. */
  readonly subjectExpiresAt?: EpochSeconds;
  /** Called just before a request is sent for this call: not for a kept token, and not where another's is waited for. */
  readonly onAsk?: () => void;
  /** Ends this caller's wait only: an exchange that others wait for goes on. */
  readonly signal?: AbortSignal;
}

export interface ExchangedToken extends IssuedToken {
  /** Whether no request was sent for this call. */
  readonly fromCache: boolean;
}

export interface Exchanger {
  /** The caller's token, turned into one for the audience: from the cache, from an exchange under way, or asked for. */
  exchange(call: ExchangeCall): Promise<Result<ExchangedToken, ExchangeRefusal>>;
  /**
   * The same where the token is kept already, at once; undefined where `exchange` has to be asked. It counts as a hit, and
   * renews what is about to end. For those who do it with every request.
   */
  kept(call: ExchangeCall): ExchangedToken | undefined;
  /**
   * Forgets tokens by what they came from: `{ jti }`, `{ sid }`, `{ sub }`, `{ pat }`, `{ audience }` or `'all'`.
   * Returns how many there were. An exchange under way for the same is not kept either, and nobody joins it any more.
   */
  drop(selector: CacheSelector): number;
  /** Forgets the one token of this call: for the upstream that answered 401 to it. */
  forget(order: ExchangeOrder): void;
  readonly breaker: Breaker;
  /** How many tokens are kept now. */
  readonly size: number;
}

interface Kept extends IssuedToken {
  renewFrom: EpochMilliseconds | undefined;
}

interface Flight {
  readonly outcome: Promise<Result<IssuedToken, ExchangeRefusal>>;
  readonly tags: CacheTags;
  dropped: boolean;
}

/**
 * An RFC 8693 client with a cache, one exchange in flight a key, renewal ahead, and a breaker.
 *
 * Tokens are kept in memory only, in the clear; the keys are hashes, so that no subject token is held.
 */
export function createExchanger(options: ExchangerOptions): Exchanger {
  const { fetch, clock, cacheTtlBuffer = seconds(60), timeout = milliseconds(10_000) } = options;
  const { cacheEntries = 10_000, refusalTtl = seconds(5) } = options;
  const onEvent = options.onEvent ?? (() => undefined);
  const breaker = isBreaker(options.breaker)
    ? options.breaker
    : createBreaker({ ...options.breaker, clock, onChange: (state) => onEvent({ kind: 'breaker', state }) });
  const tokens = createTaggedCache<Kept>({ max: cacheEntries, clock });
  const refusals = createTaggedCache<ExchangeRefusal>({ max: 1000, clock });
  const flights = new Map<string, Flight>();

  async function ask(call: ExchangeCall, renewal: boolean): Promise<Result<IssuedToken, ExchangeRefusal>> {
    const { audience } = call;
    const outcome = await breaker.run<IssuedToken, ExchangeRefusal>(async () => {
      onEvent({ kind: 'exchange-started', audience, renewal });
      if (!renewal) call.onAsk?.();
      const startedAt = clock();
      const secrets = [call.subjectToken, call.actorToken ?? '', options.clientSecret];
      const answer = await postTokenRequest(buildExchangeRequest(options, call), { fetch, clock, timeout, secrets });
      const facts = { audience, renewal, duration: milliseconds(clock() - startedAt) };
      if (answer.ok) {
        const { expiresAt } = answer.value;
        const expiresIn = expiresAt === undefined ? undefined : expiresAt - Math.floor(clock() / 1000);
        onEvent({ kind: 'exchanged', ...facts, expiresIn });
      } else onEvent({ kind: 'exchange-failed', ...facts, refusal: answer.refusal });
      return answer;
    }, isServerFault);
    if (!outcome.ok && outcome.refusal.why === 'breaker-open') {
      onEvent({ kind: 'exchange-failed', audience, renewal, duration: milliseconds(0), refusal: outcome.refusal });
    }
    return outcome;
  }

  function keep(key: string, call: ExchangeCall, tags: CacheTags, outcome: Result<IssuedToken, ExchangeRefusal>): void {
    const now = clock();
    if (outcome.ok) {
      const subjectExpiresAt = call.subjectExpiresAt ?? readExpiry(call.subjectToken);
      const { expiresAt } = outcome.value;
      const kept = keepFor({ now, expiresAt, subjectExpiresAt, buffer: cacheTtlBuffer });
      if (kept !== undefined) tokens.set(key, { ...outcome.value, renewFrom: kept.renewFrom }, kept.until, tags);
    } else if (isLasting(outcome.refusal) && refusalTtl > 0) {
      refusals.set(key, outcome.refusal, epochMilliseconds(now + refusalTtl * 1000), tags);
    }
  }

  function start(key: string, call: ExchangeCall, renewal: boolean): Flight {
    const tags = { ...call.tags, audience: call.audience };
    const outcome = ask(call, renewal)
      .then((result) => {
        if (!flight.dropped) keep(key, call, tags, result);
        return result;
      })
      .finally(() => {
        if (flights.get(key) === flight) flights.delete(key);
      });
    const flight: Flight = { outcome, tags, dropped: false };
    flights.set(key, flight);
    return flight;
  }

  function handOut(key: string, call: ExchangeCall): ExchangedToken | undefined {
    const kept = tokens.get(key);
    if (kept === undefined) return undefined;
    if (kept.renewFrom !== undefined && clock() >= kept.renewFrom && breaker.state === 'closed') {
      // Once only: if it fails, the token is used to its end and asked for again then.
      kept.renewFrom = undefined;
      if (!flights.has(key)) start(key, call, true).outcome.catch(() => undefined);
    }
    onEvent({ kind: 'cache-hit', audience: call.audience, joined: false });
    const { token, expiresAt, scopes } = kept;
    return { token, expiresAt, scopes, fromCache: true };
  }

  return {
    breaker,
    get size() {
      return tokens.size;
    },
    kept: (call) => handOut(keyOf(options, call), call),
    async exchange(call) {
      const { audience } = call;
      // "Don't do this!" (seed 003): without an audience Keycloak answers with a token for everything it can.
      if (audience === '') return refuse(noAudience);
      const key = keyOf(options, call);
      const kept = handOut(key, call);
      if (kept !== undefined) return ok(kept);
      const refusal = refusals.get(key);
      if (refusal !== undefined) {
        onEvent({ kind: 'refusal-repeated', audience, refusal });
        return refuse(refusal);
      }
      const under = flights.get(key);
      if (under !== undefined) onEvent({ kind: 'cache-hit', audience, joined: true });
      const outcome = await unlessAborted((under ?? start(key, call, false)).outcome, call.signal, gone);
      return outcome.ok ? ok({ ...outcome.value, fromCache: under !== undefined }) : outcome;
    },
    drop(selector) {
      for (const [key, flight] of flights) {
        if (!carries(flight.tags, selector)) continue;
        flight.dropped = true;
        flights.delete(key);
      }
      refusals.drop(selector);
      return tokens.drop(selector);
    },
    forget(order) {
      const key = keyOf(options, order);
      tokens.delete(key);
      const flight = flights.get(key);
      if (flight !== undefined) flight.dropped = true;
      flights.delete(key);
    },
  };
}

const gone: ExchangeRefusal = { why: 'unreachable', detail: 'aborted', status: undefined, retryAfter: undefined };

const noAudience: ExchangeRefusal = {
  why: 'refused',
  status: 400,
  error: 'invalid_target',
  description: 'No audience given',
};

function isBreaker(value: BreakerSettings | Breaker | undefined): value is Breaker {
  return value !== undefined && 'run' in value;
}
