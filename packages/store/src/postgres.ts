import {
  type DatabaseConnection,
  type Dialect,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { Pool, types } from 'pg';
import type { AcquireGuard } from './transactions.ts';

/** `int8` and `numeric`, by their object ids. */
const wideNumbers: ReadonlySet<number> = new Set([20, 1700]);

/** Connections of the pool, besides the one that listens. */
const poolSize = 10;

/** PostgreSQL by `pg`, with integers of 64 bits and sums read as numbers, as SQLite gives them. */
export function openPool(url: string, report: (error: unknown) => void): Pool {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'keyturn',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // A transaction whose owner has hung must not keep its row locks for ever.
    idle_in_transaction_session_timeout: 60_000,
    types: {
      getTypeParser: (oid, format) => (wideNumbers.has(oid) ? readNumber : types.getTypeParser(oid, format)),
    },
  });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', report);
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
    super({ pool });
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
