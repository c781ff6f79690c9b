import { type EpochMilliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import type { Kysely } from 'kysely';
import type { StoreTables } from '../tables.ts';
import type { AuditEvent, AuditRow } from './event.ts';
import { readRow } from './row.ts';

/** All given members must hold. */
export interface AuditFilter {
  /** Not before. */
  readonly from?: EpochMilliseconds;
  /** Before. */
  readonly to?: EpochMilliseconds;
  readonly kind?: string;
  /** The actor's. */
  readonly identity?: string;
  /** The actor's. */
  readonly client?: string;
  /** The identity that the actor acts for. */
  readonly onBehalfOf?: string;
  readonly action?: string;
  readonly target?: string;
  readonly outcome?: AuditEvent['outcome'];
  readonly requestId?: string;
  readonly chain?: string;
}

export interface AuditPageRequest {
  /** Default 50, at most 1000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface AuditPage {
  /** Newest first. */
  readonly rows: readonly AuditRow[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

/** A page of the audit, newest first. Refuses a cursor that this function has not given out. */
export async function listAudit(
  db: Kysely<StoreTables>,
  filter: AuditFilter,
  { limit = 50, after }: AuditPageRequest,
): Promise<Result<AuditPage, { readonly why: 'bad-cursor' }>> {
  const wanted = Math.min(Math.max(1, Math.trunc(limit) || 1), 1000);
  let query = db.selectFrom('audit_events').selectAll();
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('at', '<', filter.to);
  for (const [column, value] of [
    ['kind', filter.kind],
    ['identity', filter.identity],
    ['client', filter.client],
    ['behalf_identity', filter.onBehalfOf],
    ['action', filter.action],
    ['target', filter.target],
    ['outcome', filter.outcome],
    ['request_id', filter.requestId],
    ['chain', filter.chain],
  ] as const) {
    // No stored text holds NUL, and PostgreSQL would refuse the question.
    if (value?.includes('\0') === true) return ok({ rows: [], next: undefined });
    if (value !== undefined) query = query.where(column, '=', value);
  }
  if (after !== undefined) {
    const place = readCursor(after);
    if (place === undefined) return refuse({ why: 'bad-cursor' });
    query = query.where((eb) => eb(eb.refTuple('at', 'chain', 'seq'), '<', eb.tuple(place.at, place.chain, place.seq)));
  }
  const found = await query
    .orderBy('at', 'desc')
    .orderBy('chain', 'desc')
    .orderBy('seq', 'desc')
    .limit(wanted + 1)
    .execute();
  const rows = found.slice(0, wanted).map(readRow);
  const last = rows.at(-1);
  return ok({ rows, next: found.length > wanted && last !== undefined ? writeCursor(last) : undefined });
}

function writeCursor({ at, chain, seq }: AuditRow): string {
  return `${at}.${chain}.${seq}`;
}

function readCursor(text: string): { at: number; chain: string; seq: number } | undefined {
  const parts = /^(\d{1,15})\.(aud_[0-9a-z]{26})\.(\d{1,15})$/.exec(text);
  if (parts === null) return undefined;
  const [, at, chain = '', seq] = parts;
  return { at: Number(at), chain, seq: Number(seq) };
}
