/** The tables that the store itself owns. Features add theirs by `db.withTables<…>()`. */
export interface StoreTables {
  schema_migrations: { id: string; applied_at: number };
  audit_events: AuditEventsTable;
  audit_checkpoints: AuditCheckpointsTable;
  audit_heads: AuditHeadsTable;
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

/** Signed statements of how far every chain had come; see `audit/checkpoint.ts`. */
export interface AuditCheckpointsTable {
  seq: number;
  at: number;
  /** Canonical JSON of everything but the signature. */
  body: string;
  signature: string;
  /** Of body and signature: `prev` of the next. */
  hash: string;
}

/** Of each chain, where the last checkpoint saw its end and where retention has cut its beginning (0: nowhere). */
export interface AuditHeadsTable {
  chain: string;
  seq: number;
  hash: string;
  cut_seq: number;
  cut_hash: string;
}
