import { type Json, type JsonObject, ok, type Result } from '@keyturn/protocol';
import type { Tool } from '@keyturn/tools';
import type { Caller } from '../../http/caller.ts';
import { type House, pass } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { UpstreamResult } from './call.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { Toolbox } from './toolbox.ts';

interface McpAnswer {
  readonly result: UpstreamResult;
  readonly content: readonly JsonObject[] | undefined;
  readonly promised: boolean;
}

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
    ): Promise<Result<McpAnswer, Problem>> {
      const entry = toolbox.find(caller, name, 'mcp');
      const request = { caller, requestId, door: 'mcp', arguments: given, signal } as const;
      const called = await toolbox.callThroughRooms(entry, name, request);
      if (!called.ok) return called;
      const { result } = called.value.answer;
      return ok({ result, content: result.content, promised: entry?.tool.outputSchema !== undefined });
    },
  };
}

function describe({ tool }: CatalogueEntry): ReturnType<typeof describeTool> {
  const known = described.get(tool) ?? describeTool(tool);
  described.set(tool, known);
  return known;
}

// A memo of a pure function: the same tool is the same object, so that what is written of it is written once.
const described = new WeakMap<Tool, ReturnType<typeof describeTool>>();

function describeTool(tool: Tool) {
  return {
    name: tool.mcpName,
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    outputSchema: tool.outputSchema,
    annotations: {
      readOnlyHint: tool.hints.readOnly,
      destructiveHint: tool.hints.destructive,
      idempotentHint: tool.hints.idempotent,
    },
  };
}
