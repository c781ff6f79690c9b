import type { Clock } from '@keyturn/protocol';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { StoreTables } from './tables.ts';

/** A step that changes the schema, once and for ever: a released one is never edited. */
export interface Migration {
  /** `<feature>-NNN`, as in `pats-001`. */
  readonly id: string;
  /**
   * Runs inside the transaction of all pending migrations. Use what both databases understand (see the conventions in
   * index.ts); `dialect` is there for the rest.
   */
  readonly up: (db: Transaction<StoreTables>, dialect: 'sqlite' | 'postgres') => Promise<void>;
}

/** Thrown when the database cannot be brought to this build's schema. Its message is for the operator, whole. */
export class MigrationError extends Error {}

/** Any number, the same in every process: who holds it migrates. */
const advisoryLock = 40_409_000;

/**
 * Applies what has not been applied, in the order given, all in one transaction, and returns the ids. Of several
 * replicas that start together one does the work and the others find it done.
 */
export async function runMigrations(
  db: Kysely<StoreTables>,
  dialect: 'sqlite' | 'postgres',
  clock: Clock,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  checkIds(migrations);
  return db.transaction().execute(async (tx) => {
    if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(tx);
    await tx.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute();
    const applied = new Set((await tx.selectFrom('schema_migrations').select('id').execute()).map((row) => row.id));
    const known = new Set(migrations.map((migration) => migration.id));
    const unknown = [...applied].filter((id) => !known.has(id)).sort();
    if (unknown.length > 0) {
      throw new MigrationError(
        `the database is newer than this build: it holds ${unknown.join(', ')}, which this build does not know; start the build that made it, or a later one`,
      );
    }
    const pending = migrations.filter((migration) => !applied.has(migration.id));
    for (const { id, up } of pending) {
      await up(tx, dialect).catch((error: unknown) => {
        throw new MigrationError(`migration ${id} failed and nothing was changed: ${messageOf(error)}`, {
          cause: error,
        });
      });
      await tx.insertInto('schema_migrations').values({ id, applied_at: clock() }).execute();
    }
    return pending.map((migration) => migration.id);
  });
}

/** A list that is out of order would give two databases two schemas. */
function checkIds(migrations: readonly Migration[]): void {
  const last = new Map<string, string>();
  for (const { id } of migrations) {
    const feature = /^([a-z][a-z0-9-]*)-\d{3}$/.exec(id)?.[1];
    if (feature === undefined) throw new MigrationError(`migration id "${id}" is not <feature>-NNN`);
    const before = last.get(feature);
    if (before !== undefined && before >= id) throw new MigrationError(`migration ${id} is listed after ${before}`);
    last.set(feature, id);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
