import type { EpochMilliseconds, EpochSeconds, PatId } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { Revocation } from '@keyturn/verify';
import type { PatTables, RevocationRow } from './tables.ts';

/** The channel on which replicas hear that the log has grown. */
export const revocationsChannel = 'keyturn_pats';

/** A revocation in the log: what verifiers are told, and the personal access token that it is about, if it is about one. */
export interface LoggedRevocation {
  readonly seq: number;
  readonly revocation: Revocation;
  readonly pat: PatId | undefined;
}

export interface NewRevocation {
  readonly revocation: Revocation;
  readonly pat?: PatId | undefined;
  /** When no token can be alive any more that this is about; then the row is dropped. */
  readonly until: EpochSeconds;
}

/**
 * The revocations, in one order for all replicas. `append` is part of the transaction that does the revoking, so that
 * both are true or neither; `after` gives what was committed after a number, without gaps, oldest first.
 */
export interface RevocationLog {
  readonly append: (tx: Tx, at: EpochMilliseconds, revocations: readonly NewRevocation[]) => Promise<void>;
  readonly after: (seq: number) => Promise<readonly LoggedRevocation[]>;
  /** Drops rows about tokens that have all expired. */
  readonly prune: (now: EpochSeconds) => Promise<void>;
}

export function openRevocationLog(store: Store): RevocationLog {
  const db = store.db.withTables<PatTables>();
  return {
    async append(tx, at, revocations) {
      if (revocations.length === 0) return;
      const head = await tx.db
        .withTables<PatTables>()
        .updateTable('pats_revocation_head')
        .set((row) => ({ seq: row('seq', '+', revocations.length) }))
        .returning('seq')
        .executeTakeFirstOrThrow();
      const first = head.seq - revocations.length + 1;
      const rows = revocations.map((entry, i) => rowOf(entry, first + i, at));
      // SQLite takes some thousands of parameters in one statement.
      for (let i = 0; i < rows.length; i += 500) {
        await tx.db
          .withTables<PatTables>()
          .insertInto('pats_revocation')
          .values(rows.slice(i, i + 500))
          .execute();
      }
      await tx.notify(revocationsChannel, String(head.seq));
    },
    async after(seq) {
      const rows = await db.selectFrom('pats_revocation').selectAll().where('seq', '>', seq).orderBy('seq').execute();
      return rows.map(loggedOf);
    },
    async prune(now) {
      await db.deleteFrom('pats_revocation').where('until', '<', now).execute();
    },
  };
}

function rowOf({ revocation, pat, until }: NewRevocation, seq: number, at: EpochMilliseconds): RevocationRow {
  return {
    seq,
    at,
    kind: revocation.kind,
    value: revocation.value,
    issuer: revocation.issuer ?? null,
    before: revocation.before ?? null,
    until,
    pat_id: pat ?? null,
  };
}

/** What this file wrote is read back as it was; the casts name those shapes. */
function loggedOf(row: RevocationRow): LoggedRevocation {
  return {
    seq: row.seq,
    pat: (row.pat_id ?? undefined) as PatId | undefined,
    revocation: {
      kind: row.kind as Revocation['kind'],
      value: row.value,
      ...(row.issuer === null ? {} : { issuer: row.issuer }),
      ...(row.before === null ? {} : { before: row.before as EpochSeconds }),
      until: row.until as EpochSeconds,
    },
  };
}
