/** The tables that the store itself owns. Features add theirs by `db.withTables<…>()`. */
export interface StoreTables {
  schema_migrations: { id: string; applied_at: number };
  audit_events: AuditEventsTable;
}

/** One row an event; see `audit/event.ts` for the meaning of each column. */
export interface AuditEventsTable {
  chain: string;
  seq: number;
  at: number;
  kind: string;
  identity: string;
  client: string | null;
  issuer: string | null;
  behalf_identity: string | null;
  behalf_client: string | null;
  behalf_issuer: string | null;
  action: string;
  target: string | null;
  outcome: string;
  reason: string | null;
  request_id: string | null;
  facts: string | null;
  prev_hash: string;
  hash: string;
}
