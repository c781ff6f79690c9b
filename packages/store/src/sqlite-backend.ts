import type { Clock } from '@keyturn/protocol';
import { sql } from 'kysely';
import type { Backend } from './backend.ts';
import type { Listeners } from './notifications.ts';
import { sqliteDialect } from './sqlite.ts';
import type { AcquireGuard } from './transactions.ts';

/** SQLite: notifications stay in this process, so they are delivered by the commit itself. */
export function openSqlite(path: string, clock: Clock, listeners: Listeners, guard: AcquireGuard): Backend {
  return {
    dialect: sqliteDialect(path, guard),
    start: async (db) => void (await sql`select 1`.execute(db)),
    send: async (tx, channel, payload) => tx.afterCommit(() => listeners.deliver(channel, payload)),
    hear: async () => undefined,
    heardSince: clock,
    close: async () => undefined,
  };
}
