import { epochMilliseconds, isJsonObject } from '@keyturn/protocol';
import type { AuditEventsTable } from '../tables.ts';
import type { AuditActor, AuditEvent, AuditRow } from './event.ts';

/** A row of the database as others see it: what is not there is left out. */
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
