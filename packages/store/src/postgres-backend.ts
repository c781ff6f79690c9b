import { epochMilliseconds } from '@keyturn/protocol';
import { sql } from 'kysely';
import type { Backend } from './backend.ts';
import { openPool, type PoolOptions, postgresDialect } from './postgres.ts';
import { PostgresListener, type PostgresListenerOptions } from './postgres-listener.ts';
import type { AcquireGuard } from './transactions.ts';

/** PostgreSQL: notifications go to all processes whose stores use the same schema, on one channel of its own. */
export function openPostgres(
  options: Omit<PostgresListenerOptions, 'wire'> & PoolOptions,
  guard: AcquireGuard,
): Backend {
  let wire = '';
  let listener: PostgresListener | undefined;
  return {
    dialect: postgresDialect(openPool(options), guard),
    async start(db) {
      const found = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
      wire = `keyturn_${found.rows[0]?.schema ?? ''}`.slice(0, 63);
    },
    async send(tx, channel, payload) {
      await sql`select pg_notify(${wire}, ${`${channel}\n${payload}`})`.execute(tx.db);
    },
    hear() {
      listener ??= new PostgresListener({ ...options, wire });
      return listener.start();
    },
    heardSince: () => listener?.since ?? epochMilliseconds(0),
    close: async () => listener?.close(),
  };
}
