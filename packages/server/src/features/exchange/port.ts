import type { Breaker, CacheSelector } from '@keyturn/exchange';

/** What the admin routes need of the room "next hop" and of the upstreams' breakers. */
export interface ExchangeAdmin {
  /** Of the token endpoint; undefined where nothing is exchanged. */
  readonly tokenEndpoint: Breaker | undefined;
  /** Of the upstreams that have been called since the start, by source id. */
  readonly upstreams: () => ReadonlyMap<string, Breaker>;
  /** Drops kept upstream tokens, and says how many that were. */
  readonly purge: (selector: CacheSelector) => number;
  readonly kept: () => number;
}
