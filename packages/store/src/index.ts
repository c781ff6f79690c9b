/**
 * Where things are kept: one database, SQLite inside the process or PostgreSQL for several replicas, with
 * transactions, migrations, notifications and the audit. It knows no feature: each owns its tables (prefixed with its
 * name), its migrations (`<feature>-NNN`) and its queries, which are written once, in Kysely, for both databases.
 *
 * So that one query does on both, every column is `text`, `bigint` or `integer`:
 * - ids are text with their prefix; JSON is text; bytes are text in base64url or hex;
 * - moments are bigint epoch milliseconds (or seconds where a standard counts in them), read as numbers;
 * - booleans are integer 0 or 1, in queries too: neither driver takes `true`;
 * - text holds no NUL, which PostgreSQL refuses: it is kept and asked for as U+FFFD; `?` for case-insensitive search is `lower(column)`.
 * `returning`, `on conflict`, row values and partial indexes work alike. Give names explicitly when ordering matters:
 * PostgreSQL sorts text by the database's collation, SQLite by bytes.
 *
 * Read `store.ts` first, then `transactions.ts`; `audit/event.ts` and `audit/chain.ts` for the audit.
 */
export type { Audit } from './audit/audit.ts';
export type { CheckpointSigner, SignedCheckpoint } from './audit/checkpoint.ts';
export type { AuditActor, AuditEvent, AuditRow } from './audit/event.ts';
export type { AuditFilter, AuditPage, AuditPageRequest } from './audit/list.ts';
export type { BrokenLink } from './audit/verify.ts';
export type { BrokenExport, VerifiedExport, VerifyOptions } from './audit/verify-export.ts';
export { verifyExport } from './audit/verify-export.ts';
export { verifyAudit } from './audit/verify.ts';
export type { Write, WriteAll } from './group-commit.ts';
export { parseStoreUrl } from './location.ts';
export type { InsertRows } from './many-rows.ts';
export { manyRows } from './many-rows.ts';
export type { Migration } from './migrations.ts';
export { MigrationError } from './migrations.ts';
export type { Hearing } from './notifications.ts';
export type { StoreOptions } from './open-store.ts';
export { openStore } from './open-store.ts';
export type { ReadAtOnce, ReadRow } from './sqlite-reader.ts';
export type { Store } from './store.ts';
export type { StoreTables } from './tables.ts';
export type { Tx } from './transactions.ts';
