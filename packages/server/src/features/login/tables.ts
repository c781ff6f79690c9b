import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type LoginTables = {
  login_flow: { key: string; facts: string; expires_at: number };
  login_session: SessionRow;
  login_attempt: { key: string; failed_at: number };
  login_code_used: { username: string; step: number };
};

export type SessionRow = {
  id: string;
  /** SHA-256 of what is in the cookie. */
  secret_hash: string;
  kind: string;
  user_id: string | null;
  issuer: string;
  subject: string;
  /** `sid` at the identity provider. */
  idp_session: string | null;
  /** Access, refresh and ID token, sealed for this session. */
  sealed_tokens: string | null;
  access_expires_at: number;
  created_at: number;
  last_used_at: number;
  ends_at: number;
  refreshed_at: number;
  /** Who refreshes does so alone until this moment. */
  leased_until: number;
  user_agent: string;
  address: string;
};

export const loginMigrations: readonly Migration[] = [
  {
    id: 'login-001',
    up: async (db) => {
      await db.schema
        .createTable('login_flow')
        .addColumn('key', 'text', (column) => column.primaryKey())
        .addColumn('facts', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  {
    id: 'login-002',
    up: async (db) => {
      await db.schema
        .createTable('login_session')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('idp_session', 'text')
        .addColumn('sealed_tokens', 'text')
        .addColumn('access_expires_at', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('last_used_at', 'bigint', (column) => column.notNull())
        .addColumn('ends_at', 'bigint', (column) => column.notNull())
        .addColumn('refreshed_at', 'bigint', (column) => column.notNull())
        .addColumn('leased_until', 'bigint', (column) => column.notNull())
        .addColumn('user_agent', 'text', (column) => column.notNull())
        .addColumn('address', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('login_session_of').on('login_session').columns(['issuer', 'subject']).execute();
      await db.schema.createIndex('login_session_idp').on('login_session').columns(['issuer', 'idp_session']).execute();
      // Failed attempts at break-glass, by account and by address.
      await db.schema
        .createTable('login_attempt')
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('failed_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('login_attempt_key').on('login_attempt').columns(['key', 'failed_at']).execute();
      // The latest one-time code of each break-glass account that has been taken: none works twice.
      await db.schema
        .createTable('login_code_used')
        .addColumn('username', 'text', (column) => column.primaryKey())
        .addColumn('step', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];
