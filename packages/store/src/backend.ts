import type { EpochMilliseconds } from '@keyturn/protocol';
import type { Dialect, Kysely } from 'kysely';
import type { StoreTables } from './tables.ts';
import type { SendNotification } from './transactions.ts';

/** What differs between the databases. */
export interface Backend {
  readonly dialect: Dialect;
  /** Makes sure that the database answers. Called once, before anything else. */
  start(db: Kysely<StoreTables>): Promise<void>;
  readonly send: SendNotification;
  /** Resolves once notifications are heard. May be called again. */
  hear(): Promise<void>;
  /** Everything notified before has been delivered. */
  heardSince(): EpochMilliseconds;
  /** Frees what is not the dialect's. */
  close(): Promise<void>;
}
