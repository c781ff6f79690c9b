import type { DatabaseSync } from 'node:sqlite';

/** A user event as `GET /admin/realms/{realm}/events` shows it. `time` is milliseconds. */
export interface IdpEvent {
  readonly id: string;
  readonly time: number;
  /** `LOGIN`, `TOKEN_EXCHANGE_ERROR`, … */
  readonly type: string;
  readonly realmId: string;
  readonly clientId?: string;
  readonly userId?: string;
  readonly sessionId?: string;
  readonly ipAddress?: string;
  readonly error?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** An admin event as `GET /admin/realms/{realm}/admin-events` shows it. */
export interface AdminEvent {
  readonly id: string;
  readonly time: number;
  readonly realmId: string;
  readonly authDetails: {
    readonly realmId: string;
    readonly clientId: string;
    readonly userId: string;
    readonly ipAddress: string;
  };
  readonly operationType: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION';
  readonly resourceType: string;
  readonly resourcePath: string;
  readonly representation?: string;
  readonly error?: string;
}

/** Stored events of one sort, newest first when read. Kept on disk only. */
export interface EventLog<E> {
  append(event: E): void;
  /** Newest first. `types` filters on `type` or `operationType`; `matches` on anything else. */
  query(realmId: string, options: EventQuery<E>): readonly E[];
  clear(realmId: string): void;
  /** Drops what is older than `before` (milliseconds). */
  expire(realmId: string, before: number): void;
}

export interface EventQuery<E> {
  readonly types?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly first?: number;
  /** 100 when absent, as in Keycloak. */
  readonly max?: number;
  readonly matches?: (event: E) => boolean;
}

/** Opens one of the two event tables; `typeOf` names what `types` filters on. */
export function openEventLog<E extends { readonly realmId: string; readonly time: number }>(
  database: DatabaseSync,
  table: 'idp_events' | 'idp_admin_events',
  typeOf: (event: E) => string,
): EventLog<E> {
  const insert = database.prepare(`INSERT INTO ${table} (realm, time, type, body) VALUES (?, ?, ?, ?)`);
  const read = database.prepare(
    `SELECT type, body FROM ${table} WHERE realm = ? AND time >= ? AND time <= ? ORDER BY seq DESC`,
  );
  const clear = database.prepare(`DELETE FROM ${table} WHERE realm = ?`);
  const expire = database.prepare(`DELETE FROM ${table} WHERE realm = ? AND time < ?`);
  return {
    append: (event) => void insert.run(event.realmId, event.time, typeOf(event), JSON.stringify(event)),
    query: (realmId, { types, from = 0, to = Number.MAX_SAFE_INTEGER, first = 0, max = 100, matches }) => {
      const found: E[] = [];
      let skipped = 0;
      for (const row of read.iterate(realmId, from, to)) {
        if (found.length >= max) break;
        if (types !== undefined && types.length > 0 && !types.includes(String(row['type']))) continue;
        // Written by `append` above; the file is this process's own.
        const event = JSON.parse(String(row['body'])) as E;
        if (matches !== undefined && !matches(event)) continue;
        if (skipped < first) skipped += 1;
        else found.push(event);
      }
      return found;
    },
    clear: (realmId) => void clear.run(realmId),
    expire: (realmId, before) => void expire.run(realmId, before),
  };
}
