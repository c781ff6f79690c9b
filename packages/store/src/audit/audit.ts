import type { Result } from '@keyturn/protocol';
import type { Tx } from '../transactions.ts';
import type { AuditEvent, AuditRow } from './event.ts';
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

  /** Checks rows of any number of chains, in any order, and names the first broken link. */
  verify(rows: Iterable<AuditRow>): Result<{ readonly chains: number; readonly rows: number }, BrokenLink>;
}
