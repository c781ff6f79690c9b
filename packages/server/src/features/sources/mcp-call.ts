import type { GuardedFetch, NetRefusal } from '@keyturn/net';
import {
  type Bytes,
  isJsonObject,
  type Json,
  type JsonObject,
  type Milliseconds,
  ok,
  type Result,
  refuse,
} from '@keyturn/protocol';
import { checkResult, type Tool, type ToolResult } from '@keyturn/tools';
import { askMcp, type McpRefusal } from './mcp-client.ts';
import type { McpEras } from './mcp-eras.ts';
import { wireNameOf } from './mcp-tools.ts';

export interface McpCallOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: Milliseconds;
  readonly maxBytes: Bytes;
  readonly signal: AbortSignal | undefined;
}

/** A result, with the server's own content blocks: images, resources and all, for whoever speaks MCP too. */
export interface McpToolResult extends ToolResult {
  readonly content?: readonly JsonObject[];
}

export type McpCaller = (
  url: string,
  tool: Tool,
  args: JsonObject,
  options: McpCallOptions,
) => Promise<Result<McpToolResult, NetRefusal>>;

/**
 * Calls tools of MCP servers, each by a connection of its own. What MCP answers is given a status, so that it is judged
 * like any upstream's: 200; 422 for a tool that says of itself that it failed; 400 for a call that the server refuses.
 */
export function createMcpCaller(parts: {
  readonly fetch: GuardedFetch;
  readonly version: string;
  readonly eras: McpEras;
}): McpCaller {
  return async (url, tool, args, options) => {
    const asked = await askMcp({ ...options, ...parts, url }, (client, request) =>
      client.callTool({ name: wireNameOf(tool), arguments: args }, { ...request, toolDefinition: definitionOf(tool) }),
    );
    if (!asked.ok) return readRefusal(asked.refusal);
    // What the client has parsed is JSON.
    return ok(readMcpResult(tool, asked.value as unknown as JsonObject));
  };
}

/** So that arguments which the server wants in headers too are put there; results are judged here. */
function definitionOf({ path, inputSchema }: Tool) {
  return { name: wireNameOf({ path }), inputSchema: { ...inputSchema, type: 'object' as const } };
}

/** What a result of `tools/call` means. */
export function readMcpResult(tool: Tool, result: JsonObject): McpToolResult {
  const content = (Array.isArray(result['content']) ? result['content'] : []).filter(isJsonObject);
  const structured = isJsonObject(result['structuredContent']) ? result['structuredContent'] : undefined;
  const failed = result['isError'] === true;
  const texts = content.flatMap((block) =>
    block['type'] === 'text' && typeof block['text'] === 'string' ? [block['text']] : [],
  );
  const value: Json | undefined = structured ?? (texts.length === content.length ? undefined : content);
  const faults = failed || structured === undefined ? [] : checkResult(tool, structured);
  return {
    ...(faults.length === 0 ? {} : { mismatch: faults }),
    status: failed ? 422 : 200,
    ok: !failed,
    contentType: 'application/json',
    ...(value === undefined ? {} : { value }),
    ...(structured === undefined ? {} : { structured }),
    text: texts.join('\n'),
    content,
  };
}

function readRefusal(refusal: McpRefusal): Result<McpToolResult, NetRefusal> {
  switch (refusal.why) {
    case 'net':
      return refuse(refusal.refusal);
    case 'status':
      return ok(failedWith(refusal.status, `The MCP server answered ${refusal.status}.`));
    case 'protocol':
      return ok(failedWith(400, refusal.message));
  }
}

function failedWith(status: number, text: string): McpToolResult {
  return { status, ok: false, contentType: 'text/plain', text };
}
