import { type Clock, type Milliseconds, milliseconds, type Random } from '@keyturn/protocol';
import { Kysely, sql } from 'kysely';
import { AuditChain } from './audit/chain.ts';
import { exportAudit } from './audit/export.ts';
import { listAudit } from './audit/list.ts';
import { makeCheckpoint, pruneAudit } from './audit/make-checkpoint.ts';
import { auditMigrations } from './audit/migration.ts';
import { verifyAudit } from './audit/verify.ts';
import type { PreparedEvent } from './audit/prepare.ts';
import type { Backend } from './backend.ts';
import { GroupCommit } from './group-commit.ts';
import { parseStoreUrl } from './location.ts';
import { runMigrations } from './migrations.ts';
import { Listeners } from './notifications.ts';
import type { openPostgres } from './postgres-backend.ts';
import { openSqlite } from './sqlite-backend.ts';
import { openSqliteReader } from './sqlite-reader.ts';
import type { Store } from './store.ts';
import type { StoreTables } from './tables.ts';
import { type InnerTx, Transactions } from './transactions.ts';

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
  /** The longest time that one query to PostgreSQL may take. Default 60 s; a migration of a large table may need more. */
  readonly queryTimeout?: Milliseconds;
  /** Told of what mends itself or harms nobody else: a lost connection, a listener that threw. Default: nobody. */
  readonly report?: (error: unknown) => void;
}

/** Connects and makes sure that the database answers. Throws if it does not, or if the URL cannot be read. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { clock, random, heartbeat = milliseconds(2000), queryTimeout = milliseconds(60_000) } = options;
  const { report = () => undefined } = options;
  const location = parseStoreUrl(options.url);
  if (!location.ok) throw new TypeError(location.refusal);

  const transactions = new Transactions(report);
  const chain = new AuditChain(clock, random);
  const listeners = new Listeners(report);
  const backend =
    location.value.dialect === 'sqlite'
      ? openSqlite(location.value.path, clock, listeners, transactions.guard)
      : await connect(
          { url: location.value.url, clock, random, listeners, heartbeat, queryTimeout, report },
          transactions.guard,
        );
  const db = new Kysely<StoreTables>({ dialect: backend.dialect });
  try {
    await backend.start(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }

  const { dialect } = location.value;
  const reader =
    location.value.dialect === 'sqlite' && location.value.path !== ':memory:'
      ? openSqliteReader(location.value.path)
      : undefined;
  const transaction = <Value>(action: (tx: InnerTx) => Promise<Value>) =>
    transactions.run(db, chain, backend.send, action);
  const group = new GroupCommit<InnerTx>((action) => transactions.outside(() => transaction(action)));
  const record = group.kind<PreparedEvent, undefined>(async (tx, events) => {
    for (const event of events) tx.auditPrepared(event);
    return events.map(() => undefined);
  });
  const known = new Map(auditMigrations.map((migration) => [migration.id, migration]));
  const close = async () => {
    await group.close();
    reader?.close();
    await backend.close();
    await db.destroy();
  };
  return {
    dialect,
    db,
    readAtOnce: reader?.read,
    transaction,
    together: (writeAll) => {
      const write = group.kind(writeAll);
      return async (item) => {
        if (transactions.inside) throw new Error('inside a transaction, write with its own db');
        return write(item);
      };
    },
    migrate: async (migrations) => {
      for (const migration of migrations) known.set(migration.id, migration);
      return runMigrations(db, dialect, clock, [...known.values()]);
    },
    notify: (channel, payload) => transaction((tx) => tx.notify(channel, payload)),
    listen: async (channel, heard, missed) => {
      const stop = listeners.add(channel, heard, missed);
      await backend.hear().catch((error: unknown) => {
        stop();
        throw error;
      });
      return stop;
    },
    hearing: () => ({ since: backend.heardSince() }),
    audit: {
      append: (tx, event) => tx.audit(event),
      record: async (event) => {
        if (transactions.inside) throw new Error('inside a transaction, record with audit.append(tx, event)');
        await record(chain.prepare(event));
      },
      list: (filter, page = {}) => listAudit(db, filter, page),
      checkpoint: (signer) => transaction((tx) => makeCheckpoint(tx.db, clock, signer)),
      prune: (before, signer) => transaction((tx) => pruneAudit(tx.db, clock, signer, before)),
      export: (options) => exportAudit(db, options),
      verify: verifyAudit,
    },
    ping: async () => void (await sql`select 1`.execute(db)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The driver is loaded only by those who use PostgreSQL. */
async function connect(...args: Parameters<typeof openPostgres>): Promise<Backend> {
  const { openPostgres } = await import('./postgres-backend.ts');
  return openPostgres(...args);
}
