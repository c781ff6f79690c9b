import { type Json, ok, type Result } from '@keyturn/protocol';
import type { ToolResult } from '@keyturn/tools';
import type { Caller } from '../../http/caller.ts';
import { type House, pass } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { Toolbox } from './toolbox.ts';

/** The tools as the MCP door lists and calls them (its port `McpToolbox`): by MCP name, each call through all rooms. */
export function openMcpDoor(toolbox: Toolbox, house: House) {
  return {
    async list(caller: Caller, requestId: string): Promise<Result<readonly ReturnType<typeof describe>[], Problem>> {
      const listed = await pass(house, { caller, requestId, action: { kind: 'tool.list' } }, async () =>
        ok({ outcome: 'allowed', answer: toolbox.list(caller).map(describe) } as const),
      );
      return listed.ok ? ok(listed.value.answer) : listed;
    },
    async call(
      caller: Caller,
      requestId: string,
      name: string,
      given: Json | undefined,
      signal: AbortSignal,
    ): Promise<Result<ToolResult, Problem>> {
      const entry = toolbox.find(caller, name, 'mcp');
      const request = { caller, requestId, door: 'mcp', arguments: given, signal } as const;
      const called = await toolbox.callThroughRooms(entry, name, request);
      return called.ok ? ok(called.value.answer.result) : called;
    },
  };
}

function describe({ tool }: CatalogueEntry) {
  return {
    name: tool.mcpName,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    annotations: {
      readOnlyHint: tool.hints.readOnly,
      destructiveHint: tool.hints.destructive,
      idempotentHint: tool.hints.idempotent,
    },
  };
}
