import { matchesName } from '../../http/pat-limits.ts';

/** What a request says of the MCP call in it, by the headers of MCP 2026-07-28, which the server holds to the body. */
export interface McpHeaders {
  readonly method: string | undefined;
  readonly name: string | undefined;
}

/** Methods that change nothing and call nothing. */
const harmless = [
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'notifications/*',
];

/** Whether the MCP call changes nothing. One that does not say what it is may do anything. */
export function isHarmless({ method }: McpHeaders): boolean {
  return method !== undefined && matchesName(harmless, method);
}

/** What a rule says of the MCP calls on its route; nothing where the upstream is no MCP server. */
export interface McpRule {
  readonly mcpMethods?: readonly string[] | undefined;
  readonly mcpTools?: readonly string[] | undefined;
}

/** Whether the rule says that the upstream is an MCP server: only such a one holds the headers to the body. */
export function isMcpRoute(rule: McpRule | undefined): rule is McpRule {
  return rule?.mcpMethods !== undefined || rule?.mcpTools !== undefined;
}

/** Why a rule on MCP methods and tools refuses a call; undefined if it lets it through. */
export function whatForbidsMcp(rule: McpRule, { method, name }: McpHeaders): string | undefined {
  if (method === undefined) return 'This route needs the headers Mcp-Method and Mcp-Name (MCP 2026-07-28).';
  if (rule.mcpMethods !== undefined && !matchesName(rule.mcpMethods, method)) return `${method} is not allowed here.`;
  if (rule.mcpTools === undefined || method !== 'tools/call') return undefined;
  return name !== undefined && matchesName(rule.mcpTools, name)
    ? undefined
    : `The tool ${name ?? ''} is not allowed here.`;
}

/** Whether a token for certain tools may make this call. Tools are named as MCP names them, or as Keyturn's REST API does. */
export function isAmongTools(tools: readonly string[], { method, name }: McpHeaders): boolean {
  if (method === undefined) return false;
  if (method !== 'tools/call') return matchesName(harmless, method);
  return name !== undefined && (matchesName(tools, name) || matchesName(tools, name.replace('__', '/')));
}
