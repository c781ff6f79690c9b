import { hash } from 'node:crypto';
import { epochMilliseconds, type EpochMilliseconds, isJsonObject } from '@keyturn/protocol';
import type { AuditEventsTable } from '../tables.ts';
import { canonicalJson } from './canonical-json.ts';
import type { AuditActor, AuditEvent, AuditRow } from './event.ts';

/** Longer names, targets and reasons are cut: they may come from a hostile request. */
const maxText = 2048;

/** Makes an event the next row of a chain. What is hashed is exactly what the database gives back later. */
export function buildRow(
  event: AuditEvent,
  now: EpochMilliseconds,
  place: { readonly chain: string; readonly seq: number; readonly prev: string },
): AuditEventsTable {
  const row = writeRow({ ...event, at: event.at ?? now, ...place, hash: '' });
  return { ...row, hash: hashRow(row) };
}

/** A row as the database holds it. */
export function writeRow(row: AuditRow): AuditEventsTable {
  return {
    chain: row.chain,
    seq: row.seq,
    at: row.at,
    kind: storable(row.kind),
    identity: storable(row.actor.identity),
    client: storableOrNull(row.actor.client),
    issuer: storableOrNull(row.actor.issuer),
    behalf_identity: storableOrNull(row.onBehalfOf?.identity),
    behalf_client: storableOrNull(row.onBehalfOf?.client),
    behalf_issuer: storableOrNull(row.onBehalfOf?.issuer),
    action: storable(row.action),
    target: storableOrNull(row.target),
    outcome: row.outcome,
    reason: storableOrNull(row.reason),
    request_id: storableOrNull(row.requestId),
    facts: row.facts === undefined ? null : canonicalJson(row.facts),
    prev_hash: row.prev,
    hash: row.hash,
  };
}

/** The hash of a row as it stands in the database, whatever its own `hash` says. */
export function hashRow(row: AuditEventsTable): string {
  return hash('sha256', canonicalJson({ ...row, hash: undefined }), 'hex');
}

/** A row of the database as others see it. */
export function readRow(row: AuditEventsTable): AuditRow {
  const facts: unknown = row.facts === null ? undefined : JSON.parse(row.facts);
  return {
    chain: row.chain,
    seq: row.seq,
    at: epochMilliseconds(row.at),
    kind: row.kind,
    actor: readActor(row.identity, row.client, row.issuer),
    ...(row.behalf_identity === null
      ? {}
      : { onBehalfOf: readActor(row.behalf_identity, row.behalf_client, row.behalf_issuer) }),
    action: row.action,
    ...(row.target === null ? {} : { target: row.target }),
    outcome: readOutcome(row.outcome),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.request_id === null ? {} : { requestId: row.request_id }),
    ...(isJsonObject(facts) ? { facts } : {}),
    prev: row.prev_hash,
    hash: row.hash,
  };
}

function readActor(identity: string, client: string | null, issuer: string | null): AuditActor {
  return { identity, ...(client === null ? {} : { client }), ...(issuer === null ? {} : { issuer }) };
}

function readOutcome(text: string): AuditEvent['outcome'] {
  if (text === 'allowed' || text === 'refused' || text === 'failed') return text;
  throw new Error('an audit row has an outcome that no build has written');
}

/** Text that both databases give back as it went in: PostgreSQL takes no NUL, neither keeps half a surrogate pair. */
function storable(text: string): string {
  const cut = text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text;
  return cut.toWellFormed().replaceAll('\0', '\ufffd');
}

function storableOrNull(text: string | undefined): string | null {
  return text === undefined ? null : storable(text);
}
