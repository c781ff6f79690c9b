import type { Seconds } from '@keyturn/protocol';
import { unreachable } from '@keyturn/protocol';

/**
 * Why there is no token. Holds no token and no secret, not even shortened, so that it may be logged whole.
 *
 * - `refused`: the server understood and said no. The caller's or the set-up's fault; never counted by the breaker.
 * - `unreachable`: no answer, or one that says "not now" (5xx, 429). Try again, after `retryAfter` if given.
 * - `breaker-open`: nothing was sent, because the server failed again and again.
 * - `bad-answer`: an answer that no token endpoint gives: HTML, no token, a token that is no bearer access token.
 */
export type ExchangeRefusal =
  | {
      readonly why: 'refused';
      readonly status: number;
      /** The OAuth error code, as the server wrote it. */
      readonly error: string;
      /** `error_description`, cut at 300 characters and freed of tokens; empty if there was none. */
      readonly description: string;
    }
  | {
      readonly why: 'unreachable';
      readonly detail: string;
      readonly status: number | undefined;
      readonly retryAfter: Seconds | undefined;
    }
  | { readonly why: 'breaker-open'; readonly retryAfter: Seconds }
  | { readonly why: 'bad-answer'; readonly status: number; readonly detail: string };

/**
 * Whether the server is at fault, which is all that the breaker counts: a 5xx, no connection, no answer in time, or an
 * answer that is no token answer. Never a 4xx: else one agent with bad tokens would shut the door for all (seed 003's bug).
 */
export function isServerFault(refusal: ExchangeRefusal): boolean {
  switch (refusal.why) {
    case 'refused':
    case 'breaker-open':
      return false;
    case 'unreachable':
      return refusal.status === undefined || refusal.status >= 500;
    case 'bad-answer':
      return refusal.status < 400 || refusal.status >= 500;
    default:
      return unreachable(refusal);
  }
}

/** Whether the same question would meet it again; a 401 is about the client's secret, which may just be rotating. */
export function isLasting(refusal: ExchangeRefusal): boolean {
  return refusal.why === 'refused' && (refusal.status === 400 || refusal.status === 403);
}
