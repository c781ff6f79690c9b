import type { Milliseconds } from '@keyturn/protocol';
import {
  type DatabaseConnection,
  type Dialect,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { Pool, types } from 'pg';
import { discardingPool } from './postgres-client.ts';
import type { AcquireGuard } from './transactions.ts';

/** `int8` and `numeric`, by their object ids. */
const wideNumbers: ReadonlySet<number> = new Set([20, 1700]);

/** Connections of the pool, besides the one that listens. */
const poolSize = 10;

export interface PoolOptions {
  readonly url: string;
  /** A server that cannot be reached any more would otherwise be waited for until TCP gives up, a quarter of an hour. */
  readonly queryTimeout: Milliseconds;
  readonly report: (error: unknown) => void;
}

/** PostgreSQL by `pg`, with integers of 64 bits and sums read as numbers, as SQLite gives them. */
export function openPool(options: PoolOptions): Pool {
  const { url, queryTimeout, report } = options;
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'keyturn',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // The server's own timeout keeps the connection; the other one is for a server that does not answer at all.
    statement_timeout: queryTimeout,
    query_timeout: queryTimeout + 1000,
    // A transaction whose owner has hung must not keep its row locks for ever.
    idle_in_transaction_session_timeout: 60_000,
    types: {
      getTypeParser: (oid, format) => (wideNumbers.has(oid) ? readNumber : types.getTypeParser(oid, format)),
    },
  });
  // A connection that breaks is replaced. Its error is an event, idle or not, and one without a listener ends the process.
  pool.on('connect', (client) => client.on('error', report));
  pool.on('error', () => undefined);
  return pool;
}

/** Kysely's own dialect, whose driver first asks whether the caller is inside a transaction. */
export function postgresDialect(pool: Pool, guard: AcquireGuard): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new GuardedPostgresDriver(pool, guard),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

class GuardedPostgresDriver extends PostgresDriver {
  readonly #guard: AcquireGuard;

  constructor(pool: Pool, guard: AcquireGuard) {
    super({ pool: discardingPool(pool) });
    this.#guard = guard;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#guard();
    return super.acquireConnection();
  }
}

function readNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError('the database holds an integer beyond 2^53');
  }
  return value;
}
