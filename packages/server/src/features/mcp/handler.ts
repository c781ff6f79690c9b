import type { Json, Result } from '@keyturn/protocol';
import type { ToolResult } from '@keyturn/tools';
import {
  type CallToolResult,
  createMcpHandler,
  type McpHttpHandler,
  Server,
  type Tool,
} from '@modelcontextprotocol/server';
import type { Caller } from '../../http/caller.ts';
import type { Problem } from '../../http/problem.ts';
import type { McpTool, McpToolbox } from './port.ts';

/** What the frame knows of a request when the SDK asks for a server to answer it. */
export interface McpCallContext {
  readonly caller: Caller;
  readonly requestId: string;
  /** Runs a call until the frame's deadline, or until the client has gone. */
  readonly underDeadline: <Value>(
    work: (signal: AbortSignal) => Promise<Result<Value, Problem>>,
  ) => Promise<Result<Value, Problem>>;
}

/**
 * The official SDK, with a fresh server for each request (MCP 2026-07-28 is stateless, and older clients are served
 * statelessly too). The SDK owns framing, eras and header checks; the tools, and every decision, are the toolbox's.
 */
export function createHandler(
  toolbox: McpToolbox,
  options: { version: string; warn: (message: string) => void },
): McpHttpHandler {
  return createMcpHandler(
    (context) => {
      const { caller, requestId, underDeadline } = contextOf(context.authInfo?.extra);
      const server = new Server(
        { name: 'keyturn', title: 'Keyturn', version: options.version },
        { capabilities: { tools: { listChanged: true } } },
      );
      server.setRequestHandler('tools/list', async () => {
        const tools = await toolbox.list(caller, requestId);
        if (!tools.ok) throw new Error(tools.refusal.detail);
        return { tools: tools.value.map(describeTool) };
      });
      server.setRequestHandler('tools/call', async (request) => {
        const { name, arguments: given } = request.params;
        // The SDK has parsed the body as JSON, so what it calls unknown is Json.
        const called = await underDeadline((signal) =>
          toolbox.call(caller, requestId, name, given as Json | undefined, signal),
        );
        return called.ok ? describeResult(called.value) : describeProblem(called.refusal);
      });
      return server;
    },
    { onerror: (error) => options.warn(error.message) },
  );
}

/** The `extra` of AuthInfo is where the frame has put its caller: this handler is never reached without one. */
function contextOf(extra: Record<string, unknown> | undefined): McpCallContext {
  const context = extra?.['keyturn'];
  if (context === undefined) throw new Error('the MCP handler was reached without authentication');
  return context as McpCallContext;
}

function describeTool(tool: McpTool): Tool {
  return {
    name: tool.name,
    ...(tool.title === undefined ? {} : { title: tool.title }),
    description: tool.description,
    inputSchema: { ...tool.inputSchema, type: 'object' },
    annotations: tool.annotations,
  };
}

function describeResult(result: ToolResult): CallToolResult {
  const text = result.text ?? (result.structured === undefined ? '' : JSON.stringify(result.structured));
  const failed = result.status >= 400;
  return {
    content: [{ type: 'text', text: failed ? `The upstream answered ${result.status}: ${text}` : text }],
    ...(isObject(result.structured) && !failed ? { structuredContent: result.structured } : {}),
    ...(failed ? { isError: true } : {}),
  };
}

/** A refusal inside a call is a result that the model can read, with the code that a program can branch on. */
function describeProblem(problem: Problem): CallToolResult {
  const errors = problem.facts === undefined ? '' : ` ${JSON.stringify(problem.facts)}`;
  return {
    content: [{ type: 'text', text: `${problem.code}: ${problem.title}. ${problem.detail}${errors}` }],
    isError: true,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
