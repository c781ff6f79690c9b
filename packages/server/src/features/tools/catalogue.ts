import type { Tool } from '@keyturn/tools';

/** What a tool call needs to know of the source that the tool belongs to. */
export interface ToolSource {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** Operations of an HTTP API, or tools of an MCP server. */
  readonly sourceType: 'openapi' | 'mcp';
  /** Of an MCP server: where it is called. */
  readonly url: string | undefined;
  /** How Keyturn shows itself to the upstream. */
  readonly effectiveAuth: { readonly kind: 'exchange' | 'passthrough' | 'client-credentials' | 'api-key' | 'none' };
  readonly defaultAudience: string | undefined;
  readonly requiredScopes: readonly string[];
  readonly passthrough: 'forbidden' | 'allowed';
  readonly enabled: boolean;
  readonly tools: readonly Tool[];
}

export interface CatalogueEntry {
  readonly tool: Tool;
  readonly source: ToolSource;
}

/**
 * All tools of all enabled sources, in a fixed order (by id), found by REST id (`slug/operation`, `slug:operation`)
 * or by MCP name. Built from the sources whenever they change; a call only looks up.
 */
export interface Catalogue {
  readonly entries: readonly CatalogueEntry[];
  readonly byId: (id: string) => CatalogueEntry | undefined;
  readonly byMcpName: (name: string) => CatalogueEntry | undefined;
}

export function buildCatalogue(sources: readonly ToolSource[]): Catalogue {
  const entries = sources
    .filter((source) => source.enabled)
    .flatMap((source) => source.tools.map((tool) => ({ tool, source })))
    .sort((one, other) => (one.tool.id < other.tool.id ? -1 : 1));
  const byId = new Map(entries.map((entry) => [entry.tool.id, entry]));
  const byMcpName = new Map(entries.map((entry) => [entry.tool.mcpName, entry]));
  return {
    entries,
    byId: (id) => byId.get(id) ?? byId.get(id.replace(':', '/')),
    byMcpName: (name) => byMcpName.get(name),
  };
}
