import type { EpochMilliseconds, PatId } from '@keyturn/protocol';
import { secondsOf } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import { longestLifeOf } from './pat.ts';
import type { NewRevocation, RevocationLog } from './revocation-log.ts';
import { patOf } from './rows.ts';
import type { PatTables } from './tables.ts';

/**
 * Tells those who verify by themselves of JWTs that have run out by the table and not by what they say of themselves: the
 * one before a rotation once its overlap is over, and one that was made for less than the identity provider gives. Here
 * they are refused all the same. Each is told of once, by one replica.
 */
export async function tellOfRunOut(store: Store, log: RevocationLog, now: EpochMilliseconds): Promise<void> {
  const second = secondsOf(now);
  const rows = await store.db
    .withTables<PatTables>()
    .selectFrom('pats_token')
    .selectAll()
    .where('kind', '=', 'jwt')
    .where((where) =>
      where.or([
        where('former_until', '<=', second),
        where.and([where('expires_at', '<=', second), where('announced', '<', runOut)]),
      ]),
    )
    .limit(500)
    .execute();
  if (rows.length === 0) return;
  await store.transaction(async (tx) => {
    const own = tx.db.withTables<PatTables>();
    const ends: NewRevocation[] = [];
    for (const row of rows) {
      const pat = patOf(row);
      const end = (jti: string | undefined): void => {
        if (jti === undefined) return;
        // The one JWT, and not the token by its id, which goes on after a rotation.
        const revocation = { kind: 'jti', value: jti, issuer: pat.owner.issuer } as const;
        ends.push({ revocation, until: longestLifeOf(pat) });
      };
      if (pat.former !== undefined && pat.former.until <= second) {
        const forgotten = await own
          .updateTable('pats_token')
          .set({ former_hash: null, former_jti: null, former_until: null })
          .where('id', '=', pat.id)
          .where('former_hash', '=', pat.former.hash)
          .executeTakeFirst();
        if (forgotten.numUpdatedRows === 1n) end(pat.former.jti);
      }
      if (pat.expiresAt <= second && (await isFirst(tx, pat.id, pat.hash))) end(pat.jti);
    }
    await log.append(tx, now, ends);
  });
}

/** In `announced`: it has run out, and that has been told. */
const runOut = 2;

async function isFirst({ db }: Tx, id: PatId, hash: string): Promise<boolean> {
  const marked = await db
    .withTables<PatTables>()
    .updateTable('pats_token')
    .set({ announced: runOut })
    .where('id', '=', id)
    .where('hash', '=', hash)
    .where('announced', '<', runOut)
    .executeTakeFirst();
  return marked.numUpdatedRows === 1n;
}
