/** For the tests of every package that keeps something: the databases to run a contract on, and a PostgreSQL to start. */
export type { TemporaryPostgres } from './temporary-postgres.ts';
export { startTemporaryPostgres } from './temporary-postgres.ts';
export type { TestDatabase, TestDatabaseKind } from './test-databases.ts';
export { testDatabases } from './test-databases.ts';
