import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type UserTables = {
  users_user: UserRow;
  users_identity: { issuer: string; subject: string; user_id: string; linked_at: number };
  users_sync: { one: number; leased_until: number; done_at: number };
};

export type UserRow = {
  id: string;
  username: string;
  email: string | null;
  /** The address with ASCII letters in lower case, for comparing; null if there is none. */
  email_key: string | null;
  email_verified: number;
  name: string;
  given_name: string;
  family_name: string;
  is_staff: number;
  is_superuser: number;
  /** Whether the last token had the admin role in it. */
  token_admin: number;
  created_at: number;
  last_login_at: number | null;
  /** JSON: what the identity provider said last; null until it has. */
  groups: string | null;
  /** Of the mapping by which they were made roles; another one has them mapped anew. */
  mapping: string;
};

export const userMigrations: readonly Migration[] = [
  {
    id: 'users-001',
    up: async (db) => {
      await db.schema
        .createTable('users_user')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('username', 'text', (column) => column.notNull())
        .addColumn('email', 'text')
        .addColumn('email_key', 'text')
        .addColumn('email_verified', 'integer', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('given_name', 'text', (column) => column.notNull())
        .addColumn('family_name', 'text', (column) => column.notNull())
        .addColumn('is_staff', 'integer', (column) => column.notNull())
        .addColumn('is_superuser', 'integer', (column) => column.notNull())
        .addColumn('token_admin', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('last_login_at', 'bigint')
        .addColumn('groups', 'text')
        .addColumn('mapping', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('users_user_email').on('users_user').column('email_key').execute();
      // One user may be known by several identities; an identity is one user's.
      await db.schema
        .createTable('users_identity')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('linked_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('users_identity_pk', ['issuer', 'subject'])
        .execute();
      await db.schema.createIndex('users_identity_user').on('users_identity').column('user_id').execute();
      await db.schema
        .createTable('users_sync')
        .addColumn('one', 'integer', (column) => column.primaryKey())
        .addColumn('leased_until', 'bigint', (column) => column.notNull())
        .addColumn('done_at', 'bigint', (column) => column.notNull())
        .execute();
      await db
        .withTables<UserTables>()
        .insertInto('users_sync')
        .values({ one: 1, leased_until: 0, done_at: 0 })
        .execute();
    },
  },
];
