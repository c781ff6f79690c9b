import { milliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { TestDatabase } from '../testing/test-databases.ts';
import { eventually } from './fixtures.ts';

export function notificationContract(database: () => TestDatabase): void {
  describe('a notification', () => {
    it('reaches every listener of its channel, in order, and no other', async () => {
      const store = await database().open();
      const first: string[] = [];
      const second: string[] = [];
      const other: string[] = [];
      await store.listen('pats', (payload) => first.push(payload));
      await store.listen('pats', (payload) => second.push(payload));
      await store.listen('sources', (payload) => other.push(payload));
      for (const payload of ['a', 'b\nc', '"', '']) await store.notify('pats', payload);
      await eventually(() => first.length === 4 && second.length === 4);
      expect(first).toEqual(['a', 'b\nc', '"', '']);
      expect(second).toEqual(first);
      expect(other).toEqual([]);
    });

    it('leaves with the commit of its transaction, or not at all', async () => {
      const store = await database().open();
      const heard: string[] = [];
      await store.listen('pats', (payload) => heard.push(payload));
      const failing = store.transaction(async (tx) => {
        await tx.notify('pats', 'rolled back');
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await store.transaction(async (tx) => {
        await tx.notify('pats', 'committed');
        expect(heard).toEqual([]);
      });
      await eventually(() => heard.length > 0);
      expect(heard).toEqual(['committed']);
    });

    it('is not heard by one who has stopped listening', async () => {
      const store = await database().open();
      const stopped: string[] = [];
      const heard: string[] = [];
      const stop = await store.listen('pats', (payload) => stopped.push(payload));
      await store.listen('pats', (payload) => heard.push(payload));
      stop();
      await store.notify('pats', 'a');
      await eventually(() => heard.length === 1);
      expect(stopped).toEqual([]);
    });

    it('reaches the others when one listener throws', async () => {
      const reported: unknown[] = [];
      const store = await database().open({ report: (error) => reported.push(error) });
      const heard: string[] = [];
      await store.listen('pats', () => {
        throw new Error('a bad listener');
      });
      await store.listen('pats', (payload) => heard.push(payload));
      await store.notify('pats', 'a');
      await eventually(() => heard.length === 1);
      expect(reported).toEqual([new Error('a bad listener')]);
    });

    it.each([
      ['a payload over 7,000 bytes', 'pats', 'é'.repeat(3501)],
      ['NUL', 'pats', 'a\0b'],
      ['a channel with a newline', 'pa\nts', 'a'],
      ['a channel without a name', '', 'a'],
    ])('refuses %s on every database', async (_, channel, payload) => {
      const store = await database().open();
      await expect(store.notify(channel, payload)).rejects.toThrow(RangeError);
    });

    it('carries 7,000 bytes', async () => {
      const store = await database().open();
      const heard: string[] = [];
      await store.listen('a'.repeat(63), (payload) => heard.push(payload));
      await store.notify('a'.repeat(63), 'é'.repeat(3500));
      await eventually(() => heard.length === 1);
      expect(heard).toEqual(['é'.repeat(3500)]);
    });
  });

  describe('hearing', () => {
    it('moves on while nothing is said', async () => {
      const store = await database().open({ heartbeat: milliseconds(100) });
      const before = Date.now();
      await store.listen('pats', () => undefined);
      await eventually(() => store.hearing().since >= before);
      const once = store.hearing().since;
      await eventually(() => store.hearing().since > once);
      expect(store.hearing().since).toBeLessThanOrEqual(Date.now());
    });
  });
}
