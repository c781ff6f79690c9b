import { hash } from 'node:crypto';
import type { CountReading, WantedCount } from '@keyturn/policy';
import type { EpochMilliseconds } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { PolicyTables } from './tables.ts';

export type Readings = ReadonlyMap<string, CountReading>;

/** What limits have let through, shared by all replicas. */
export interface Takes {
  /**
   * Reads all limits at one moment and, if `proceeds` says of the readings that the call goes on, counts it in each that
   * still has room. Two calls cannot both be the last that fits, on however many replicas.
   */
  readonly take: (
    wanted: readonly WantedCount[],
    now: EpochMilliseconds,
    proceeds: (readings: Readings) => boolean,
  ) => Promise<Readings>;
  /** Only reads. */
  readonly peek: (wanted: readonly WantedCount[], now: EpochMilliseconds) => Promise<Readings>;
}

export function openTakes(store: Store): Takes {
  return {
    take: (wanted, now, proceeds) =>
      store.transaction(async (tx) => {
        const db = tx.db.withTables<PolicyTables>();
        // Always in the same order, so that two that want the same limits do not wait for each other.
        const keyed = wanted.map((want) => ({ want, key: keyOf(want) })).sort((a, b) => (a.key < b.key ? -1 : 1));
        for (const { key } of keyed) {
          await db
            .insertInto('policies_limit')
            .values({ key, touched_at: now })
            .onConflict((conflict) => conflict.column('key').doUpdateSet({ touched_at: now }))
            .execute();
          await db.deleteFrom('policies_take').where('key', '=', key).where('until', '<=', now).execute();
        }
        const readings = await readAll(tx.db, wanted, now);
        if (!proceeds(readings)) return readings;
        const rows = keyed
          .filter(({ want }) => readings.get(want.key)?.fits === true)
          .map(({ want, key }) => ({ key, at: now, until: now + want.windowMs }));
        if (rows.length > 0) await db.insertInto('policies_take').values(rows).execute();
        // What nobody asks for any more would lie for ever: a little of it goes with each call.
        await db.deleteFrom('policies_take').where('until', '<=', now).execute();
        return readings;
      }),
    peek: (wanted, now) => readAll(store.db, wanted, now),
  };
}

async function readAll(
  connection: Store['db'] | Tx['db'],
  wanted: readonly WantedCount[],
  now: EpochMilliseconds,
): Promise<Readings> {
  const db = connection.withTables<PolicyTables>();
  const readings = new Map<string, CountReading>();
  for (const want of wanted) {
    const { count } = await db
      .selectFrom('policies_take')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('key', '=', keyOf(want))
      .where('at', '>', now - want.windowMs)
      .executeTakeFirstOrThrow();
    readings.set(want.key, { fits: count < want.limit, count });
  }
  return readings;
}

function keyOf(want: WantedCount): string {
  return hash('sha256', want.key, 'base64url');
}
