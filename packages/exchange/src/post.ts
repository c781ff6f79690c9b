import type { GuardedRequest, NetRefusal } from '@keyturn/net';
import { explainNetRefusal } from '@keyturn/net';
import type { Clock, Milliseconds, Result } from '@keyturn/protocol';
import { kibibytes, refuse } from '@keyturn/protocol';
import type { ExchangeRefusal } from './refusal.ts';
import type { TokenRequest } from './request.ts';
import { type IssuedToken, readExchangeResponse, type TokenResponse } from './response.ts';

/**
 * What this package needs of the network: `GuardedFetch` of @keyturn/net fits, and so does any function that never
 * follows a redirect (a 307 would hand the client's secret to another origin), ends at `timeout` and stops at `maxBytes`.
 */
export type ExchangeFetch = (url: string, request: GuardedRequest) => Promise<Result<TokenResponse, NetRefusal>>;

/** Sends a token request and reads the answer; every way in which that can fail is a refusal. */
export async function postTokenRequest(
  request: TokenRequest,
  ports: {
    readonly fetch: ExchangeFetch;
    readonly clock: Clock;
    readonly timeout: Milliseconds;
    readonly secrets: readonly string[];
  },
): Promise<Result<IssuedToken, ExchangeRefusal>> {
  const { method, headers, body } = request;
  const answer = await ports.fetch(request.url, {
    method,
    headers,
    body,
    timeout: ports.timeout,
    maxBytes: kibibytes(256),
    redirect: 'error',
  });
  if (answer.ok) return readExchangeResponse(answer.value, { now: ports.clock(), secrets: ports.secrets });
  return refuse(readNetRefusal(answer.refusal));
}

function readNetRefusal(refusal: NetRefusal): ExchangeRefusal {
  const detail = explainNetRefusal(refusal);
  // An answer came, though not one that a token endpoint gives.
  if (refusal.why === 'redirect') return { why: 'bad-answer', status: refusal.status, detail };
  if (refusal.why === 'too-large') return { why: 'bad-answer', status: 200, detail };
  return { why: 'unreachable', detail, status: undefined, retryAfter: undefined };
}
