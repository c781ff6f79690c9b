import type { Clock, Random } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Settings } from '../config/schema.ts';
import type { House } from '../http/pass.ts';
import type { Log } from '../outside/log.ts';
import type { Metrics } from '../outside/metrics.ts';

/** What nearly every part is given. */
export interface Shared {
  readonly settings: Settings;
  /** Compared with `iss`. */
  readonly issuer: string;
  readonly adminRole: string;
  /** By which callers reach Keyturn, without a trailing slash. */
  readonly publicUrl: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The same with the six rooms, for whatever is reached through them. */
export interface InTheHouse extends Shared {
  readonly house: House;
}
