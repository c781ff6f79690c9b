import { hashJson, type Tool, type ToolHints } from '@keyturn/tools';
import type { ToolCounts } from './source.ts';

/** What is known of a tool without reading it: enough to compare, to decide whether it is offered, and to list it. */
export interface ToolHead {
  readonly operation: string;
  readonly mcpName: string;
  readonly method: string;
  readonly path: string;
  /** Where it is called: scheme, host and port. Empty where the document does not say. */
  readonly origin: string;
  /** Of the tool as the source has it now, or had it last. */
  readonly hash: string;
  /** Of the reading that is accepted; undefined if none is. The tool is offered only while the two are the same. */
  readonly acceptedHash: string | undefined;
  /** Switched off by a person. */
  readonly enabled: boolean;
  /** The source no longer has it. Kept, so that one that comes back is what it was, accepted or off. */
  readonly gone: boolean;
  readonly firstSeenAt: number;
  readonly changedAt: number;
  readonly acceptedAt: number | undefined;
  readonly acceptedBy: string | undefined;
}

/**
 * - `offered`: listed and called.
 * - `disabled`: a person has switched it off.
 * - `added`: new, and waits for a person to accept it.
 * - `changed`: no longer what was accepted, and waits.
 * - `gone`: the source has it no longer.
 */
export type ToolState = 'offered' | 'disabled' | 'added' | 'changed' | 'gone';

export function stateOf(head: Pick<ToolHead, 'hash' | 'acceptedHash' | 'enabled' | 'gone'>): ToolState {
  if (head.gone) return 'gone';
  if (!head.enabled) return 'disabled';
  if (head.acceptedHash === undefined) return 'added';
  return head.acceptedHash === head.hash ? 'offered' : 'changed';
}

/** Whether what the source has now is not what a person accepted, on or off. */
export function isPending(head: Pick<ToolHead, 'hash' | 'acceptedHash' | 'gone'>): boolean {
  return !head.gone && head.acceptedHash !== head.hash;
}

export function countTools(heads: readonly Pick<ToolHead, 'hash' | 'acceptedHash' | 'enabled' | 'gone'>[]): ToolCounts {
  const counts = { inventory: 0, offered: 0, disabled: 0, added: 0, changed: 0, gone: 0 };
  for (const head of heads) {
    counts[stateOf(head)] += 1;
    if (!head.gone) counts.inventory += 1;
  }
  return counts;
}

/**
 * A tool as it is offered: under the server address and with the hints that a person has given. With these it is another
 * tool to whoever approves a call of it, so its hash is another; the one that is pinned is that of the source's own.
 */
export function asOffered(
  tool: Tool,
  source: {
    readonly serverUrl: string | undefined;
    readonly hints: Readonly<Record<string, Partial<ToolHints>>>;
  },
): Tool {
  const hints = source.hints[tool.operationId];
  if (source.serverUrl === undefined && hints === undefined) return tool;
  const { hash: _pinned, ...rest } = tool;
  const offered = {
    ...rest,
    ...(source.serverUrl === undefined ? {} : { server: source.serverUrl.replace(/\/+$/, '') }),
    ...(hints === undefined ? {} : { hints: { ...tool.hints, ...hints } }),
  };
  return { ...offered, hash: hashJson(offered) };
}

/** A tool as the API lists it. */
export function describeHead(slug: string, head: ToolHead): Record<string, unknown> {
  const when = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
  return {
    tool_id: `${slug}/${head.operation}`,
    operation_id: head.operation,
    mcp_name: head.mcpName,
    method: head.method,
    path: head.path,
    state: stateOf(head),
    is_enabled: head.enabled,
    hash: head.hash,
    accepted_hash: head.acceptedHash ?? null,
    first_seen_at: when(head.firstSeenAt),
    changed_at: when(head.changedAt),
    accepted_at: when(head.acceptedAt),
    accepted_by: head.acceptedBy ?? null,
  };
}
