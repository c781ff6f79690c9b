import type { JsonObject } from '@keyturn/protocol';
import type { AuditEvent } from '@keyturn/store';
import type { Changer } from '../../http/audit-actor.ts';
import type { SyncDiff } from './settle.ts';
import type { Source } from './source.ts';

/** The audit row of a change, written in the transaction of the change. The row of the request that caused it is apart. */
export function eventOf(
  { actor, requestId }: Changer,
  action: 'registered' | 'changed' | 'synced' | 'removed' | 'tools-accepted' | 'tools-enabled' | 'tools-disabled',
  source: Pick<Source, 'id'>,
  facts: JsonObject,
): AuditEvent {
  return {
    kind: `source.${action}`,
    actor,
    action,
    target: source.id,
    outcome: 'allowed',
    ...(requestId === undefined ? {} : { requestId }),
    facts,
  };
}

/** What a sync changed, with the first operations of each sort by name. */
export function factsOf(diff: SyncDiff): JsonObject {
  return {
    added: some(diff.added),
    changed: some(diff.changed),
    removed: some(diff.removed),
    pending: some(diff.pending),
  };
}

/** Names for people to recognise, and how many there are: an audit row is no place for thousands. */
export function some(operations: readonly string[]): JsonObject {
  return { count: operations.length, first: operations.slice(0, 20) };
}
