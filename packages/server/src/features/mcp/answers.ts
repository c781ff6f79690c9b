import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { McpCallContext } from './context.ts';
import { describeProblem, describeResult, describeTool } from './describe.ts';
import type { McpTool, McpToolbox } from './port.ts';

/** What was asked with `tools/call`. */
export interface AskedCall {
  readonly name: string;
  readonly given: Json | undefined;
  /** What the client has declared in this request; empty for eras that declare it elsewhere. */
  readonly capabilities: JsonObject;
}

/** The answers to the two methods that tools are about, alike for both eras and on both paths. */
export interface Answers {
  /** The tools on the wire, or the words of the refusal. */
  readonly list: (context: McpCallContext) => Promise<{ tools: readonly JsonObject[]; texts: readonly string[] }>;
  /** The members of the result. */
  readonly call: (context: McpCallContext, asked: AskedCall) => Promise<JsonObject>;
}

/** Thrown where a list is refused: the JSON-RPC error's message is for the caller. */
export class ListRefused extends Error {}

export function createAnswers(toolbox: McpToolbox): Answers {
  // Described and written once a tool: the toolbox gives the same object until the tool changes.
  const described = new WeakMap<McpTool, { readonly wire: JsonObject; readonly text: string }>();
  const describeOnce = (tool: McpTool) => {
    let known = described.get(tool);
    if (known === undefined) {
      const wire = describeTool(tool);
      known = { wire, text: JSON.stringify(wire) };
      described.set(tool, known);
    }
    return known;
  };
  return {
    async list({ caller, requestId }) {
      const tools = await toolbox.list(caller, requestId);
      if (!tools.ok) throw new ListRefused(`${tools.refusal.code}: ${tools.refusal.detail}`);
      const all = tools.value.map(describeOnce);
      return { tools: all.map(({ wire }) => wire), texts: all.map(({ text }) => text) };
    },
    async call(context, { name, given }) {
      const called = await context.underDeadline((signal) =>
        toolbox.call(context.caller, context.requestId, name, given, signal),
      );
      if (called.ok) return describeResult(name, called.value);
      if (called.refusal.code === 'insufficient_scope') context.refuseRequest(called.refusal);
      return describeProblem(called.refusal);
    },
  };
}

/** The client capabilities of a request's `_meta` (2026-07-28); none in earlier eras. */
export function capabilitiesOf(meta: unknown): JsonObject {
  const given = isJsonObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined;
  return isJsonObject(given) ? given : {};
}
