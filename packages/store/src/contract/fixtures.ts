import type { Kysely } from 'kysely';
import type { Migration } from '../migrations.ts';
import type { Store } from '../store.ts';
import type { StoreTables } from '../tables.ts';
import type { TestDatabase } from '../testing/test-databases.ts';

/** The tables of a feature that exists only here. */
// A type and not an interface: Kysely's tables need an index signature.
type ShopTables = {
  shop_item: { id: string; amount: number; note: string | null; sold: number };
  shop_order: { id: string; item_id: string };
};

export const shopMigrations: readonly Migration[] = [
  {
    id: 'shop-001',
    up: async (db) => {
      await db.schema
        .createTable('shop_item')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('amount', 'bigint', (column) => column.notNull())
        .addColumn('note', 'text')
        .addColumn('sold', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
    },
  },
  {
    id: 'shop-002',
    up: async (db) => {
      await db.schema
        .createTable('shop_order')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('item_id', 'text', (column) => column.notNull().references('shop_item.id'))
        .execute();
    },
  },
];

/** A store with the shop's tables. */
export async function openShop(database: TestDatabase, options?: Parameters<TestDatabase['open']>[0]): Promise<Store> {
  const store = await database.open(options);
  await store.migrate(shopMigrations);
  return store;
}

/** The shop's tables in a store or a transaction. */
export function shop(queries: { readonly db: Kysely<StoreTables> }): Kysely<ShopTables> {
  return queries.db.withTables<ShopTables>();
}

export async function addItem(queries: { readonly db: Kysely<StoreTables> }, id: string, amount = 1): Promise<void> {
  await shop(queries).insertInto('shop_item').values({ id, amount, note: null, sold: 0 }).execute();
}

export async function itemIds(queries: { readonly db: Kysely<StoreTables> }): Promise<readonly string[]> {
  const rows = await shop(queries).selectFrom('shop_item').select('id').orderBy('id').execute();
  return rows.map((row) => row.id);
}

/** Waits for something that another process or connection brings about; fails if it never comes. */
export async function eventually(happened: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (happened()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it never happened');
}
