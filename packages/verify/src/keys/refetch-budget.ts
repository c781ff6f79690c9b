import type { EpochMilliseconds, Seconds } from '@keyturn/protocol';
import { toMilliseconds } from '@keyturn/protocol';

/** How many refetches unknown key ids may still cause. */
export interface Budget {
  /** Takes one, or says that none is left. */
  take(now: EpochMilliseconds): boolean;
  giveBack(): void;
}

/** A budget of `size` that wins one back each time `every` has passed. */
export function createBudget(size: number, every: Seconds, start: EpochMilliseconds): Budget {
  let left = size;
  let countedAt: number = start;
  return {
    take(now) {
      const won = Math.floor((now - countedAt) / toMilliseconds(every));
      if (won > 0) {
        left = Math.min(size, left + won);
        countedAt = now;
      }
      // A full budget wins nothing, and a clock that was set back begins to count anew.
      if (left === size || now < countedAt) countedAt = now;
      if (left === 0) return false;
      left--;
      return true;
    },
    giveBack() {
      left = Math.min(size, left + 1);
    },
  };
}
