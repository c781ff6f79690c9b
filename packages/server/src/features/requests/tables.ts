import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type RequestTables = {
  requests_request: RequestRow;
  requests_subjects: SubjectsRow;
  requests_message: MessageRow;
};

/** The subject lists that an administrator has set; none until then. */
export type SubjectsRow = { one: number; agents: string; reviewers: string };

/** A webhook call or a mail that is still to be taken. */
export type MessageRow = {
  id: string;
  /** `webhook` or `mail`. */
  kind: string;
  /** JSON: what is sent, the same at every attempt. */
  body: string;
  attempts: number;
  due_at: number;
  created_at: number;
};

export type RequestRow = {
  name: string;
  version: number;
  phase: string;
  via: string;
  /** Folded identity of whoever asked, for limits and filters. */
  agent: string;
  issuer: string;
  subject: string | null;
  client: string | null;
  session_id: string | null;
  token_id: string | null;
  pat: string | null;
  action: string;
  target: string | null;
  correlation_id: string | null;
  classification: string | null;
  digest: string;
  call_key: string;
  /** The call while it can still be executed, else null: unique, so that one request of a call is active at a time. */
  active_key: string | null;
  /** Of an edited request: the call that was asked for at first. */
  former_call_key: string | null;
  outcome_unknown: number;
  created_at: number;
  updated_at: number;
  expires_at: number;
  executing_until: number | null;
  /** Names under which approvals can be revoked, hashed, between line feeds: of `sub x`, `sid y`. */
  approver_names: string;
  /** Everything else, as JSON. */
  body: string;
};

export const requestMigrations: readonly Migration[] = [
  {
    id: 'requests-001',
    up: async (db) => {
      await db.schema
        .createTable('requests_request')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('phase', 'text', (column) => column.notNull())
        .addColumn('via', 'text', (column) => column.notNull())
        .addColumn('agent', 'text', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text')
        .addColumn('client', 'text')
        .addColumn('session_id', 'text')
        .addColumn('token_id', 'text')
        .addColumn('pat', 'text')
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('target', 'text')
        .addColumn('correlation_id', 'text')
        .addColumn('classification', 'text')
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('call_key', 'text', (column) => column.notNull())
        .addColumn('active_key', 'text', (column) => column.unique())
        .addColumn('former_call_key', 'text')
        .addColumn('outcome_unknown', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('executing_until', 'bigint')
        .addColumn('approver_names', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .execute();
      for (const [name, ...columns] of [
        ['requests_call', 'call_key', 'created_at'],
        ['requests_former_call', 'former_call_key', 'created_at'],
        ['requests_due', 'phase', 'expires_at'],
        ['requests_agent', 'agent', 'created_at'],
        ['requests_pending_of_agent', 'issuer', 'agent', 'phase'],
        ['requests_updated', 'updated_at', 'name'],
        ['requests_created', 'created_at', 'name'],
      ] as const) {
        await db.schema
          .createIndex(name)
          .on('requests_request')
          .columns([...columns])
          .execute();
      }
      await db.schema
        .createTable('requests_subjects')
        .addColumn('one', 'integer', (column) => column.primaryKey())
        .addColumn('agents', 'text', (column) => column.notNull())
        .addColumn('reviewers', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('requests_message')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('due_at', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('requests_message_due').on('requests_message').column('due_at').execute();
    },
  },
];
