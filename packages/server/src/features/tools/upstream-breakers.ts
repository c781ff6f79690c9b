import { type Breaker, type BreakerState, createBreaker } from '@keyturn/exchange';
import type { Clock, Seconds } from '@keyturn/protocol';

/**
 * One breaker a source, on this replica: an upstream that is down is left alone for a while, and its callers get their
 * answer at once. Only the upstream's own faults count: no connection, no answer, 502, 503 and 504.
 */
export interface UpstreamBreakers {
  readonly of: (sourceId: string) => Breaker;
  /** Those that have been called since the start, by source id. */
  readonly all: () => ReadonlyMap<string, Breaker>;
  /** Of a source that is gone. */
  readonly forget: (sourceId: string) => void;
}

export interface UpstreamBreakerOptions {
  readonly clock: Clock;
  readonly failureThreshold: number;
  readonly recoveryTimeout: Seconds;
  readonly onChange: (sourceId: string, state: BreakerState) => void;
}

export function createUpstreamBreakers(options: UpstreamBreakerOptions): UpstreamBreakers {
  const breakers = new Map<string, Breaker>();
  return {
    of(sourceId) {
      const known = breakers.get(sourceId);
      if (known !== undefined) return known;
      const breaker = createBreaker({ ...options, onChange: (state) => options.onChange(sourceId, state) });
      breakers.set(sourceId, breaker);
      return breaker;
    },
    all: () => breakers,
    forget: (sourceId) => void breakers.delete(sourceId),
  };
}
