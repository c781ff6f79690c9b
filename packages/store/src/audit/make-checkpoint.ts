import type { Clock } from '@keyturn/protocol';
import type { Transaction } from 'kysely';
import type { AuditHeadsTable, StoreTables } from '../tables.ts';
import {
  type ChainPlace,
  type Checkpoint,
  type CheckpointSigner,
  checkpointHash,
  checkpointText,
  readCheckpoint,
  signCheckpoint,
  type SignedCheckpoint,
} from './checkpoint.ts';

type Db = Transaction<StoreTables>;

/** Milliseconds before the last checkpoint in which rows may still have been under way. */
const underWay = 600_000;

/**
 * Writes a checkpoint over everything that has been committed. Undefined where no chain has moved, or where another
 * replica is writing one at this moment.
 */
export async function makeCheckpoint(
  db: Db,
  clock: Clock,
  signer: CheckpointSigner,
  cuts: Readonly<Record<string, ChainPlace>> = {},
): Promise<SignedCheckpoint | undefined> {
  const last = await db.selectFrom('audit_checkpoints').selectAll().orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const heads = await movedHeads(db, last === undefined ? 0 : last.at - underWay);
  if (Object.keys(heads).length === 0 && Object.keys(cuts).length === 0) return undefined;
  const checkpoint: Checkpoint = {
    seq: (last?.seq ?? 0) + 1,
    at: clock(),
    prev: last?.hash ?? '',
    keyId: signer.keyId,
    heads,
    cuts,
  };
  const body = checkpointText(checkpoint);
  const signature = signCheckpoint(body, signer);
  const { seq, at } = checkpoint;
  const inserted = await db
    .insertInto('audit_checkpoints')
    .values({ seq, at, body, signature, hash: checkpointHash(body, signature) })
    .onConflict((conflict) => conflict.column('seq').doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) return undefined;
  for (const [chain, place] of Object.entries(heads)) {
    await db
      .insertInto('audit_heads')
      .values({ chain, ...place, cut_seq: 0, cut_hash: '' })
      .onConflict((conflict) => conflict.column('chain').doUpdateSet(place))
      .execute();
  }
  return { ...checkpoint, signature };
}

/** The ends of the chains that have grown since the checkpoints saw them. */
async function movedHeads(db: Db, since: number): Promise<Record<string, ChainPlace>> {
  const known = new Map(
    (await db.selectFrom('audit_heads').select(['chain', 'seq']).execute()).map((row) => [row.chain, row.seq]),
  );
  const ends = await db
    .selectFrom('audit_events')
    .select((eb) => ['chain', eb.fn.max<number>('seq').as('seq')])
    .where('at', '>=', since)
    .groupBy('chain')
    .execute();
  const heads: Record<string, ChainPlace> = {};
  for (const { chain, seq } of ends) {
    if (seq <= (known.get(chain) ?? 0)) continue;
    const row = await db
      .selectFrom('audit_events')
      .select('hash')
      .where('chain', '=', chain)
      .where('seq', '=', seq)
      .executeTakeFirstOrThrow();
    heads[chain] = { seq, hash: row.hash };
  }
  return heads;
}

/**
 * Removes the rows of before a moment from the beginning of each chain, and says so in a checkpoint: what is left can
 * still be verified, and what was removed otherwise is still missed. Rows that no checkpoint has seen stay.
 */
export async function pruneAudit(db: Db, clock: Clock, signer: CheckpointSigner, before: number): Promise<number> {
  await makeCheckpoint(db, clock, signer);
  const heads = await db.selectFrom('audit_heads').selectAll().execute();
  let removed = 0;
  const cuts: Record<string, ChainPlace> = {};
  for (const head of heads) {
    const cut = await cutOf(db, head, before);
    if (cut === undefined) {
      if (head.cut_seq > 0) cuts[head.chain] = { seq: head.cut_seq, hash: head.cut_hash };
      continue;
    }
    const gone = await db
      .deleteFrom('audit_events')
      .where('chain', '=', head.chain)
      .where('seq', '<=', cut.seq)
      .executeTakeFirst();
    removed += Number(gone.numDeletedRows);
    await db
      .updateTable('audit_heads')
      .set({ cut_seq: cut.seq, cut_hash: cut.hash })
      .where('chain', '=', head.chain)
      .execute();
    cuts[head.chain] = cut;
  }
  if (removed === 0) return 0;
  const made = await makeCheckpoint(db, clock, signer, cuts);
  if (made === undefined) throw new Error('another replica wrote a checkpoint while rows were removed: try again');
  // Every cut is in the newest one, so older statements about what is gone are not needed any more.
  await db.deleteFrom('audit_checkpoints').where('at', '<', before).where('seq', '<', made.seq).execute();
  return removed;
}

/** The last row that goes: rows go from the beginning only, and none behind the first that stays. */
async function cutOf(db: Db, head: AuditHeadsTable, before: number): Promise<ChainPlace | undefined> {
  const rows = db.selectFrom('audit_events').where('chain', '=', head.chain);
  const stays = await rows
    .select((eb) => eb.fn.min<number | null>('seq').as('seq'))
    .where('at', '>=', before)
    .executeTakeFirstOrThrow();
  const upTo = Math.min(stays.seq === null ? head.seq : stays.seq - 1, head.seq);
  const last = await rows
    .select(['seq', 'hash'])
    .where('seq', '<=', upTo)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last;
}

/** Every checkpoint, from the oldest. */
export async function listCheckpoints(db: Pick<Db, 'selectFrom'>): Promise<readonly SignedCheckpoint[]> {
  const rows = await db.selectFrom('audit_checkpoints').selectAll().orderBy('seq').execute();
  return rows.map(({ body, signature }) => {
    const read = readCheckpoint({ ...JSON.parse(body), signature });
    if (read === undefined) throw new Error('a checkpoint in the database cannot be read');
    return read;
  });
}
