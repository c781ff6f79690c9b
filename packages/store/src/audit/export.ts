import type { EpochMilliseconds } from '@keyturn/protocol';
import type { Kysely } from 'kysely';
import type { StoreTables } from '../tables.ts';
import { listCheckpoints } from './make-checkpoint.ts';
import { readRow } from './row.ts';

export interface ExportOptions {
  /** Keys that checkpoints may be signed with, as JWKs. Whoever verifies compares them with those they trust. */
  readonly keys: readonly object[];
  readonly at: EpochMilliseconds;
  /** Only rows of this time: such a part is verified as far as it goes. */
  readonly from?: EpochMilliseconds | undefined;
  readonly to?: EpochMilliseconds | undefined;
}

/** Rows a query. */
const pageSize = 500;

/**
 * The audit as JSON lines: a head, the checkpoints, the rows by chain and number, and an end that counts them. Each row is
 * what its hash covers, so that any program can check it.
 */
export async function* exportAudit(
  db: Kysely<StoreTables>,
  { keys, at, from, to }: ExportOptions,
): AsyncGenerator<string> {
  const part = from === undefined && to === undefined ? {} : { from: from ?? null, to: to ?? null };
  yield line({ type: 'keyturn.audit', version: 1, at, keys, ...part });
  for (const checkpoint of await listCheckpoints(db)) yield line({ type: 'checkpoint', ...checkpoint });
  let rows = 0;
  let place: { chain: string; seq: number } = { chain: '', seq: 0 };
  for (;;) {
    const after = place;
    let query = db
      .selectFrom('audit_events')
      .selectAll()
      .where((eb) => eb(eb.refTuple('chain', 'seq'), '>', eb.tuple(after.chain, after.seq)));
    if (from !== undefined) query = query.where('at', '>=', from);
    if (to !== undefined) query = query.where('at', '<', to);
    const page = await query.orderBy('chain').orderBy('seq').limit(pageSize).execute();
    for (const row of page) yield line({ type: 'row', ...readRow(row) });
    rows += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    place = last;
  }
  yield line({ type: 'end', rows });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
