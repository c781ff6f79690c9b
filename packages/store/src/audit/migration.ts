import type { Migration } from '../migrations.ts';

/** The table of the audit. The primary key makes a fork of a chain impossible; `at` is what lists are read by. */
export const auditMigrations: readonly Migration[] = [
  {
    id: 'audit-001',
    up: async (db) => {
      await db.schema
        .createTable('audit_events')
        .addColumn('chain', 'text', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('identity', 'text', (column) => column.notNull())
        .addColumn('client', 'text')
        .addColumn('issuer', 'text')
        .addColumn('behalf_identity', 'text')
        .addColumn('behalf_client', 'text')
        .addColumn('behalf_issuer', 'text')
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('target', 'text')
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('reason', 'text')
        .addColumn('request_id', 'text')
        .addColumn('facts', 'text')
        .addColumn('prev_hash', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('audit_events_pk', ['chain', 'seq'])
        .execute();
      await db.schema.createIndex('audit_events_at').on('audit_events').column('at').execute();
    },
  },
  {
    id: 'audit-002',
    up: async (db) => {
      await db.schema
        .createTable('audit_checkpoints')
        .addColumn('seq', 'bigint', (column) => column.primaryKey())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('signature', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull())
        .execute();
      // What the checkpoints say of each chain, so that a new one need not read all of them.
      await db.schema
        .createTable('audit_heads')
        .addColumn('chain', 'text', (column) => column.primaryKey())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('cut_seq', 'bigint', (column) => column.notNull())
        .addColumn('cut_hash', 'text', (column) => column.notNull())
        .execute();
    },
  },
];
