import { hash } from 'node:crypto';
import type { CountReading, WantedCount } from '@keyturn/policy';
import { type EpochMilliseconds, epochMilliseconds } from '@keyturn/protocol';
import { manyRows, type Store, type Tx } from '@keyturn/store';
import type { PolicyTables } from './tables.ts';

export type Readings = ReadonlyMap<string, CountReading>;

/** What limits have let through, shared by all replicas. */
export interface Takes {
  /**
   * Reads all limits at one moment and, if `proceeds` says of the readings that the call goes on, counts it in each that
   * still has room. Two calls cannot both be the last that fits, on however many replicas. Calls that come together share
   * a transaction and are counted one after the other.
   */
  readonly take: (
    wanted: readonly WantedCount[],
    now: EpochMilliseconds,
    proceeds: (readings: Readings) => boolean,
  ) => Promise<Readings>;
  /** Only reads. */
  readonly peek: (wanted: readonly WantedCount[], now: EpochMilliseconds) => Promise<Readings>;
}

interface Take {
  readonly wanted: readonly WantedCount[];
  readonly now: EpochMilliseconds;
  readonly proceeds: (readings: Readings) => boolean;
}

/** Keys a query: more could be more parameters than a database takes. */
const keysAtOnce = 500;

export function openTakes(store: Store): Takes {
  const touch = manyRows((db, rows: readonly { key: string; touched_at: number }[]) =>
    db
      .withTables<PolicyTables>()
      .insertInto('policies_limit')
      .values([...rows])
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({ touched_at: eb.ref('excluded.touched_at') })),
      ),
  );
  const insert = manyRows((db, rows: readonly PolicyTables['policies_take'][]) =>
    db
      .withTables<PolicyTables>()
      .insertInto('policies_take')
      .values([...rows]),
  );
  const takeAll = store.together<Take, Readings>(async (tx, takes) => {
    const all = takes.flatMap(({ wanted }) => wanted);
    const now = epochMilliseconds(Math.max(...takes.map((take) => take.now)));
    // Always in the same order, so that two that want the same limits do not wait for each other.
    const keys = [...new Set(all.map(keyOf))].sort();
    await touch(
      tx.db,
      keys.map((key) => ({ key, touched_at: now })),
    );
    // What nobody asks for any more would lie for ever: it goes with whoever comes.
    await tx.db.withTables<PolicyTables>().deleteFrom('policies_take').where('until', '<=', now).execute();
    const counts = await countAll(tx.db, all, now);
    const counted: PolicyTables['policies_take'][] = [];
    const readings = takes.map(({ wanted, proceeds }) => {
      const read = readingsOf(wanted, counts);
      if (!proceeds(read)) return read;
      for (const want of wanted) {
        if (read.get(want.key)?.fits !== true) continue;
        counts.set(want.key, (counts.get(want.key) ?? 0) + 1);
        counted.push({ key: keyOf(want), at: now, until: now + want.windowMs });
      }
      return read;
    });
    await insert(tx.db, counted);
    return readings;
  });
  return {
    take: (wanted, now, proceeds) => takeAll({ wanted, now, proceeds }),
    peek: async (wanted, now) => readingsOf(wanted, await countAll(store.db, wanted, now)),
  };
}

function readingsOf(wanted: readonly WantedCount[], counts: ReadonlyMap<string, number>): Readings {
  return new Map(
    wanted.map(({ key, limit }) => {
      const count = counts.get(key) ?? 0;
      return [key, { fits: count < limit, count }];
    }),
  );
}

/** How often each was taken within its window, by its key; those that were not are not there. */
async function countAll(
  connection: Store['db'] | Tx['db'],
  wanted: readonly WantedCount[],
  now: EpochMilliseconds,
): Promise<Map<string, number>> {
  const db = connection.withTables<PolicyTables>();
  const counts = new Map<string, number>();
  for (const [windowMs, ofWindow] of Map.groupBy(wanted, (want) => want.windowMs)) {
    const names = new Map(ofWindow.map((want) => [keyOf(want), want.key]));
    const keys = [...names.keys()];
    for (let from = 0; from < keys.length; from += keysAtOnce) {
      const rows = await db
        .selectFrom('policies_take')
        .select(({ fn }) => ['key', fn.countAll<number>().as('count')])
        .where('key', 'in', keys.slice(from, from + keysAtOnce))
        .where('at', '>', now - windowMs)
        .groupBy('key')
        .execute();
      for (const { key, count } of rows) counts.set(names.get(key) ?? key, count);
    }
  }
  return counts;
}

function keyOf(want: WantedCount): string {
  return hash('sha256', want.key, 'base64url');
}
