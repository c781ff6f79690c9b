import { type Clock, type Milliseconds, milliseconds, type Random } from '@keyturn/protocol';
import { Kysely, sql } from 'kysely';
import { AuditChain } from './audit/chain.ts';
import { commitWithAudit } from './audit/commit.ts';
import { listAudit } from './audit/list.ts';
import { auditMigrations } from './audit/migration.ts';
import { AuditRecorder } from './audit/recorder.ts';
import { verifyAudit } from './audit/verify.ts';
import { parseStoreUrl } from './location.ts';
import { runMigrations } from './migrations.ts';
import { Listeners } from './notifications.ts';
import { openPool, postgresDialect } from './postgres.ts';
import { PostgresListener } from './postgres-listener.ts';
import { sqliteDialect } from './sqlite.ts';
import type { Store } from './store.ts';
import type { StoreTables } from './tables.ts';
import { type SendNotification, Transactions, type Tx } from './transactions.ts';

export interface StoreOptions {
  /**
   * `sqlite:PATH` (the folder is made with mode 0700, the file with 0600), `sqlite::memory:` or
   * `postgres://user:password@host/database`.
   */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How often a PostgreSQL listener makes sure that it hears. Default 2 s. */
  readonly heartbeat?: Milliseconds;
  /** Told of what mends itself or harms nobody else: a lost connection, a listener that threw. Default: nobody. */
  readonly report?: (error: unknown) => void;
}

/** Connects and makes sure that the database answers. Throws if it does not, or if the URL cannot be read. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { clock, random, heartbeat = milliseconds(2000), report = () => undefined } = options;
  const location = parseStoreUrl(options.url);
  if (!location.ok) throw new TypeError(location.refusal);

  const transactions = new Transactions(report);
  const chain = new AuditChain(clock, random);
  const listeners = new Listeners(report);
  const { dialect } = location.value;
  const db = new Kysely<StoreTables>({
    dialect:
      location.value.dialect === 'sqlite'
        ? sqliteDialect(location.value.path, transactions.guard)
        : postgresDialect(openPool(location.value.url, report), transactions.guard),
  });
  const wire = await ping(db, dialect).catch(async (error: unknown) => {
    await db.destroy();
    throw error;
  });
  const listener =
    location.value.dialect === 'sqlite'
      ? undefined
      : new PostgresListener({ url: location.value.url, wire, clock, random, listeners, heartbeat, report });

  const send: SendNotification =
    dialect === 'sqlite'
      ? async (tx, channel, payload) => tx.afterCommit(() => listeners.deliver(channel, payload))
      : async (tx, channel, payload) => {
          await sql`select pg_notify(${wire}, ${`${channel}\n${payload}`})`.execute(tx.db);
        };
  const transaction = <Value>(action: (tx: Tx) => Promise<Value>) => transactions.run(db, chain, send, action);
  const recorder = new AuditRecorder((events) =>
    transactions.outside(() => commitWithAudit(db, chain, (_, audit) => audit(events))),
  );
  const known = new Map(auditMigrations.map((migration) => [migration.id, migration]));
  const close = async () => {
    await recorder.close();
    await listener?.close();
    await db.destroy();
  };
  return {
    dialect,
    db,
    transaction,
    migrate: async (migrations) => {
      for (const migration of migrations) known.set(migration.id, migration);
      return runMigrations(db, dialect, clock, [...known.values()]);
    },
    notify: (channel, payload) => transaction((tx) => tx.notify(channel, payload)),
    listen: async (channel, heard, missed) => {
      const stop = listeners.add(channel, heard, missed);
      await listener?.start();
      return stop;
    },
    hearing: () => ({ since: listener === undefined ? clock() : listener.since }),
    audit: {
      append: (tx, event) => tx.audit(event),
      record: async (event) => {
        if (transactions.inside) throw new Error('inside a transaction, record with audit.append(tx, event)');
        await recorder.record(chain.prepare(event));
      },
      list: (filter, page = {}) => listAudit(db, filter, page),
      verify: verifyAudit,
    },
    ping: async () => void (await ping(db, dialect)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Asks the database for something; on PostgreSQL, for the wire that this schema's stores notify each other on. */
async function ping(db: Kysely<StoreTables>, dialect: Store['dialect']): Promise<string> {
  if (dialect === 'sqlite') await sql`select 1`.execute(db);
  else {
    const found = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
    return `keyturn_${found.rows[0]?.schema ?? ''}`.slice(0, 63);
  }
  return '';
}
