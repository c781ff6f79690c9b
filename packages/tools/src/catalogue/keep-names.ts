import type { Tool } from '../tool.ts';
import { hashJson } from './canonical-json.ts';
import { tailedName } from './names.ts';

/** What an earlier reading called an operation. */
export interface KnownName {
  readonly operationId: string;
  readonly mcpName: string;
  readonly method: string;
  readonly path: string;
}

/**
 * The tools of a new reading under the names of the one before. A name that has become ambiguous, since the document has
 * gained a second operation with it, has got a tail of its own (see `nameOperations`); the operation that had the name
 * first keeps it. A tail stays too when the name is no longer ambiguous: without it the operation would take over the
 * name, and whatever was granted by it, of the one that is gone. An operation that its author has renamed has a new name.
 */
export function keepNames(tools: readonly Tool[], known: readonly KnownName[]): readonly Tool[] {
  if (known.length === 0) return tools;
  const byPlace = new Map(known.map((name) => [`${name.method} ${name.path}`, name]));
  const taken = new Set(tools.map((tool) => tool.operationId));
  const byId = new Map(known.map((name) => [name.operationId, name]));
  const takenNames = new Set(tools.map((tool) => tool.mcpName));
  return tools.map((tool) => {
    const before = byPlace.get(`${tool.method} ${tool.path}`);
    const isSame =
      before !== undefined &&
      (tool.operationId === tailedName(before.operationId, tool) ||
        before.operationId === tailedName(tool.operationId, tool));
    if (isSame && !taken.has(before.operationId)) {
      return rename(tool, before.operationId, takenNames.has(before.mcpName) ? tool.mcpName : before.mcpName);
    }
    const same = byId.get(tool.operationId);
    if (same === undefined || same.mcpName === tool.mcpName || takenNames.has(same.mcpName)) return tool;
    return rename(tool, tool.operationId, same.mcpName);
  });
}

function rename({ hash: _hash, ...tool }: Tool, operationId: string, mcpName: string): Tool {
  const renamed = { ...tool, operationId, mcpName, id: `${tool.sourceSlug}/${operationId}` };
  return { ...renamed, hash: hashJson(renamed) };
}
