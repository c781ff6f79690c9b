import { type Compilable, CompiledQuery, type Kysely } from 'kysely';
import type { StoreTables } from './tables.ts';

/** Rows a statement: few texts to compile and to prepare, and any number of rows in few statements. */
const statementSizes = [64, 32, 16, 8, 4, 2, 1] as const;

/** Inserts the rows in their order, and gives what the statements return. */
export type InsertRows<Row, Returned> = (db: Kysely<StoreTables>, rows: readonly Row[]) => Promise<readonly Returned[]>;

/**
 * An insert of many rows whose text is compiled once a size: on the path of every call, compiling would cost more than the
 * insert. The statement has no parameters but its rows', and every row has its members in one order, so that the values
 * of one fit the columns of another.
 */
export function manyRows<Row extends object, Returned>(
  build: (db: Kysely<StoreTables>, rows: readonly Row[]) => Compilable<Returned>,
): InsertRows<Row, Returned> {
  const texts = new Map<number, string>();
  return async (db, rows) => {
    const returned: Returned[] = [];
    let from = 0;
    for (const size of statementSizes) {
      for (; rows.length - from >= size; from += size) {
        const some = rows.slice(from, from + size);
        const text = texts.get(size) ?? build(db, some).compile().sql;
        texts.set(size, text);
        const values = some.flatMap((row): unknown[] => Object.values(row));
        const { rows: found } = await db.executeQuery<Returned>(CompiledQuery.raw(text, values));
        returned.push(...found);
      }
    }
    return returned;
  };
}
