import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** A row as SQLite gives it, by column; what reads it knows the shapes that it has written. */
export type ReadRow = Readonly<Record<string, unknown>>;

/**
 * Reads a row at once, by one text parameter, without the queue for the store's connection. It sees what has been
 * committed, and never what a transaction under way has written.
 */
export type ReadAtOnce = (sql: string, parameter: string) => ReadRow | undefined;

/** A second connection to the file, which only reads. Opened when it is first asked, since the file may not be there before. */
export function openSqliteReader(path: string): { readonly read: ReadAtOnce; readonly close: () => void } {
  let database: DatabaseSync | undefined;
  const statements = new Map<string, StatementSync>();
  return {
    read(sql, parameter) {
      database ??= new DatabaseSync(path, { readOnly: true, timeout: 1000 });
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = database.prepare(sql);
        statements.set(sql, statement);
      }
      return statement.get(parameter);
    },
    close() {
      statements.clear();
      database?.close();
      database = undefined;
    },
  };
}
