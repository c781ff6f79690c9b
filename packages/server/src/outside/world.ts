import { randomFillSync } from 'node:crypto';
import { type Clock, epochMilliseconds, type Random } from '@keyturn/protocol';

/** The machine's own clock. */
export const systemClock: Clock = () => epochMilliseconds(Date.now());

/**
 * The operating system's randomness, drawn 8 KiB at a time: a call into it costs more than most of a request. Each byte
 * is handed out once.
 */
function createPool(): Random {
  const pool = new Uint8Array(8192);
  let used = pool.length;
  return (n) => {
    if (n > pool.length) return randomFillSync(new Uint8Array(n));
    if (used + n > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + n);
    pool.fill(0, used, used + n);
    used += n;
    return bytes;
  };
}

export const systemRandom: Random = createPool();
