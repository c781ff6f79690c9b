import type { Clock, EpochMilliseconds, Milliseconds, Result, Seconds } from '@keyturn/protocol';
import { epochMilliseconds, grantTypes, milliseconds, ok, refuse, seconds } from '@keyturn/protocol';
import type { Breaker, BreakerSettings } from './breaker.ts';
import { createBreaker } from './breaker.ts';
import { keepFor } from './expiry.ts';
import type { ExchangeFetch } from './post.ts';
import { postTokenRequest } from './post.ts';
import type { ExchangeRefusal } from './refusal.ts';
import { isLasting, isServerFault } from './refusal.ts';
import type { TokenClient } from './request.ts';
import { buildTokenRequest } from './request.ts';
import type { IssuedToken } from './response.ts';

export interface TokenSourceOptions extends TokenClient {
  readonly fetch: ExchangeFetch;
  readonly clock: Clock;
  readonly scopes?: readonly string[];
  /** Sent as `audience`, for servers that ask for it; Keycloak decides by its mappers. */
  readonly audience?: string;
  /** RFC 8707 `resource`. */
  readonly resource?: string;
  /** How long before its end a token is replaced. Default 60 s, at most half of its life. */
  readonly buffer?: Seconds;
  /** For one request. Default 10 s. */
  readonly timeout?: Milliseconds;
  /** Settings, or a breaker that is shared. Default 5 faults, 30 s. */
  readonly breaker?: BreakerSettings | Breaker;
  /** How long a refusal (400 or 403) is repeated without asking again. Default 5 s; 0 turns it off. */
  readonly refusalTtl?: Seconds;
}

/** An agent's own access token, always fresh. */
export interface TokenSource {
  /** The token in hand, or a new one. While a new one cannot be had, the old is given until it really ends. */
  token(): Promise<Result<IssuedToken, ExchangeRefusal>>;
  /** Throws the token in hand away: for the server that answered 401 to it. */
  forget(): void;
}

/**
 * A service's or agent's own token by client_credentials (RFC 6749 §4.4): fetched when first asked for, replaced before
 * it ends, one request in flight however many ask. The agent's side of seed 001, whose Go sample fetched by hand.
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { fetch, clock, buffer = seconds(60), timeout = milliseconds(10_000), scopes = [] } = options;
  const { refusalTtl = seconds(5), breaker: given } = options;
  const breaker = given !== undefined && 'run' in given ? given : createBreaker({ ...given, clock });
  let held: { readonly issued: IssuedToken; readonly until: EpochMilliseconds } | undefined;
  let refused: { readonly refusal: ExchangeRefusal; readonly until: number } | undefined;
  let flight: Promise<Result<IssuedToken, ExchangeRefusal>> | undefined;

  async function ask(): Promise<Result<IssuedToken, ExchangeRefusal>> {
    const form: [string, string][] = [['grant_type', grantTypes.clientCredentials]];
    if (scopes.length > 0) form.push(['scope', scopes.join(' ')]);
    if (options.audience !== undefined) form.push(['audience', options.audience]);
    if (options.resource !== undefined) form.push(['resource', options.resource]);
    const request = buildTokenRequest(options, form);
    const ports = { fetch, clock, timeout, secrets: [options.clientSecret] };
    const outcome = await breaker.run<IssuedToken, ExchangeRefusal>(
      () => postTokenRequest(request, ports),
      isServerFault,
    );
    if (outcome.ok) {
      const { expiresAt } = outcome.value;
      const kept = keepFor({ now: clock(), expiresAt, subjectExpiresAt: undefined, buffer });
      held = { issued: outcome.value, until: kept?.until ?? epochMilliseconds(0) };
    } else if (isLasting(outcome.refusal)) {
      refused = { refusal: outcome.refusal, until: clock() + refusalTtl * 1000 };
    }
    return outcome;
  }

  /** The token in hand, if it has not ended yet. */
  function heldOr(now: number, otherwise: Result<IssuedToken, ExchangeRefusal>): Result<IssuedToken, ExchangeRefusal> {
    const end = held?.issued.expiresAt;
    return held !== undefined && end !== undefined && now < end * 1000 ? ok(held.issued) : otherwise;
  }

  return {
    async token() {
      const now = clock();
      if (held !== undefined && now < held.until) return ok(held.issued);
      if (refused !== undefined && now < refused.until) return heldOr(now, refuse(refused.refusal));
      flight ??= ask().finally(() => {
        flight = undefined;
      });
      const outcome = await flight;
      return outcome.ok ? outcome : heldOr(now, outcome);
    },
    forget() {
      held = undefined;
    },
  };
}
