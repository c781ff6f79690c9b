import type { Tool } from '../tool.ts';

/** What a document read again has changed, by tool id. */
export interface ToolChanges {
  readonly added: readonly Tool[];
  readonly removed: readonly Tool[];
  /** `parts` names the members that differ, such as `inputSchema`; a person decides whether that matters. */
  readonly changed: readonly { readonly before: Tool; readonly after: Tool; readonly parts: readonly string[] }[];
  readonly unchanged: readonly Tool[];
}

/** Compares two readings of one source. A tool is the same as before if its hash is. */
export function diffTools(before: readonly Tool[], after: readonly Tool[]): ToolChanges {
  const old = new Map(before.map((tool) => [tool.id, tool]));
  const ids = new Set(after.map((tool) => tool.id));
  const added: Tool[] = [];
  const unchanged: Tool[] = [];
  const changed: { before: Tool; after: Tool; parts: readonly string[] }[] = [];
  for (const tool of after) {
    const known = old.get(tool.id);
    if (known === undefined) added.push(tool);
    else if (known.hash === tool.hash) unchanged.push(tool);
    else changed.push({ before: known, after: tool, parts: differingParts(known, tool) });
  }
  return { added, removed: before.filter((tool) => !ids.has(tool.id)), changed, unchanged };
}

/** The members of a tool that two readings of it do not agree on. */
export function differingParts(before: Tool, after: Tool): readonly string[] {
  const [a, b] = [textsOf(before), textsOf(after)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((part) => part !== 'hash' && a.get(part) !== b.get(part));
}

function textsOf(tool: Tool): ReadonlyMap<string, string | undefined> {
  return new Map(Object.entries(tool).map(([part, value]) => [part, JSON.stringify(value)]));
}
