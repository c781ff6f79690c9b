import type { GuardedFetch, NetRefusal } from '@keyturn/net';
import { type Bytes, type JsonObject, type Milliseconds, type Result, refuse } from '@keyturn/protocol';
import type { Tool, ToolResult } from '@keyturn/tools';

export interface McpCallOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: Milliseconds;
  readonly maxBytes: Bytes;
  readonly signal: AbortSignal | undefined;
}

export type McpCaller = (
  url: string,
  tool: Tool,
  args: JsonObject,
  options: McpCallOptions,
) => Promise<Result<ToolResult, NetRefusal>>;

export function createMcpCaller(_parts: { readonly fetch: GuardedFetch; readonly version: string }): McpCaller {
  return async () => refuse({ why: 'aborted', by: 'close', sent: false });
}
