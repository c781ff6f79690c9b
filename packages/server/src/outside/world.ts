import { randomBytes } from 'node:crypto';
import { type Clock, epochMilliseconds, type Random } from '@keyturn/protocol';

/** The machine's own clock. */
export const systemClock: Clock = () => epochMilliseconds(Date.now());

/** The operating system's randomness. */
export const systemRandom: Random = (n) => randomBytes(n);
