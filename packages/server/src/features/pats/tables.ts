import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type PatTables = {
  pats_token: PatRow;
  pats_owner: OwnerRow;
  pats_grant: GrantRow;
  pats_revocation: RevocationRow;
  pats_revocation_head: { one: number; seq: number };
};

export type PatRow = {
  id: string;
  kind: string;
  issuer: string;
  subject: string;
  name: string;
  hash: string;
  jti: string | null;
  /** JSON. */
  limits: string;
  client: string | null;
  created_at: number;
  issued_at: number;
  expires_at: number;
  last_used_at: number | null;
  last_address: string | null;
  former_hash: string | null;
  former_jti: string | null;
  former_until: number | null;
  /** 1: its owner has been told that it ends soon. 2: it has run out, and those who verify by themselves have been told. */
  announced: number;
  email: string | null;
};

/** What is known of a user from the identity provider. */
export type OwnerRow = {
  issuer: string;
  subject: string;
  state: string;
  not_before: number;
  read_at: number;
  /** JSON. */
  realm_roles: string | null;
};

/** An offline grant: one a user. What is sealed can be opened only with the key from the settings. */
export type GrantRow = {
  issuer: string;
  subject: string;
  /** Changes with each new grant, so that a late answer about an older one is not taken for news of this one. */
  generation: string;
  sealed_refresh_token: string;
  sealed_access_token: string | null;
  access_expires_at: number;
  refreshed_at: number;
  /** Who refreshes does so alone until this moment; of an ended grant, when it may be tried again. */
  leased_until: number;
  /** Why the identity provider no longer honours it, in its words. */
  ended: string | null;
};

/** Which tokens are no longer good, in the order in which it became true. */
export type RevocationRow = {
  seq: number;
  at: number;
  kind: string;
  value: string;
  issuer: string | null;
  before: number | null;
  /** When no token can be alive any more that this is about. */
  until: number;
  pat_id: string | null;
};

export const patMigrations: readonly Migration[] = [
  {
    id: 'pats-001',
    up: async (db) => {
      await db.schema
        .createTable('pats_token')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('jti', 'text', (column) => column.unique())
        .addColumn('limits', 'text', (column) => column.notNull())
        .addColumn('client', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('last_used_at', 'bigint')
        .addColumn('last_address', 'text')
        .addColumn('former_hash', 'text', (column) => column.unique())
        .addColumn('former_jti', 'text', (column) => column.unique())
        .addColumn('former_until', 'bigint')
        .addColumn('announced', 'integer', (column) => column.notNull().defaultTo(0))
        .addUniqueConstraint('pats_token_name', ['issuer', 'subject', 'name'])
        .execute();
      await db.schema
        .createTable('pats_owner')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('not_before', 'bigint', (column) => column.notNull())
        .addColumn('read_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('pats_owner_pk', ['issuer', 'subject'])
        .execute();
      await db.schema
        .createTable('pats_grant')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('generation', 'text', (column) => column.notNull())
        .addColumn('sealed_refresh_token', 'text', (column) => column.notNull())
        .addColumn('sealed_access_token', 'text')
        .addColumn('access_expires_at', 'bigint', (column) => column.notNull())
        .addColumn('refreshed_at', 'bigint', (column) => column.notNull())
        .addColumn('leased_until', 'bigint', (column) => column.notNull())
        .addColumn('ended', 'text')
        .addPrimaryKeyConstraint('pats_grant_pk', ['issuer', 'subject'])
        .execute();
      await db.schema
        .createTable('pats_revocation')
        .addColumn('seq', 'bigint', (column) => column.primaryKey())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('issuer', 'text')
        .addColumn('before', 'bigint')
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addColumn('pat_id', 'text')
        .execute();
      // One row, whose lock makes the order of numbers the order of commits: a reader never skips one that comes late.
      await db.schema
        .createTable('pats_revocation_head')
        .addColumn('one', 'integer', (column) => column.primaryKey())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .execute();
      await db.withTables<PatTables>().insertInto('pats_revocation_head').values({ one: 1, seq: 0 }).execute();
    },
  },
  {
    id: 'pats-002',
    up: async (db) => {
      await db.schema.alterTable('pats_owner').addColumn('realm_roles', 'text').execute();
    },
  },
  {
    id: 'pats-003',
    up: async (db) => {
      await db.schema.alterTable('pats_token').addColumn('email', 'text').execute();
    },
  },
  {
    id: 'pats-004',
    up: async (db) => {
      await db.schema
        .alterTable('pats_token')
        .addColumn('issued_at', 'bigint', (column) => column.notNull().defaultTo(0))
        .execute();
      await db
        .withTables<PatTables>()
        .updateTable('pats_token')
        .set((row) => ({ issued_at: row.ref('created_at') }))
        .execute();
    },
  },
];
