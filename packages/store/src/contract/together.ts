import { describe, expect, it } from 'vitest';
import { manyRows } from '../many-rows.ts';
import type { Store } from '../store.ts';
import type { TestDatabase } from '../testing/test-databases.ts';
import { itemIds, openShop, shop } from './fixtures.ts';

const event = { kind: 'test', actor: { identity: 'me' }, action: 'add', outcome: 'allowed' } as const;

/** A kind of write: adds items with their audit rows, and keeps how many came with each call. */
function adding(store: Store): { readonly add: (id: string) => Promise<string>; readonly groups: number[] } {
  const groups: number[] = [];
  const insert = manyRows((db, rows: readonly { id: string; amount: number; sold: number }[]) =>
    shop({ db })
      .insertInto('shop_item')
      .values([...rows])
      .returning('id'),
  );
  const add = store.together<string, string>(async (tx, ids) => {
    groups.push(ids.length);
    const added = await insert(
      tx.db,
      ids.map((id) => ({ id, amount: 1, sold: 0 })),
    );
    for (const { id } of added) tx.audit({ ...event, target: id });
    return added.map(({ id }) => `added ${id}`);
  });
  return { add, groups };
}

/** Group commit, and inserts of many rows. */
export function togetherContract(database: () => TestDatabase): void {
  describe('writes that come together', () => {
    it('share a transaction with their audit rows, and each is told of its own', async () => {
      const store = await openShop(database());
      const { add, groups } = adding(store);
      const ids = Array.from({ length: 700 }, (_, i) => `item-${String(i).padStart(3, '0')}`);
      const [said] = await Promise.all([Promise.all(ids.map(add)), store.audit.record(event)]);
      expect(said).toEqual(ids.map((id) => `added ${id}`));
      expect(await itemIds(store)).toEqual(ids);
      expect(groups, 'few transactions, each of a bounded size').toEqual([512, 188]);
      const page = await store.audit.list({}, { limit: 1000 });
      expect(page.ok && store.audit.verify(page.value.rows)).toEqual({ ok: true, value: { chains: 1, rows: 701 } });
    });

    it('of which one is refused by the database are all written but that one', async () => {
      const store = await openShop(database());
      const { add } = adding(store);
      await add('b');
      const outcomes = await Promise.allSettled([add('a'), add('b'), store.audit.record(event), add('c')]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(await itemIds(store)).toEqual(['a', 'b', 'c']);
      const page = await store.audit.list({});
      expect(page.ok && store.audit.verify(page.value.rows)).toMatchObject({ ok: true, value: { rows: 4 } });
    });

    it('are not tried again where their commit failed, since it may have happened', async () => {
      const store = await openShop(database());
      const { add, groups } = adding(store);
      await store.db.schema.alterTable('audit_events').renameTo('audit_away').execute();
      const outcomes = await Promise.allSettled([add('a'), add('b')]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(groups).toEqual([2]);
      expect(await itemIds(store)).toEqual([]);
    });

    it('are refused inside a transaction, which they would wait for', async () => {
      const store = await openShop(database());
      const { add } = adding(store);
      await expect(store.transaction(() => add('a'))).rejects.toThrow('inside a transaction');
      await store.close();
      await expect(add('b')).rejects.toThrow('closed');
    });
  });
}
