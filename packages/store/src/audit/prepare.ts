import { hash } from 'node:crypto';
import type { EpochMilliseconds } from '@keyturn/protocol';
import type { AuditEventsTable } from '../tables.ts';
import { canonicalJson } from './canonical-json.ts';
import type { AuditActor, AuditEvent } from './event.ts';

/** Longer names, targets and reasons are cut: they may come from a hostile request. */
const maxText = 2048;

/** An event as it stood when it was handed over, ready for a place in a chain. */
export interface PreparedEvent {
  readonly columns: Omit<AuditEventsTable, 'chain' | 'seq' | 'prev_hash' | 'hash'>;
  /** The canonical JSON of its row, in the four pieces between `chain`, `prev` and `seq`. */
  readonly pieces: readonly [string, string, string, string];
}

/** Throws on facts that JSON cannot hold, so that such an event harms none that share its flush. */
export function prepareEvent(event: AuditEvent, now: EpochMilliseconds): PreparedEvent {
  const at = event.at ?? now;
  if (!Number.isSafeInteger(at)) throw new TypeError('an audit event happened at no moment');
  const { actor, onBehalfOf, facts, outcome } = event;
  const columns = {
    at,
    kind: storable(event.kind),
    identity: storable(actor.identity),
    client: storableOrNull(actor.client),
    issuer: storableOrNull(actor.issuer),
    behalf_identity: storableOrNull(onBehalfOf?.identity),
    behalf_client: storableOrNull(onBehalfOf?.client),
    behalf_issuer: storableOrNull(onBehalfOf?.issuer),
    action: storable(event.action),
    target: storableOrNull(event.target),
    outcome,
    reason: storableOrNull(event.reason),
    request_id: storableOrNull(event.requestId),
    facts: facts === undefined ? null : canonicalJson(facts),
  };
  const who = actorText(columns.identity, columns.client, columns.issuer);
  const whom =
    columns.behalf_identity === null
      ? ''
      : `"onBehalfOf":${actorText(columns.behalf_identity, columns.behalf_client, columns.behalf_issuer)},`;
  return {
    columns,
    // Members in the order of RFC 8785. Written out, since this is on the path of every call; a test compares it.
    pieces: [
      `{"action":${JSON.stringify(columns.action)},"actor":${who},"at":${at},`,
      `${columns.facts === null ? '' : `"facts":${columns.facts},`}"kind":${JSON.stringify(columns.kind)},${whom}"outcome":"${outcome}",`,
      `${member('reason', columns.reason)}${member('requestId', columns.request_id)}`,
      columns.target === null ? '}' : `,"target":${JSON.stringify(columns.target)}}`,
    ],
  };
}

/** The row of an event at its place in a chain. */
export function placeEvent(
  { columns, pieces }: PreparedEvent,
  chain: string,
  seq: number,
  prev: string,
): AuditEventsTable {
  const text = `${pieces[0]}"chain":"${chain}",${pieces[1]}"prev":"${prev}",${pieces[2]}"seq":${seq}${pieces[3]}`;
  return { ...columns, chain, seq, prev_hash: prev, hash: hash('sha256', text, 'hex') };
}

function actorText(identity: string, client: string | null, issuer: string | null): string {
  return `{${member('client', client)}"identity":${JSON.stringify(identity)}${issuer === null ? '' : `,"issuer":${JSON.stringify(issuer)}`}}`;
}

function member(name: string, value: string | null): string {
  return value === null ? '' : `"${name}":${JSON.stringify(value)},`;
}

/** Text that both databases give back as it went in: PostgreSQL takes no NUL, neither keeps half a surrogate pair. */
function storable(text: string): string {
  const cut = text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text;
  return cut.isWellFormed() && !cut.includes('\0') ? cut : cut.toWellFormed().replaceAll('\0', '\ufffd');
}

function storableOrNull(text: AuditActor['client']): string | null {
  return text === undefined ? null : storable(text);
}
