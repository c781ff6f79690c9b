import type { Migration } from '@keyturn/store';

// A type and not an interface: Kysely's tables need an index signature.
export type AuditTables = { audit_keys: AuditKeyRow };

/** Every key that has signed checkpoints: old checkpoints are verified by old keys. */
export type AuditKeyRow = {
  key_id: string;
  /** Public JWK, as JSON. */
  public_jwk: string;
  /** The private key, sealed; null where it comes from the settings. */
  sealed: string | null;
  created_at: number;
};

export const auditKeyMigrations: readonly Migration[] = [
  {
    id: 'audit-keys-001',
    up: async (db) => {
      await db.schema
        .createTable('audit_keys')
        .addColumn('key_id', 'text', (column) => column.primaryKey())
        .addColumn('public_jwk', 'text', (column) => column.notNull())
        .addColumn('sealed', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];
