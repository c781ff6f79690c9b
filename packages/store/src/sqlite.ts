import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { withoutNul } from './parameters.ts';
import type { AcquireGuard } from './transactions.ts';

/** How long a write waits for another connection that holds the file. */
const busyTimeout = 5000;

/** SQLite's SQLITE_BUSY, in the low byte of its extended codes. */
const busy = 5;

/** Prepared statements that are kept; the least recently used goes first. */
const keptStatements = 500;

/**
 * `node:sqlite` as a Kysely dialect: one connection, used by one transaction or query at a time. A commit has reached
 * the disk when it returns (`synchronous=FULL`), and readers of other processes do not block it (WAL).
 */
export function sqliteDialect(path: string, guard: AcquireGuard): Dialect {
  return {
    createAdapter: () => new OneConnectionAdapter(),
    createDriver: () => new NodeSqliteDriver(path, guard),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** The driver itself queues for the connection, so that a query which would wait for itself can be told so. */
class OneConnectionAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver implements Driver {
  readonly #path: string;
  readonly #guard: AcquireGuard;
  #connection: NodeSqliteConnection | undefined;
  #busy = false;
  readonly #waiting: (() => void)[] = [];

  constructor(path: string, guard: AcquireGuard) {
    this.#path = path;
    this.#guard = guard;
  }

  async init(): Promise<void> {
    this.#connection = new NodeSqliteConnection(openDatabase(this.#path));
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#guard();
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy = true;
    if (this.#connection !== undefined) return this.#connection;
    await this.releaseConnection();
    throw new Error('the store is closed');
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy = false;
    else next();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // A deferred transaction that reads and then writes fails at once when another process wrote in between.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk makes SQLite roll back by itself; then there is nothing left to roll back.
    if (this.#connection?.inTransaction === true) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly reads: boolean }>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    for (let waited = 0; ; ) {
      try {
        return this.#execute<Row>(query);
      } catch (error) {
        // SQLite's own waiting would stop the whole process, and with it a holder of the lock that lives here too.
        if (!isBusy(error) || this.inTransaction || waited >= busyTimeout) throw error;
        const pause = Math.min(50, 1 + waited);
        await new Promise((resolve) => setTimeout(resolve, pause));
        waited += pause;
      }
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #execute<Row>({ sql, parameters }: CompiledQuery): QueryResult<Row> {
    const { statement, reads } = this.#prepare(sql);
    // Kysely types parameters as unknown; node:sqlite itself refuses what it cannot bind.
    const values = withoutNul(parameters as readonly SQLInputValue[]);
    // Rows have the shape that the query's author gave it by type: nothing else knows it.
    if (reads) return { rows: statement.all(...values) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  #prepare(sql: string): { readonly statement: StatementSync; readonly reads: boolean } {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = this.#database.prepare(sql);
    const prepared = { statement, reads: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    if (this.#statements.size > keptStatements) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    return prepared;
  }
}

function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') reserveFile(path);
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: busyTimeout });
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 0;');
  return database;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === busy;
}

/** Makes the file before SQLite does, so that it is never readable by others; its -wal and -shm take the same mode. */
function reserveFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}
