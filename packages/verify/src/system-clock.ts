import type { Clock } from '@keyturn/protocol';
import { epochMilliseconds } from '@keyturn/protocol';

/** The time of whoever gives no clock of their own. */
export const systemClock: Clock = () => epochMilliseconds(Date.now());
