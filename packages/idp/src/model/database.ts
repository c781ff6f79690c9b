import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Opens the identity provider's own SQLite file (`idp.db`) and makes its tables. Nobody else reads this file, so the
 * synchronous driver is used directly: a write is a few microseconds, and nothing can interleave with a transaction.
 *
 * WAL with `synchronous = NORMAL` keeps every committed row through `kill -9`; only a power cut may lose the last ones.
 * The file holds keys and client secrets, so it is readable by its owner only.
 */
export function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made before SQLite opens it, so that it is never readable by others; its side files take over its mode.
    closeSync(openSync(path, 'a', 0o600));
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) chmodSync(path + suffix, 0o600);
  }
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
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

/**
 * Claims a database for this process until the returned function is called. What is in memory must be what is in the
 * file, so only one process may serve it; a second one gets an error that says so. The claim is a lock of the operating
 * system on a file beside it, and ends with the process, however that ends.
 */
export function claimDatabase(path: string): () => void {
  if (path === ':memory:') return () => {};
  closeSync(openSync(`${path}.lock`, 'a', 0o600));
  const lock = new DatabaseSync(`${path}.lock`);
  try {
    lock.exec(
      'PRAGMA busy_timeout = 500; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;',
    );
    return () => lock.close();
  } catch (fault) {
    lock.close();
    throw new Error(`${path} is in use by another identity provider`, { cause: fault });
  }
}
