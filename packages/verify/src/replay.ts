import type { Clock, EpochSeconds } from '@keyturn/protocol';
import { secondsOf } from '@keyturn/protocol';
import type { Wishes } from './option-checks.ts';
import { clockWish, faultsOf, isCountBetween, throwFaults } from './option-checks.ts';
import { systemClock } from './system-clock.ts';

/**
 * Remembers which DPoP proofs were used (RFC 9449 §11.1). `claim` is atomic: of several calls with one key, exactly one
 * gets true, in whatever order they come; the others get false until `until` has passed. Replicas that share callers
 * share a store, else a proof works once at each.
 */
export interface ReplayStore {
  claim(key: string, until: EpochSeconds): boolean | Promise<boolean>;
}

interface MemoryReplayStoreOptions {
  /** Default the system's clock. */
  readonly clock?: Clock;
  /** How many proofs are kept in mind. Default 100000. */
  readonly maxEntries?: number;
}

const wishes: Wishes<MemoryReplayStoreOptions> = {
  clock: clockWish,
  maxEntries: { wish: 'a whole number from 1 to 10 million', holds: isCountBetween(1, 10_000_000), shown: true },
};

/**
 * A store for one process. Bounded: when it is full of proofs that are still fresh it claims nothing more, so that a
 * flood cannot push out the proof that is about to be replayed.
 */
export function createMemoryReplayStore(options: MemoryReplayStoreOptions = {}): ReplayStore {
  throwFaults('the store of used proofs', faultsOf(options, wishes));
  const { clock = systemClock, maxEntries = 100_000 } = options;
  const used = new Map<string, EpochSeconds>();
  // Proofs live about equally long, so that the oldest entries are the first to be let go.
  const forget = (now: EpochSeconds): void => {
    for (const [key, until] of used) {
      if (until > now) break;
      used.delete(key);
    }
  };
  return {
    claim(key, until) {
      const now = secondsOf(clock());
      forget(now);
      const before = used.get(key);
      if (before !== undefined && before > now) return false;
      if (used.size >= maxEntries) return false;
      used.delete(key);
      used.set(key, until);
      return true;
    },
  };
}
