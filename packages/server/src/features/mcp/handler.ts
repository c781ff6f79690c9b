import type { Json } from '@keyturn/protocol';
import {
  type CallToolResult,
  createMcpHandler,
  type ListToolsResult,
  type McpHttpHandler,
  Server,
} from '@modelcontextprotocol/server';
import { type Answers, capabilitiesOf } from './answers.ts';
import type { McpCallContext } from './context.ts';
import { serverInfo } from './server-info.ts';

/**
 * The official SDK, with a fresh server for each request (MCP 2026-07-28 is stateless, and older clients are served
 * statelessly too). The SDK owns framing, eras and header checks; what is answered is the same on the lean path.
 */
export function createHandler(
  answers: Answers,
  options: { version: string; warn: (message: string) => void },
): McpHttpHandler {
  return createMcpHandler(
    (served) => {
      const context = contextOf(served.authInfo?.extra);
      const server = new Server(serverInfo(options.version), { capabilities: { tools: { listChanged: true } } });
      server.setRequestHandler('tools/list', async () => {
        const { tools } = await answers.list(context);
        // Built by describeTool, whose type is that of JSON.
        return { tools: [...tools] } as unknown as ListToolsResult;
      });
      server.setRequestHandler('tools/call', async (request, { mcpReq }) => {
        const { name, arguments: given } = request.params;
        const capabilities = capabilitiesOf(mcpReq.envelope);
        // The SDK has parsed the body as JSON, so what it calls unknown is Json; and it checks what is given back.
        const result = await answers.call(context, { name, given: given as Json | undefined, capabilities });
        return result as unknown as CallToolResult;
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
  // Put there by routes.ts, in this process.
  return context as McpCallContext;
}
