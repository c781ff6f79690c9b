import { describe, expect, it } from 'vitest';
import type { Tx } from '../transactions.ts';
import type { TestDatabase } from '../testing/test-databases.ts';
import { addItem, itemIds, openShop, shop } from './fixtures.ts';

export function transactionContract(database: () => TestDatabase, shared: boolean): void {
  describe('a transaction', () => {
    it('keeps everything when it returns, and gives back what its function returned', async () => {
      const store = await openShop(database());
      const result = await store.transaction(async (tx) => {
        await addItem(tx, 'a');
        await addItem(tx, 'b');
        return 'done';
      });
      expect(result).toBe('done');
      expect(await itemIds(store)).toEqual(['a', 'b']);
    });

    it('keeps nothing when it throws', async () => {
      const store = await openShop(database());
      const failing = store.transaction(async (tx) => {
        await addItem(tx, 'a');
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await itemIds(store)).toEqual([]);
    });

    it('takes in the ones inside it, which end with it', async () => {
      const store = await openShop(database());
      const failing = store.transaction(async (outer) => {
        await addItem(outer, 'a');
        await store.transaction(async (inner) => {
          expect(await itemIds(inner)).toEqual(['a']);
          await addItem(inner, 'b');
        });
        throw new Error('after the inner one');
      });
      await expect(failing).rejects.toThrow('after the inner one');
      expect(await itemIds(store)).toEqual([]);
    });

    it('cannot commit half: it fails when an inner one failed, even if that was swallowed', async () => {
      const store = await openShop(database());
      const cause = new Error('inner');
      const failing = store.transaction(async (outer) => {
        await addItem(outer, 'a');
        await store.transaction(() => Promise.reject(cause)).catch(() => undefined);
      });
      await expect(failing).rejects.toMatchObject({ cause });
      expect(await itemIds(store)).toEqual([]);
    });

    it('refuses a query that was meant for it but went round it, instead of waiting for itself', async () => {
      const store = await openShop(database());
      const failing = store.transaction(async () => itemIds(store));
      await expect(failing).rejects.toThrow('use the db of the transaction');
    });

    it('does not bind work that it started and that outlives it', async () => {
      const store = await openShop(database());
      const later = Promise.withResolvers<void>();
      let after: Promise<readonly string[]> | undefined;
      await store.transaction(async (tx) => {
        await addItem(tx, 'a');
        after = later.promise.then(() => itemIds(store));
      });
      later.resolve();
      expect(await after).toEqual(['a']);
    });

    it('loses no update to another', async () => {
      const store = await openShop(database());
      await addItem(store, 'a', 0);
      const addOne = (tx: Tx) =>
        shop(tx)
          .updateTable('shop_item')
          .set((eb) => ({ amount: eb('amount', '+', 1) }))
          .execute();
      await Promise.all(Array.from({ length: 30 }, () => store.transaction(addOne)));
      const row = await shop(store).selectFrom('shop_item').select('amount').executeTakeFirstOrThrow();
      expect(row.amount).toBe(30);
    });

    it('runs what waits for its commit after it, and never if it fails', async () => {
      const store = await openShop(database());
      const heard: string[] = [];
      await store.transaction(async (tx) => {
        tx.afterCommit(() => heard.push('committed'));
        heard.push('inside');
      });
      const failing = store.transaction(async (tx) => {
        tx.afterCommit(() => heard.push('never'));
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(heard).toEqual(['inside', 'committed']);
    });
  });

  describe('what waits for a commit', () => {
    it('cannot undo it by throwing', async () => {
      const reported: unknown[] = [];
      const store = await database().open({ report: (error) => reported.push(error) });
      const heard: string[] = [];
      const result = await store.transaction(async (tx) => {
        tx.afterCommit(() => {
          throw new Error('too late');
        });
        tx.afterCommit(() => heard.push('the next one'));
        return 'committed';
      });
      expect(result).toBe('committed');
      expect(heard).toEqual(['the next one']);
      expect(reported).toEqual([new Error('too late')]);
    });
  });

  describe('a row', () => {
    it.each([
      ['a moment in milliseconds', 1_795_357_556_285],
      ['the largest exact integer', Number.MAX_SAFE_INTEGER],
      ['a negative number', -5],
    ])('gives %s back as a number', async (_, amount) => {
      const store = await openShop(database());
      await addItem(store, 'a', amount);
      const row = await shop(store).selectFrom('shop_item').selectAll().executeTakeFirstOrThrow();
      expect({ ...row }).toEqual({ id: 'a', amount, note: null, sold: 0 });
    });

    it('counts and adds up to numbers', async () => {
      const store = await openShop(database());
      await addItem(store, 'a', 3_000_000_000);
      await addItem(store, 'b', 4_000_000_000);
      const row = await shop(store)
        .selectFrom('shop_item')
        .select((eb) => [eb.fn.countAll().as('count'), eb.fn.sum('amount').as('sum')])
        .executeTakeFirstOrThrow();
      expect({ ...row }).toEqual({ count: 2, sum: 7_000_000_000 });
    });

    it.each(["'; drop table shop_item; --", 'ключ 🔑 ‏', 'line\r\nline', '\\x00', 'x'.repeat(100_000)])(
      'gives text back as it was, whatever it says (case %#)',
      async (note) => {
        const store = await openShop(database());
        await shop(store).insertInto('shop_item').values({ id: 'a', amount: 1, note, sold: 0 }).execute();
        const found = await shop(store).selectFrom('shop_item').select('note').where('note', '=', note).execute();
        expect(found.map((row) => row.note)).toEqual([note]);
      },
    );

    it('keeps U+FFFD for NUL, which is no text, and finds it by either', async () => {
      const store = await openShop(database());
      await shop(store).insertInto('shop_item').values({ id: 'a\0', amount: 1, note: '\0', sold: 0 }).execute();
      const noted = (note: string) =>
        shop(store).selectFrom('shop_item').select(['id', 'note']).where('note', '=', note).execute();
      expect(await noted('\0')).toEqual([{ id: 'a\ufffd', note: '\ufffd' }]);
      expect(await noted('\ufffd')).toEqual(await noted('\0'));
      expect(await noted('\0\0')).toEqual([]);
    });

    it('tells how many rows changed, and returns columns of what it changed', async () => {
      const store = await openShop(database());
      await addItem(store, 'a');
      await addItem(store, 'b');
      const updated = await shop(store).updateTable('shop_item').set({ sold: 1 }).executeTakeFirstOrThrow();
      const deleted = await shop(store).deleteFrom('shop_item').where('id', '=', 'a').returning('sold').execute();
      expect(updated.numUpdatedRows).toBe(2n);
      expect(deleted.map((row) => row.sold)).toEqual([1]);
    });

    it('must point to rows that exist', async () => {
      const store = await openShop(database());
      const orphan = shop(store).insertInto('shop_order').values({ id: 'o', item_id: 'nobody' }).execute();
      await expect(orphan).rejects.toThrow(/foreign key/i);
    });

    it.runIf(shared)('is seen by another store on the same database', async () => {
      const one = await openShop(database());
      const other = await database().open();
      await addItem(one, 'a');
      expect(await itemIds(other)).toEqual(['a']);
    });
  });

  describe('a store', () => {
    it('answers a ping until it is closed', async () => {
      const store = await database().open();
      await store.ping();
      await store.close();
      await expect(store.ping()).rejects.toThrow(/destroyed/);
    });
  });
}
