import type { Milliseconds } from '@keyturn/protocol';
import type { BreakerState } from './breaker.ts';
import type { ExchangeRefusal } from './refusal.ts';

/**
 * What happened, for metrics, traces and the log (`tools_provider.token_exchange.count|duration|errors|cache_hits`,
 * `tools_provider.circuit_breaker.state|opens`). Free of tokens.
 */
export type ExchangeEvent =
  /** A kept token was handed out; `joined` if the call waited for an exchange that was under way. */
  | { readonly kind: 'cache-hit'; readonly audience: string; readonly joined: boolean }
  /** A refusal was repeated from the negative cache, without asking. */
  | { readonly kind: 'refusal-repeated'; readonly audience: string; readonly refusal: ExchangeRefusal }
  /** A request is about to be sent: seed 003's span event "Performing token exchange". */
  | { readonly kind: 'exchange-started'; readonly audience: string; readonly renewal: boolean }
  | {
      readonly kind: 'exchanged';
      readonly audience: string;
      readonly duration: Milliseconds;
      readonly renewal: boolean;
      /** Seconds until the new token ends; undefined if it does not say. */
      readonly expiresIn: number | undefined;
    }
  | {
      readonly kind: 'exchange-failed';
      readonly audience: string;
      readonly duration: Milliseconds;
      readonly renewal: boolean;
      readonly refusal: ExchangeRefusal;
    }
  | { readonly kind: 'breaker'; readonly state: BreakerState };
