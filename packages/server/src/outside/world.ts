import { randomFillSync } from 'node:crypto';
import { type Clock, epochMilliseconds, type Random } from '@keyturn/protocol';
import type { Log } from './log.ts';
import type { Meter } from './metrics.ts';
import type { Tracer } from './traces.ts';

/** Everything of the world that the service touches. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  /** Files that settings name and that may change while the service runs. */
  readonly readFile: (path: string) => Promise<string>;
  /** Where traces and numbers go beside the log and /metrics; OpenTelemetry's, where OTEL_* asks for it. */
  readonly telemetry?: Telemetry | undefined;
}

/** Of OpenTelemetry, as much as Keyturn writes. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Sends what is left. */
  readonly close: () => Promise<void>;
}

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
