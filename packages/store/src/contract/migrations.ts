import { describe, expect, it } from 'vitest';
import { type Migration, MigrationError } from '../migrations.ts';
import type { TestDatabase } from '../testing/test-databases.ts';
import { itemIds, openShop, shopMigrations } from './fixtures.ts';

const nothing: Migration['up'] = async () => undefined;

export function migrationContract(database: () => TestDatabase, shared: boolean): void {
  describe('migrations', () => {
    it('are applied once, in order, with the store’s own first', async () => {
      const store = await database().open();
      expect(await store.migrate(shopMigrations)).toEqual(['audit-001', 'audit-002', 'shop-001', 'shop-002']);
      expect(await store.migrate(shopMigrations)).toEqual([]);
    });

    it('that came with a later build are applied to what is there', async () => {
      const store = await openShop(database());
      const later = [...shopMigrations, { id: 'shop-003', up: nothing }, { id: 'bar-001', up: nothing }];
      expect(await store.migrate(later)).toEqual(['shop-003', 'bar-001']);
    });

    it('change nothing at all if one of them fails, and the message names it', async () => {
      const store = await database().open();
      const failing: Migration = {
        id: 'shop-003',
        up: async (db) => {
          await db.schema.createTable('shop_half').addColumn('id', 'text').execute();
          throw new Error('the disk said no');
        },
      };
      await expect(store.migrate([...shopMigrations, failing])).rejects.toThrow(
        'migration shop-003 failed and nothing was changed: the disk said no',
      );
      await expect(itemIds(store)).rejects.toThrow(/shop_item/);
      expect(await store.migrate([...shopMigrations, { id: 'shop-003', up: nothing }])).toContain('shop-003');
    });

    it.runIf(shared)('refuse a database that a newer build has changed, and name what is not known', async () => {
      const newer = await openShop(database());
      await newer.migrate([...shopMigrations, { id: 'shop-003', up: nothing }, { id: 'bar-001', up: nothing }]);
      const older = await database().open();
      const refusal = older.migrate(shopMigrations);
      await expect(refusal).rejects.toBeInstanceOf(MigrationError);
      await expect(refusal).rejects.toThrow(/newer than this build: it holds bar-001, shop-003/);
    });

    it.runIf(shared)('are done by one of several replicas that start together', async () => {
      const replicas = await Promise.all([1, 2, 3, 4].map(() => database().open()));
      const applied = await Promise.all(replicas.map((store) => store.migrate(shopMigrations)));
      expect(applied.map((ids) => ids.length).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 4]);
    });

    it.each(['shop', 'shop-1', 'Shop-001', 'shop-001; drop', ''])(
      'must be called <feature>-NNN, not "%s"',
      async (id) => {
        const store = await database().open();
        await expect(store.migrate([{ id, up: nothing }])).rejects.toThrow('is not <feature>-NNN');
      },
    );

    it('must be listed in the order of their numbers', async () => {
      const store = await database().open();
      const shuffled = [
        { id: 'shop-002', up: nothing },
        { id: 'shop-001', up: nothing },
      ];
      await expect(store.migrate(shuffled)).rejects.toThrow('migration shop-001 is listed after shop-002');
    });
  });
}
