import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMilliseconds } from '@keyturn/protocol';
import { Client } from 'pg';
import { openStore, type StoreOptions } from '../open-store.ts';
import type { Store } from '../store.ts';

/** An empty database for one test. */
export interface TestDatabase {
  readonly dialect: Store['dialect'];
  readonly url: string;
  /** Opens a store on it: a second call is a second replica, except in memory, where it is another database. */
  open(options?: Partial<StoreOptions>): Promise<Store>;
  /** Closes every store that was opened and removes the database. */
  drop(): Promise<void>;
}

/** A kind of database that every feature's contract is run on. */
export interface TestDatabaseKind {
  readonly name: string;
  readonly dialect: Store['dialect'];
  /** Why it cannot be had here; undefined if it can. */
  readonly skip: string | undefined;
  /** Whether two stores opened on one database see each other's rows. */
  readonly shared: boolean;
  create(): Promise<TestDatabase>;
}

/**
 * SQLite in memory, SQLite on a file, and PostgreSQL if its URL is given (default: KEYTURN_TEST_POSTGRES_URL). Each
 * test database on PostgreSQL is a schema of its own, so that tests can share one server.
 */
export function testDatabases(
  postgresUrl: string | undefined = process.env['KEYTURN_TEST_POSTGRES_URL'],
): readonly TestDatabaseKind[] {
  return [
    {
      name: 'SQLite in memory',
      dialect: 'sqlite',
      skip: undefined,
      shared: false,
      create: async () => database('sqlite::memory:'),
    },
    { name: 'SQLite on a file', dialect: 'sqlite', skip: undefined, shared: true, create: createFile },
    {
      name: 'PostgreSQL',
      dialect: 'postgres',
      skip: postgresUrl === undefined ? 'KEYTURN_TEST_POSTGRES_URL is not set' : undefined,
      shared: true,
      create: () => createSchema(postgresUrl ?? ''),
    },
  ];
}

async function createFile(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-store-'));
  return database(`sqlite:${join(folder, 'test.db')}`, () => rm(folder, { recursive: true, force: true }));
}

async function createSchema(url: string): Promise<TestDatabase> {
  const schema = `test_${randomBytes(8).toString('hex')}`;
  await ask(url, `create schema ${schema}`);
  const own = new URL(url);
  own.searchParams.set('options', `-c search_path=${schema}`);
  return database(own.href, () => ask(url, `drop schema ${schema} cascade`));
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function database(url: string, remove: () => Promise<void> = async () => undefined): TestDatabase {
  const opened: Store[] = [];
  return {
    dialect: url.startsWith('sqlite:') ? 'sqlite' : 'postgres',
    url,
    async open(options = {}) {
      const store = await openStore({
        url,
        clock: () => epochMilliseconds(Date.now()),
        random: (n) => randomBytes(n),
        ...options,
      });
      opened.push(store);
      return store;
    },
    async drop() {
      await Promise.all(opened.map((store) => store.close()));
      await remove();
    },
  };
}
