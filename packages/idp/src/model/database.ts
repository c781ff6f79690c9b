import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Opens the identity provider's own SQLite file (`idp.db`) and makes its tables. Nobody else reads this file, so the
 * synchronous driver is used directly: a write is a few microseconds, and nothing can interleave with a transaction.
 *
 * WAL with `synchronous = NORMAL` keeps every committed row through `kill -9`; only a power cut may lose the last ones.
 * Throws if another process has the file.
 * The file holds keys and client secrets, so it is readable by its owner only.
 */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') {
    // Made before SQLite opens it, so that it is never readable by others; its side files take over its mode.
    closeSync(openSync(path, 'a', 0o600));
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) chmodSync(path + suffix, 0o600);
  }
  const database = new DatabaseSync(path);
  takeAlone(database, path);
  database.exec(`
    CREATE TABLE IF NOT EXISTS idp_documents (
      seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, realm TEXT NOT NULL, body TEXT NOT NULL,
      UNIQUE (kind, id)
    );
    CREATE TABLE IF NOT EXISTS idp_events (
      seq INTEGER PRIMARY KEY, realm TEXT NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS idp_events_realm ON idp_events (realm, seq);
    CREATE TABLE IF NOT EXISTS idp_admin_events (
      seq INTEGER PRIMARY KEY, realm TEXT NOT NULL, time INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS idp_admin_events_realm ON idp_admin_events (realm, seq);
  `);
  return database;
}

// What is in memory must be what is in the file, so there is one process to a file: a second one is told so. The lock is
// the operating system's and goes with the process, however that ends.
function takeAlone(database: DatabaseSync, path: string): void {
  try {
    database.exec(`
      PRAGMA busy_timeout = 1000;
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      BEGIN IMMEDIATE;
      COMMIT;
    `);
  } catch (fault) {
    database.close();
    if (!(fault instanceof Error) || !fault.message.includes('locked')) throw fault;
    throw new Error(`${path} is in use by another identity provider`, { cause: fault });
  }
}
