import type { Kysely } from 'kysely';
import type { Audit } from './audit/audit.ts';
import type { Write, WriteAll } from './group-commit.ts';
import type { Migration } from './migrations.ts';
import type { Hearing, MissedHandler, NotificationHandler, StopListening } from './notifications.ts';
import type { ReadAtOnce } from './sqlite-reader.ts';
import type { StoreTables } from './tables.ts';
import type { Tx } from './transactions.ts';

/** A database with what every feature needs of it. Opened by `openStore`, closed by whoever opened it. */
export interface Store extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres';

  /**
   * For single queries. A feature sees its own tables by `store.db.withTables<PatTables>()`. Inside `transaction`, use
   * `tx.db`: a query on `store.db` there throws, since on SQLite it would wait for itself.
   */
  readonly db: Kysely<StoreTables>;

  /**
   * For the one look-up that is made thousands of times a second: where the database is a file in this process, it costs
   * a third of the same query by `db`. Undefined elsewhere. The SQL is the caller's, so that it is prepared once.
   */
  readonly readAtOnce: ReadAtOnce | undefined;

  /**
   * Commits what `action` did, or nothing if it throws. A call inside another joins it; if the inner one fails, the
   * outer cannot commit. On SQLite transactions run one after the other, so keep them short and call nothing outside.
   */
  transaction<Value>(action: (tx: Tx) => Promise<Value>): Promise<Value>;

  /**
   * Group commit, for writes that come often: `writeAll` gets the items of many callers, in the order in which they came,
   * to be written in one transaction by as few statements as it can, and says of each what came of it. Each caller's
   * promise resolves when its own is durable. If `writeAll` throws, each item is tried alone, so that one which the
   * database refuses harms nobody else's; `writeAll` must therefore do nothing but write. Rows of the audit that are
   * recorded at the same time share the flush. Called once for each kind of write, when a feature is opened.
   */
  together<Item, Value>(writeAll: WriteAll<Item, Value>): Write<Item, Value>;

  /**
   * Brings the schema up to date: the store's own migrations and the given ones, in this order, once, all or nothing.
   * Returns the ids that were applied now. Throws `MigrationError`, above all if the database is newer than this build.
   * Call it once, with every feature's migrations: one that is not given counts as unknown.
   */
  migrate(migrations: readonly Migration[]): Promise<readonly string[]>;

  /** Tells every listener of the channel, in all processes; inside a transaction when it commits, else now. */
  notify(channel: string, payload: string): Promise<void>;

  /**
   * Calls `heard` for each notification of the channel, in the order of commits: from all processes on PostgreSQL,
   * from this one on SQLite. Resolves once it hears. A lost connection is made anew; then `missed` is called, and
   * `hearing` stands still until it has resolved.
   */
  listen(channel: string, heard: NotificationHandler, missed?: MissedHandler): Promise<StopListening>;

  /** How far this process has heard. On PostgreSQL it is 1970 until something listens. */
  hearing(): Hearing;

  readonly audit: Audit;

  /** Rejects if the database does not answer. */
  ping(): Promise<void>;

  /** Writes what was handed to the audit, then frees everything. */
  close(): Promise<void>;
}
