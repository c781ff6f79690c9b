import { hash } from 'node:crypto';
import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { canonicalJson } from './canonical-json.ts';
import type { AuditRow } from './event.ts';

/** The first place at which the rows are not what was written. */
export interface BrokenLink {
  /**
   * `altered`: the row's hash does not cover its content. `missing`: rows before it are gone. `repeated`: its number
   * is there twice. `cut`: it does not follow from the row before it.
   */
  readonly why: 'altered' | 'missing' | 'repeated' | 'cut';
  readonly chain: string;
  readonly seq: number;
}

/**
 * Checks rows of any number of chains, in any order, offline. A chain may begin in its middle, where retention has
 * removed what came before; that its end is the true end only a checkpoint can say.
 */
export function verifyAudit(
  rows: Iterable<AuditRow>,
): Result<{ readonly chains: number; readonly rows: number }, BrokenLink> {
  const chains = Map.groupBy(rows, (row) => row.chain);
  let count = 0;
  for (const [chain, members] of chains) {
    let before: AuditRow | undefined;
    for (const row of members.toSorted((a, b) => a.seq - b.seq)) {
      const why = checkLink(before, row);
      if (why !== undefined) return refuse({ why, chain, seq: row.seq });
      before = row;
      count += 1;
    }
  }
  return ok({ chains: chains.size, rows: count });
}

function checkLink(before: AuditRow | undefined, row: AuditRow): BrokenLink['why'] | undefined {
  if (row.hash !== hashOf(row)) return 'altered';
  if (before === undefined) return row.seq === 1 && row.prev !== '' ? 'cut' : undefined;
  if (row.seq === before.seq) return 'repeated';
  if (row.seq !== before.seq + 1) return 'missing';
  return row.prev === before.hash ? undefined : 'cut';
}

/** SHA-256 over the canonical JSON (RFC 8785) of the row without its `hash`: an exported line can be checked anywhere. */
function hashOf({ actor, onBehalfOf, ...row }: AuditRow): string {
  return hashOfRow({
    ...row,
    actor: { ...actor },
    ...(onBehalfOf === undefined ? {} : { onBehalfOf: { ...onBehalfOf } }),
  });
}

/** The same of a row as JSON, with whatever members it has. */
export function hashOfRow(row: JsonObject): string {
  return hash('sha256', canonicalJson({ ...row, hash: undefined }), 'hex');
}
