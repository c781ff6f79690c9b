import type { Json } from '@keyturn/protocol';
import {
  type CallToolResult,
  createMcpHandler,
  type ListToolsResult,
  type McpHttpHandler,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { type Answers, capabilitiesOf } from './answers.ts';
import type { McpCallContext } from './context.ts';
import { serverInfo } from './server-info.ts';
import { declaresTasks, describeTaskInDetail, tasksExtension } from './task.ts';
import type { Tasks } from './tasks.ts';

/**
 * The official SDK, with a fresh server for each request (MCP 2026-07-28 is stateless, and older clients are served
 * statelessly too). The SDK owns framing, eras and header checks; what is answered is the same on the lean path.
 */
export function createHandler(
  answers: Answers,
  tasks: Tasks,
  options: { version: string; warn: (message: string) => void },
): McpHttpHandler {
  return createMcpHandler(
    (served) => {
      const context = contextOf(served.authInfo?.extra);
      const server = new Server(serverInfo(options.version), {
        capabilities: { tools: { listChanged: true }, extensions: { [tasksExtension]: {} } },
      });
      server.setRequestHandler('tools/list', async () => {
        const { tools } = await answers.list(context);
        // Built by describeTool, whose type is that of JSON.
        return { tools: tools() } as unknown as ListToolsResult;
      });
      server.setRequestHandler('tools/call', async (request, { mcpReq }) => {
        const { name, arguments: given } = request.params;
        const capabilities = capabilitiesOf(mcpReq.envelope);
        // The SDK has parsed the body as JSON, so what it calls unknown is Json; and it checks what is given back.
        const result = await answers.call(context, {
          name,
          given: given as Json | undefined,
          capabilities,
          answered: mcpReq.inputResponses !== undefined,
        });
        return result as unknown as CallToolResult;
      });
      serveTasks(server, tasks, context);
      return server;
    },
    { onerror: (error) => options.warn(error.message) },
  );
}

/** The three methods of the tasks extension, for clients that have declared it in this request. */
function serveTasks(server: Server, tasks: Tasks, context: McpCallContext): void {
  const params = { params: z.looseObject({ taskId: z.string().max(100) }) };
  const unknown = () => new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such task');
  const demand = (envelope: unknown): void => {
    if (declaresTasks(capabilitiesOf(envelope))) return;
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } });
  };
  server.setRequestHandler('tasks/get', params, async ({ taskId }, { mcpReq }) => {
    demand(mcpReq.envelope);
    const task = await tasks.get(context, taskId);
    if (task === undefined) throw unknown();
    return describeTaskInDetail(task);
  });
  server.setRequestHandler('tasks/cancel', params, async ({ taskId }, { mcpReq }) => {
    demand(mcpReq.envelope);
    if (!(await tasks.cancel(context, taskId))) throw unknown();
    return {};
  });
  // Keyturn's tasks ask the client for nothing, so there is nothing that an update could answer.
  server.setRequestHandler('tasks/update', params, async ({ taskId }, { mcpReq }) => {
    demand(mcpReq.envelope);
    if ((await tasks.get(context, taskId)) === undefined) throw unknown();
    return {};
  });
}

/** The `extra` of AuthInfo is where the frame has put its caller: this handler is never reached without one. */
function contextOf(extra: Record<string, unknown> | undefined): McpCallContext {
  const context = extra?.['keyturn'];
  if (context === undefined) throw new Error('the MCP handler was reached without authentication');
  // Put there by routes.ts, in this process.
  return context as McpCallContext;
}
