import { type Breaker, createBreaker } from '@keyturn/exchange';
import { type Clock, seconds } from '@keyturn/protocol';
import type { Settings } from '../../config/schema.ts';
import type { Log } from '../../outside/log.ts';
import type { Metrics } from '../../outside/metrics.ts';

/**
 * One breaker a source, on this replica: an upstream that is down is left alone for a while, and its callers get their
 * answer at once. Only the upstream's own faults count: no connection, no answer, 502, 503 and 504.
 */
export interface UpstreamBreakers {
  readonly of: (sourceId: string) => Breaker;
  /** Those that have been called since the start, by source id. */
  readonly all: () => ReadonlyMap<string, Breaker>;
}

export interface UpstreamBreakerOptions {
  readonly settings: Pick<Settings['tools'], 'failureThreshold' | 'recoveryTimeout'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'breakerOpened'>;
  readonly log: Log;
}

export function createUpstreamBreakers({ settings, clock, metrics, log }: UpstreamBreakerOptions): UpstreamBreakers {
  const breakers = new Map<string, Breaker>();
  return {
    of(source) {
      const known = breakers.get(source);
      if (known !== undefined) return known;
      const breaker = createBreaker({
        clock,
        failureThreshold: settings.failureThreshold,
        recoveryTimeout: seconds(settings.recoveryTimeout),
        onChange(state) {
          if (state === 'open') metrics.breakerOpened(source);
          log.warn({ source, state }, 'circuit breaker of an upstream');
        },
      });
      breakers.set(source, breaker);
      return breaker;
    },
    all: () => breakers,
  };
}
