import type { Migration } from '@keyturn/store';

// A type and not an interface: Kysely's tables need an index signature.
export type EventTables = { events_webhook: WebhookRow };

/** A webhook that is still to be delivered. */
export type WebhookRow = {
  id: string;
  url: string;
  body: string;
  attempts: number;
  /** When it is tried next; whoever tries puts it off first, so that no other replica tries too. */
  next_at: number;
};

export const eventMigrations: readonly Migration[] = [
  {
    id: 'events-001',
    up: async (db) => {
      await db.schema
        .createTable('events_webhook')
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('next_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('events_webhook_pk', ['id', 'url'])
        .execute();
      await db.schema.createIndex('events_webhook_next').on('events_webhook').column('next_at').execute();
    },
  },
];
