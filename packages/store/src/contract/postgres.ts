import { milliseconds } from '@keyturn/protocol';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { startCuttableProxy } from '../testing/cuttable-proxy.ts';
import type { TestDatabase } from '../testing/test-databases.ts';
import { addItem, eventually, itemIds, openShop } from './fixtures.ts';

/** What only a database across a network can do: be slow, break, fall silent, and carry word between processes. */
export function postgresContract(database: () => TestDatabase): void {
  describe('a connection that breaks', () => {
    it('fails the transaction on it, and nothing else', async () => {
      const reported: unknown[] = [];
      const store = await openShop(database(), { report: (error) => reported.push(error) });
      const failing = store.transaction(async (tx) => {
        await addItem(tx, 'a');
        await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx.db).catch(() => undefined);
        await addItem(tx, 'b');
      });
      await expect(failing).rejects.toThrow(/terminat|connection|closed/i);
      await addItem(store, 'c');
      expect(await itemIds(store)).toEqual(['c']);
      expect(reported.length).toBeGreaterThan(0);
    });
  });

  describe('a query that takes too long', () => {
    it('is given up, and the store goes on', async () => {
      const store = await database().open({ queryTimeout: milliseconds(200) });
      await expect(sql`select pg_sleep(30)`.execute(store.db)).rejects.toThrow(/timeout/i);
      await store.ping();
    });
  });

  describe('a network that is cut', () => {
    it('is waited for no longer than a query may take, and its connection is not used again', async () => {
      await using network = await startCuttableProxy(database().url);
      const store = await database().open({ url: network.url, queryTimeout: milliseconds(200) });
      await store.ping();
      network.cut();
      await expect(store.ping()).rejects.toThrow(/timeout/i);
      network.heal();
      await store.ping();
      await store.close();
    });

    it('is noticed by the replica behind it, which claims to hear again only once it has caught up', async () => {
      await using network = await startCuttableProxy(database().url);
      const near = await database().open();
      const far = await database().open({ url: network.url, heartbeat: milliseconds(300) });
      const heard: string[] = [];
      let missed = 0;
      await far.listen(
        'pats',
        (payload) => heard.push(payload),
        () => void (missed += 1),
      );
      await eventually(() => far.hearing().since > 0);

      network.cut();
      const cutAt = Date.now();
      await near.notify('pats', 'said to the deaf');
      await eventually(() => Date.now() - cutAt > 900);
      expect(far.hearing().since).toBeLessThanOrEqual(cutAt);

      network.heal();
      const healedAt = Date.now();
      await eventually(() => far.hearing().since > healedAt);
      expect(missed).toBeGreaterThan(0);
      await near.notify('pats', 'said to the hearing');
      await eventually(() => heard.length > 0);
      expect(heard).toEqual(['said to the hearing']);
      await far.close();
    });
  });

  describe('replicas', () => {
    it('hear each other', async () => {
      const one = await database().open();
      const other = await database().open();
      const heard: string[] = [];
      await other.listen('pats', (payload) => heard.push(payload));
      await one.notify('pats', 'from afar');
      await eventually(() => heard.length === 1);
      expect(heard).toEqual(['from afar']);
      expect(one.hearing().since).toBe(0);
    });

    it('know what they missed while the connection was gone, and do not claim to hear before they have read again', async () => {
      const reported: unknown[] = [];
      const store = await database().open({ heartbeat: milliseconds(250), report: (error) => reported.push(error) });
      const heard: string[] = [];
      const readAgain = Promise.withResolvers<void>();
      let missed = 0;
      const onMissed = () => {
        missed += 1;
        return missed === 1 ? Promise.reject(new Error('the first attempt fails')) : readAgain.promise;
      };
      await store.listen('pats', (payload) => heard.push(payload), onMissed);
      await eventually(() => store.hearing().since > 0);

      await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener keyturn_' || current_schema()`.execute(
        store.db,
      );
      await eventually(() => missed === 2);
      const deaf = store.hearing().since;
      const reconnectedAt = Date.now();
      await store.notify('pats', 'while reading again');
      await eventually(() => heard.length === 1);
      expect(store.hearing().since).toBe(deaf);
      expect(deaf).toBeLessThan(reconnectedAt);
      readAgain.resolve();
      await eventually(() => store.hearing().since > reconnectedAt);
      await store.notify('pats', 'after');
      await eventually(() => heard.length === 2);
      expect(reported.length).toBeGreaterThan(0);
    });
  });
}
