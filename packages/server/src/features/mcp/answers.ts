import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { AskedCall } from './asked-call.ts';
import type { McpCallContext } from './context.ts';
import { describeProblem, describeResult, describeTool } from './describe.ts';
import { elicitApproval } from './elicit-approval.ts';
import type { McpTool, McpToolbox } from './port.ts';
import { declaresTasks, describeTask } from './task.ts';
import type { Tasks } from './tasks.ts';

/** The answers to the two methods that tools are about, alike for both eras and on both paths. */
export interface Answers {
  /** The tools on the wire, and the same as the JSON text of the array. Throws `ListRefused`. */
  readonly list: (context: McpCallContext) => Promise<{ tools: () => JsonObject[]; text: () => Buffer }>;
  /**
   * The members of the result. A call that people have to approve becomes a task, or a page to open, or a clear result,
   * whichever the client can do; a slow one becomes a task where the client can fetch answers later.
   */
  readonly call: (context: McpCallContext, asked: AskedCall) => Promise<JsonObject>;
}

/** Thrown where a list is refused: the JSON-RPC error's message is for the caller. */
export class ListRefused extends Error {}

/** `pagesAt`: the URL below which people can open the page of a request; undefined where nobody can log in. */
export function createAnswers(toolbox: McpToolbox, tasks: Tasks, pagesAt: string | undefined): Answers {
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
  // The last few lists as they were written: callers with the same access see the same tools, and writing 1,000 costs
  // more than all else about a list.
  const written: { readonly tools: readonly McpTool[]; readonly text: Buffer }[] = [];
  const textOf = (tools: readonly McpTool[]): Buffer => {
    const known = written.find((one) => isSameList(one.tools, tools));
    if (known !== undefined) return known.text;
    const text = Buffer.from(`[${tools.map((tool) => describeOnce(tool).text).join(',')}]`);
    written.unshift({ tools, text });
    written.length = Math.min(written.length, maxWritten);
    return text;
  };
  return {
    async list({ caller, requestId }) {
      const tools = await toolbox.list(caller, requestId);
      if (!tools.ok) throw new ListRefused(`${tools.refusal.code}: ${tools.refusal.detail}`);
      const listed = tools.value;
      return { tools: () => listed.map((tool) => describeOnce(tool).wire), text: () => textOf(listed) };
    },
    async call(context, asked) {
      const { name, given, capabilities } = asked;
      const later = declaresTasks(capabilities);
      const called = later
        ? await tasks.run(context, asked)
        : await context.underDeadline((signal) => toolbox.call(context.caller, context.requestId, name, given, signal));
      if (!('ok' in called)) return { resultType: 'task', ...describeTask(called) };
      if (called.ok) {
        const failed = called.value.result.status >= 400;
        // A failed tool is an answered request: its kind of error is `tool_error` (MCP semantic conventions).
        context.note({ tool: name, ...(failed ? { error: 'tool_error' } : {}) });
        return describeResult(name, called.value);
      }
      const { refusal } = called;
      // What the caller calls a tool is no name of one, and goes into no metric.
      context.note({ ...(refusal.code === 'unknown_tool' ? {} : { tool: name }), error: refusal.code });
      if (refusal.code === 'insufficient_scope') context.refuseRequest(refusal);
      if (refusal.code === 'approval_required') {
        if (later) return { resultType: 'task', ...describeTask(await tasks.park(context, asked, refusal)) };
        // A program's own account has nobody who could open a page.
        const isPerson = pagesAt !== undefined && !context.caller.principal.serviceAccount;
        const elicited =
          isPerson && asked.answered !== true ? elicitApproval(refusal, capabilities, pagesAt) : undefined;
        if (elicited !== undefined) return elicited;
      }
      return describeProblem(refusal);
    },
  };
}

/** Lists that are kept as they were written: so many kinds of access are common, and more only cost time. */
const maxWritten = 8;

function isSameList(one: readonly McpTool[], other: readonly McpTool[]): boolean {
  return one.length === other.length && one.every((tool, i) => tool === other[i]);
}

/** The client capabilities of a request's `_meta` (2026-07-28); none in earlier eras. */
export function capabilitiesOf(meta: unknown): JsonObject {
  const given = isJsonObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined;
  return isJsonObject(given) ? given : {};
}
