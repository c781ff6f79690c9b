import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type PolicyTables = {
  policies_policy: PolicyRow;
  policies_version: VersionRow;
  policies_limit: { key: string; touched_at: number };
  policies_take: TakeRow;
  policies_killed: KilledRow;
};

/** The policies there are. A deleted one keeps its row, so that its versions go on counting if it comes back. */
export type PolicyRow = {
  name: string;
  version: number;
  /** JSON; the newest version. */
  document: string;
  deleted: number;
  created_at: number;
  updated_at: number;
  updated_by: string;
};

/** Every version there ever was: what a decision of last month was made by can be read for ever. */
export type VersionRow = {
  name: string;
  version: number;
  /** JSON; null where this version is the deletion. */
  document: string | null;
  created_at: number;
  created_by: string;
};

/** One call that a limit let through. */
export type TakeRow = {
  /** SHA-256 of what is counted together: its parts may be as long as a target. */
  key: string;
  at: number;
  /** When it has left the window and can go. */
  until: number;
};

export type KilledRow = { agent: string; reason: string; killed_by: string; killed_at: number };

export const policyMigrations: readonly Migration[] = [
  {
    id: 'policies-001',
    up: async (db) => {
      await db.schema
        .createTable('policies_policy')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addColumn('deleted', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_by', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('policies_version')
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('document', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('policies_version_pk', ['name', 'version'])
        .execute();
      // One row a limit: whoever takes from it holds the row until the commit, so that two replicas cannot both be last.
      await db.schema
        .createTable('policies_limit')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('touched_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('policies_take')
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('policies_take_key').on('policies_take').columns(['key', 'at']).execute();
      await db.schema.createIndex('policies_take_until').on('policies_take').column('until').execute();
      await db.schema
        .createTable('policies_killed')
        .addColumn('agent', 'text', (column) => column.primaryKey())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('killed_by', 'text', (column) => column.notNull())
        .addColumn('killed_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];
