import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMilliseconds } from '@keyturn/protocol';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addItem, itemIds, shopMigrations } from './contract/fixtures.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-sqlite-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (path: string) =>
  openStore({
    url: `sqlite:${path}`,
    clock: () => epochMilliseconds(1_000),
    random: (n) => randomBytes(n),
  });

const event = { kind: 'test', actor: { identity: 'me' }, action: 'do', outcome: 'allowed' } as const;

const pragma = async (store: Store, name: string) => {
  const found = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(store.db);
  return Object.values(found.rows[0] ?? {})[0];
};

describe('a store on SQLite', () => {
  it('is readable by its owner only, with everything beside it, in a folder of its own', async () => {
    const path = join(folder, 'deep', 'down', 'keyturn.db');
    await using store = await open(path);
    await store.migrate([]);
    const modes = readdirSync(join(folder, 'deep', 'down')).map((name) => [
      name,
      statSync(join(folder, 'deep', 'down', name)).mode & 0o777,
    ]);
    expect(Object.fromEntries(modes)).toEqual({
      'keyturn.db': 0o600,
      'keyturn.db-shm': 0o600,
      'keyturn.db-wal': 0o600,
    });
    expect(statSync(join(folder, 'deep', 'down')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700);
  });

  it('takes a file from everyone else that had it, and leaves a folder that was there', async () => {
    const path = join(folder, 'keyturn.db');
    writeFileSync(path, '', { mode: 0o644 });
    chmodSync(folder, 0o755);
    await (await open(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  it('writes a commit to the disk before it returns, keeps references whole, and lets others read meanwhile', async () => {
    await using store = await open(join(folder, 'keyturn.db'));
    expect(await pragma(store, 'journal_mode')).toBe('wal');
    expect(await pragma(store, 'synchronous')).toBe(2);
    expect(await pragma(store, 'foreign_keys')).toBe(1);
  });

  it('keeps its rows when it is closed and opened again', async () => {
    const path = join(folder, 'keyturn.db');
    const first = await open(path);
    await first.migrate(shopMigrations);
    await addItem(first, 'a');
    await first.close();
    await using second = await open(path);
    expect(await second.migrate(shopMigrations)).toEqual([]);
    expect(await itemIds(second)).toEqual(['a']);
  });

  it.each(['not a database at all, but long enough to be looked at '.repeat(50)])(
    'does not open a file that is something else',
    async (text) => {
      const path = join(folder, 'keyturn.db');
      writeFileSync(path, text);
      await expect(open(path)).rejects.toThrow('file is not a database');
    },
  );

  it('fails what the disk has no room for, keeps reading, and goes on when there is room again', async () => {
    await using store = await open(join(folder, 'keyturn.db'));
    await store.migrate(shopMigrations);
    await addItem(store, 'before');
    await store.audit.record(event);
    const pages = await pragma(store, 'page_count');
    await pragma(store, `max_page_count = ${String(pages)}`);

    const large = { ...event, facts: { text: 'x'.repeat(100_000) } };
    await expect(store.audit.record(large)).rejects.toThrow('database or disk is full');
    const failing = store.transaction(async (tx) => {
      await addItem(tx, 'unaudited');
      store.audit.append(tx, large);
    });
    await expect(failing).rejects.toThrow('database or disk is full');
    expect(await itemIds(store)).toEqual(['before']);

    await pragma(store, 'max_page_count = 1000000');
    await store.audit.record(large);
    await addItem(store, 'after');
    expect(await itemIds(store)).toEqual(['after', 'before']);
    const rows = await store.audit.list({});
    expect(rows.ok && store.audit.verify(rows.value.rows)).toMatchObject({ ok: true, value: { rows: 2 } });
  });

  it('reads a row at once: what has been committed, and never what a transaction under way has written', async () => {
    await using store = await open(join(folder, 'keyturn.db'));
    await store.migrate(shopMigrations);
    const read = (id: string) => store.readAtOnce?.('select id from shop_item where id = ?', id);
    expect(read('a')).toBeUndefined();
    await store.transaction(async (tx) => {
      await addItem(tx, 'a');
      expect(read('a')).toBeUndefined();
    });
    expect(read('a')).toEqual({ id: 'a' });
    // It only reads.
    expect(() => store.readAtOnce?.('delete from shop_item where id = ?', 'a')).toThrow(/readonly/);
    await using inMemory = await open(':memory:');
    expect(inMemory.readAtOnce).toBeUndefined();
  });

  it('tells who is still waiting that it was closed', async () => {
    const store = await open(':memory:');
    await store.migrate(shopMigrations);
    const release = Promise.withResolvers<void>();
    const holding = store.transaction(() => release.promise);
    await new Promise(setImmediate);
    const waiting = itemIds(store);
    const closing = store.close();
    release.resolve();
    await Promise.allSettled([holding, closing]);
    await expect(waiting).rejects.toThrow(/closed|destroyed/);
  });
});
