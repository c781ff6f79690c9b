import { ok, type Result, refuse } from '@keyturn/protocol';
import { differingParts, type Tool } from '@keyturn/tools';
import type { Changer } from '../../http/audit-actor.ts';
import { isPending, stateOf, type ToolHead } from './kept-tool.ts';
import type { SourceParts } from './parts.ts';
import { eventOf, some } from './record.ts';
import type { SourceRefusal } from './refusals.ts';
import type { Source } from './source.ts';

/** A tool that waits for a person: what the source has now, beside what was accepted. */
export interface PendingTool {
  readonly head: ToolHead;
  readonly now: Tool;
  /** Undefined where the tool is new. */
  readonly accepted: Tool | undefined;
  /** Members that differ, such as `inputSchema`. */
  readonly parts: readonly string[];
}

/** What waits, by operation id. */
export async function listPending(
  parts: SourceParts,
  id: string,
): Promise<Result<{ readonly source: Source; readonly pending: readonly PendingTool[] }, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  const heads = (await parts.repository.heads(id)).filter(isPending);
  const pending: PendingTool[] = [];
  for (const { operation } of heads) {
    const kept = await parts.repository.tool(id, operation);
    if (kept === undefined) continue;
    const { head, tool, accepted } = kept;
    pending.push({ head, now: tool, accepted, parts: accepted === undefined ? [] : differingParts(accepted, tool) });
  }
  return ok({ source, pending });
}

/** Accepts tools as the source has them now. `hash` is what the person looked at. */
export async function acceptTools(
  parts: SourceParts,
  id: string,
  which: {
    readonly operations?: readonly string[] | undefined;
    readonly hash?: string | undefined;
    readonly inventoryHash?: string | undefined;
  },
  changer: Changer,
): Promise<Result<readonly ToolHead[], SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  if (which.inventoryHash !== undefined && which.inventoryHash !== source.inventoryHash) {
    return refuse({ why: 'other-hash', hash: source.inventoryHash });
  }
  const found = choose(await parts.repository.heads(id), which.operations);
  if (!found.ok) return found;
  const [first] = found.value;
  if (which.hash !== undefined && first !== undefined && first.hash !== which.hash) {
    return refuse({ why: 'other-hash', hash: first.hash });
  }
  const accepted = found.value.filter(isPending);
  if (accepted.length === 0) return ok([]);
  const accept = { at: parts.clock(), by: changer.actor.identity };
  const operations = accepted.map(({ operation }) => operation);
  const stored = await parts.repository.mark(
    id,
    accepted.map(({ operation, hash }) => ({ operation, accept: { hash, ...accept } })),
    eventOf(changer, 'tools-accepted', source, {
      ...some(operations),
      hashes: Object.fromEntries(accepted.slice(0, 20).map(({ operation, hash }) => [operation, hash])),
    }),
  );
  if (!stored) return refuse({ why: 'unknown-source' });
  await parts.changed();
  return ok(accepted);
}

/** Switches one tool on or off; on does not accept it. */
export async function switchTool(
  parts: SourceParts,
  id: string,
  operation: string,
  enabled: boolean,
  changer: Changer,
  reason?: string,
): Promise<Result<ToolHead, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  const found = choose(await parts.repository.heads(id), [operation]);
  if (!found.ok) return found;
  const [head] = found.value;
  if (head === undefined) return refuse({ why: 'unknown-operation', operation });
  if (head.enabled !== enabled) {
    const event = eventOf(changer, enabled ? 'tools-enabled' : 'tools-disabled', source, {
      ...some([operation]),
      ...(reason === undefined ? {} : { reason }),
    });
    if (!(await parts.repository.mark(id, [{ operation, enabled }], event))) {
      return refuse({ why: 'unknown-source' });
    }
    await parts.changed();
  }
  return ok({ ...head, enabled });
}

/** The named ones, or all that there are; one that is not there spoils the whole. */
function choose(
  heads: readonly ToolHead[],
  operations: readonly string[] | undefined,
): Result<readonly ToolHead[], SourceRefusal> {
  const present = heads.filter((head) => stateOf(head) !== 'gone');
  if (operations === undefined) return ok(present);
  const known = new Map(present.map((head) => [head.operation, head]));
  const missing = operations.find((operation) => !known.has(operation));
  if (missing !== undefined) return refuse({ why: 'unknown-operation', operation: missing });
  return ok(operations.flatMap((operation) => known.get(operation) ?? []));
}
