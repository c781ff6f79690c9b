import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type AccessTables = { tools_access: AccessRow };

export type AccessRow = {
  id: string;
  /** `group` or `policy`. */
  kind: string;
  name: string;
  /** JSON. */
  definition: string;
  created_at: number;
  updated_at: number;
  created_by: string;
};

export const accessMigrations: readonly Migration[] = [
  {
    id: 'tools-001',
    up: async (db) => {
      await db.schema
        .createTable('tools_access')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addUniqueConstraint('tools_access_name', ['kind', 'name'])
        .execute();
    },
  },
];
