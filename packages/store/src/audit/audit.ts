import type { EpochMilliseconds, Result } from '@keyturn/protocol';
import type { Tx } from '../transactions.ts';
import type { CheckpointSigner, SignedCheckpoint } from './checkpoint.ts';
import type { AuditEvent, AuditRow } from './event.ts';
import type { ExportOptions } from './export.ts';
import type { AuditFilter, AuditPage, AuditPageRequest } from './list.ts';
import type { BrokenLink } from './verify.ts';

/** What happened, in rows that are chained by hashes. Nothing here updates or deletes. */
export interface Audit {
  /** Records what a transaction does, in it: the row is written right before the commit. The same as `tx.audit(event)`. */
  append(tx: Tx, event: AuditEvent): void;

  /**
   * Records an event that belongs to no transaction. Resolves when it is durable; events that come together share one
   * flush. Rejects if it could not be written, and then what it records must not be answered for.
   */
  record(event: AuditEvent): Promise<void>;

  /** A page, newest first. */
  list(filter: AuditFilter, page?: AuditPageRequest): Promise<Result<AuditPage, { readonly why: 'bad-cursor' }>>;

  /** Signs how far every chain has come. Undefined where none has moved, or another replica is just doing it. */
  checkpoint(signer: CheckpointSigner): Promise<SignedCheckpoint | undefined>;

  /** Removes what is older from the beginning of each chain, and says so in a checkpoint. Returns how many rows went. */
  prune(before: EpochMilliseconds, signer: CheckpointSigner): Promise<number>;

  /** Everything as JSON lines; `verifyExport` reads them anywhere. */
  export(options: ExportOptions): AsyncIterable<string>;

  /** Checks rows of any number of chains, in any order, and names the first broken link. */
  verify(rows: Iterable<AuditRow>): Result<{ readonly chains: number; readonly rows: number }, BrokenLink>;
}
