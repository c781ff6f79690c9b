import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { AuditEvent, AuditRow } from '../audit/event.ts';
import type { Store } from '../store.ts';
import type { TestDatabase } from '../testing/test-databases.ts';
import { addItem, itemIds, openShop } from './fixtures.ts';

const event: AuditEvent = {
  at: epochMilliseconds(1_000),
  kind: 'tool.call',
  actor: { identity: 'johndoe', client: 'agent', issuer: 'https://idp.example/realms/demo' },
  action: 'execute',
  target: 'pizzeria/orderPizza',
  outcome: 'allowed',
};

async function allRows(store: Store): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.audit.list({}, { limit: 1000, ...(after === undefined ? {} : { after }) });
    if (!page.ok) throw new Error(page.refusal.why);
    rows.push(...page.value.rows);
    after = page.value.next;
    if (after === undefined) return rows;
  }
}

export function auditContract(database: () => TestDatabase): void {
  describe('the audit', () => {
    it('gives back every fact of an event, in its chain', async () => {
      const store = await openShop(database());
      const whole: AuditEvent = {
        ...event,
        onBehalfOf: { identity: 'jane', client: 'console', issuer: 'https://idp.example' },
        outcome: 'refused',
        reason: 'scope_missing',
        requestId: 'req_1',
        facts: { status: 403, nested: { list: [1.5, null, 'x', true] } },
      };
      await store.audit.record(whole);
      const [row] = await allRows(store);
      expect(row).toMatchObject({ ...whole, seq: 1, prev: '' });
      expect(row?.chain).toMatch(/^aud_[0-9a-z]{26}$/);
    });

    it('takes the clock’s time for an event that has none', async () => {
      const store = await database().open({ clock: () => epochMilliseconds(77) });
      await store.migrate([]);
      const { at: _, ...timeless } = event;
      await store.audit.record(timeless);
      expect((await allRows(store))[0]?.at).toBe(77);
    });

    it('holds what a transaction did exactly if the transaction did it', async () => {
      const store = await openShop(database());
      await store.transaction(async (tx) => {
        await addItem(tx, 'a');
        store.audit.append(tx, { ...event, target: 'a' });
      });
      const failing = store.transaction(async (tx) => {
        await addItem(tx, 'b');
        store.audit.append(tx, { ...event, target: 'b' });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await store.transaction(async (tx) => store.audit.append(tx, { ...event, target: 'c' }));
      const rows = await allRows(store);
      expect(await itemIds(store)).toEqual(['a']);
      expect(rows.map(({ seq, target }) => [seq, target])).toEqual([
        [2, 'c'],
        [1, 'a'],
      ]);
      expect(store.audit.verify(rows).ok).toBe(true);
    });

    it('fails the transaction whose row cannot be written, and goes on', async () => {
      const store = await openShop(database());
      await store.audit.record(event);
      await store.db.schema.alterTable('audit_events').renameTo('audit_away').execute();
      const failing = store.transaction(async (tx) => {
        await addItem(tx, 'a');
        store.audit.append(tx, event);
      });
      await expect(failing).rejects.toThrow(/audit_events/);
      await expect(store.audit.record(event)).rejects.toThrow(/audit_events/);
      await store.db.schema.alterTable('audit_away').renameTo('audit_events').execute();
      await store.audit.record(event);
      expect(await itemIds(store)).toEqual([]);
      // Nobody could say whether the failed rows were there, so the chain was begun anew.
      expect(store.audit.verify(await allRows(store))).toEqual({ ok: true, value: { chains: 2, rows: 2 } });
    });

    it('is one chain without gaps, however many write at once', async () => {
      const store = await openShop(database());
      await Promise.all(
        Array.from({ length: 300 }, async (_, i) => {
          if (i % 10 === 0) {
            await store
              .transaction(async (tx) => {
                await addItem(tx, `item-${i}`);
                store.audit.append(tx, event);
                if (i % 20 === 0) throw new Error('rolled back');
              })
              .catch(() => undefined);
          } else await store.audit.record(event);
        }),
      );
      const rows = await allRows(store);
      expect(rows.map((row) => row.seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 285 }, (_, i) => i + 1));
      expect(store.audit.verify(rows)).toEqual({ ok: true, value: { chains: 1, rows: 285 } });
    });

    it('has a chain for each process that writes', async () => {
      const one = await openShop(database());
      const other = await openShop(database());
      await one.audit.record(event);
      await other.audit.record(event);
      const chains = new Set([...(await allRows(one)), ...(await allRows(other))].map((row) => row.chain));
      expect(chains.size).toBe(2);
    });

    it('has written everything that was handed over before it was closed, and takes nothing after', async () => {
      const store = await openShop(database());
      const written = Array.from({ length: 50 }, () => store.audit.record(event));
      await store.close();
      await Promise.all(written);
      await expect(store.audit.record(event)).rejects.toThrow('closed');
    });

    it('refuses to record apart from the transaction it is called in', async () => {
      const store = await openShop(database());
      const failing = store.transaction(() => store.audit.record(event));
      await expect(failing).rejects.toThrow('inside a transaction');
    });

    it('records what an event was when it was handed over', async () => {
      const store = await openShop(database());
      const facts = { amount: 1 };
      const done = store.audit.record({ ...event, facts });
      facts.amount = 1_000_000;
      await done;
      expect((await allRows(store))[0]?.facts).toEqual({ amount: 1 });
    });

    it('refuses an event that cannot be written down, and none that come with it', async () => {
      const store = await openShop(database());
      const circular: { self?: never } = {};
      Object.assign(circular, { self: circular });
      const outcomes = await Promise.allSettled([
        store.audit.record(event),
        store.audit.record({ ...event, facts: circular }),
        store.audit.record({ ...event, at: epochMilliseconds(Number.NaN) }),
        store.audit.record(event),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      expect(store.audit.verify(await allRows(store))).toEqual({ ok: true, value: { chains: 1, rows: 2 } });
    });

    it.each([
      ['NUL and half a surrogate pair', 'a\0b\ud800c', 'a\ufffdb\ufffdc'],
      ['a megabyte', 'x'.repeat(1_000_000), `${'x'.repeat(2047)}…`],
      ['quotes and line ends', '"},{"\n\u2028', '"},{"\n\u2028'],
    ])('keeps its chain when a name holds %s', async (_, hostile, kept) => {
      const store = await openShop(database());
      await store.audit.record({
        ...event,
        kind: hostile,
        actor: { identity: hostile, client: hostile, issuer: hostile },
        onBehalfOf: { identity: hostile },
        action: hostile,
        target: hostile,
        reason: hostile,
        requestId: hostile,
        facts: { hostile: hostile.slice(0, 100), ['__proto__']: 1, '\0': '\ud800' },
      });
      const rows = await allRows(store);
      expect(rows[0]).toMatchObject({ kind: kept, action: kept, target: kept, reason: kept, requestId: kept });
      expect(rows[0]?.actor).toEqual({ identity: kept, client: kept, issuer: kept });
      expect(store.audit.verify(rows).ok).toBe(true);
    });
  });

  describe('a page of the audit', () => {
    async function openFilled(): Promise<Store> {
      const store = await openShop(database());
      for (let i = 0; i < 7; i += 1) {
        await store.audit.record({
          ...event,
          // Three pairs of the same moment: paging must neither repeat nor skip one of a pair.
          at: epochMilliseconds(1_000 + Math.floor(i / 2)),
          actor: { identity: i % 2 === 0 ? 'even' : 'odd', client: `client-${i}` },
          ...(i === 3 ? { onBehalfOf: { identity: 'jane' }, outcome: 'refused', requestId: 'req_3' } : {}),
          target: `t${i}`,
        });
      }
      return store;
    }
    const targets = async (...[filter, page]: Parameters<Store['audit']['list']>) => {
      const found = await (await openFilled()).audit.list(filter, page);
      return found.ok ? found.value.rows.map((row) => row.target) : found.refusal.why;
    };

    it.each([
      ['everything, newest first', {}, ['t6', 't5', 't4', 't3', 't2', 't1', 't0']],
      ['an actor', { identity: 'odd' }, ['t5', 't3', 't1']],
      ['a client', { client: 'client-2' }, ['t2']],
      ['whom it was done for', { onBehalfOf: 'jane' }, ['t3']],
      ['an outcome', { outcome: 'refused' }, ['t3']],
      ['a request', { requestId: 'req_3' }, ['t3']],
      ['a target', { target: 't4' }, ['t4']],
      ['a time', { from: epochMilliseconds(1_001), to: epochMilliseconds(1_002) }, ['t3', 't2']],
      [
        'several at once',
        { identity: 'odd', kind: 'tool.call', action: 'execute', from: epochMilliseconds(1_002) },
        ['t5'],
      ],
      ['another chain', { chain: 'aud_nobody' }, []],
      ['what no text can hold', { identity: '\0' }, []],
    ] as const)('shows %s', async (_, filter, expected) => {
      expect(await targets(filter)).toEqual(expected);
    });

    it('goes on where the one before ended', async () => {
      const store = await openFilled();
      const seen: (string | undefined)[] = [];
      let after: string | undefined;
      let pages = 0;
      do {
        const page = await store.audit.list({}, { limit: 3, ...(after === undefined ? {} : { after }) });
        if (!page.ok) throw new Error(page.refusal.why);
        seen.push(...page.value.rows.map((row) => row.target));
        after = page.value.next;
        pages += 1;
      } while (after !== undefined);
      expect(pages).toBe(3);
      expect(seen).toEqual(['t6', 't5', 't4', 't3', 't2', 't1', 't0']);
    });

    it.each(['', 'x', '1.aud_1.1', "1.aud_0123456789abcdefghjkmnpqrs.1'--", '9'.repeat(400)])(
      'refuses a cursor that was not given out: "%s"',
      async (after) => {
        expect(await targets({}, { after })).toBe('bad-cursor');
      },
    );

    it.each([
      [-1, 1],
      [0, 1],
      [Number.NaN, 1],
      [2, 2],
      [1e9, 7],
    ])('with a limit of %d has %d rows', async (limit, count) => {
      expect(await targets({}, { limit })).toHaveLength(count);
    });
  });
}
