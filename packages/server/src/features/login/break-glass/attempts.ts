import type { Clock } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { LoginTables } from '../tables.ts';

const window = 15 * 60_000;

/** What is counted, and how many failures of it are too many. */
export interface Counted {
  readonly key: string;
  readonly limit: number;
}

/** Failed attempts of the last 15 minutes, counted in the store, so that a second replica is no second chance. */
export interface Attempts {
  /** Notes an attempt under each key before it is judged; false if one of them has none left. */
  readonly take: (counted: readonly Counted[]) => Promise<boolean>;
  /** Forgets the failures of these: an attempt was good. */
  readonly forgive: (keys: readonly string[]) => Promise<void>;
  readonly prune: () => Promise<void>;
}

export function openAttempts(store: Store, clock: Clock): Attempts {
  const db = store.db.withTables<LoginTables>();
  return {
    // Written, and committed, before anything is counted: of a hundred attempts at once, no more than the limit are judged.
    async take(counted) {
      const now = clock();
      await db
        .insertInto('login_attempt')
        .values(counted.map(({ key }) => ({ key, failed_at: now })))
        .execute();
      const keys = counted.map(({ key }) => key);
      const found = await db
        .selectFrom('login_attempt')
        .select(({ fn }) => ['key', fn.countAll<number | string | bigint>().as('count')])
        .where('key', 'in', keys)
        .where('failed_at', '>', now - window)
        .groupBy('key')
        .execute();
      return found.every(({ key, count }) => Number(count) <= (counted.find((one) => one.key === key)?.limit ?? 0));
    },
    async forgive(keys) {
      await db.deleteFrom('login_attempt').where('key', 'in', keys).execute();
    },
    async prune() {
      await db
        .deleteFrom('login_attempt')
        .where('failed_at', '<=', clock() - window)
        .execute();
    },
  };
}

/** Takes a time step of an account: true once, and for later steps only. */
export async function takeStep(store: Store, username: string, step: number): Promise<boolean> {
  const done = await store.db
    .withTables<LoginTables>()
    .insertInto('login_code_used')
    .values({ username, step })
    .onConflict((conflict) =>
      conflict.column('username').doUpdateSet({ step }).where('login_code_used.step', '<', step),
    )
    .executeTakeFirst();
  return done.numInsertedOrUpdatedRows === 1n;
}
