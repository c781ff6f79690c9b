import { createGuardedFetch } from '@keyturn/net';
import type { Clock, EpochMilliseconds, Seconds } from '@keyturn/protocol';
import { seconds, toMilliseconds } from '@keyturn/protocol';
import type { IntrospectionEndpoint } from '../introspection/introspect.ts';
import { endpointWishes, introspect } from '../introspection/introspect.ts';
import type { Fetch } from '../keys/key-source.ts';
import type { Wishes } from '../option-checks.ts';
import { clockWish, faultsOf, fetchWish, isBetween, throwFaults } from '../option-checks.ts';

import type { RevocationSource, Standing } from './source.ts';
import { systemClock } from '../system-clock.ts';

export interface IntrospectionSourceOptions extends IntrospectionEndpoint {
  /** How long an answer holds, which is how late a revocation may be noticed. Default 1 second. */
  readonly freshFor?: Seconds;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

const wishes: Wishes<IntrospectionSourceOptions> = {
  ...endpointWishes,
  // It divides time, so 0 would make every moment the same.
  freshFor: { wish: 'a number of seconds from 0.001 to 3600', holds: isBetween(0.001, 3600), shown: true },
  fetch: fetchWish,
  clock: clockWish,
};

/**
 * Learns of revocations by asking Keyturn's `/oauth2/introspect` about each token that was found genuine, again after
 * `freshFor`. Requests with one token share one question; while the endpoint is down it is asked once a second. Throws a
 * TypeError that lists everything wrong with the options.
 */
export function createIntrospectionSource(options: IntrospectionSourceOptions): RevocationSource {
  throwFaults('the source of revocations', faultsOf(options, wishes));
  const { endpoint, clock = systemClock } = options;
  const fetch = options.fetch ?? createGuardedFetch({ allowPrivateHosts: [new URL(endpoint).host] });
  const freshFor = toMilliseconds(options.freshFor ?? seconds(1));
  const inFlight = new Map<string, Promise<Standing>>();
  let down: { readonly fault: string; readonly at: EpochMilliseconds } | undefined;

  const ask = async (token: string): Promise<Standing> => {
    const answer = await introspect(options, token, fetch);
    inFlight.delete(token);
    if (!answer.ok) {
      down = { fault: answer.refusal, at: clock() };
      return { standing: 'unknown', fault: answer.refusal };
    }
    down = undefined;
    return answer.value.active ? { standing: 'good' } : { standing: 'revoked', by: 'introspection' };
  };

  return {
    // Time itself is what makes an answer old here.
    epochAt: (now) => Math.floor(now / freshFor),
    check(_principal, token, now) {
      if (down !== undefined && now - down.at >= 0 && now - down.at < 1000) {
        return { standing: 'unknown', fault: down.fault };
      }
      const asking = inFlight.get(token) ?? ask(token);
      inFlight.set(token, asking);
      return asking;
    },
  };
}
