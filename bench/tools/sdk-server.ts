// The bare official SDK, 1.x or 2.x, with one tool before the same upstream: node sdk-server.ts PORT UPSTREAM FOLDER
// As the SDKs' own stateless examples do it: a fresh server for each request, no sessions, no authentication.
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const [, , port, upstream, folder = ''] = process.argv;
const callUpstream = async ({ id }: { id: number }) => {
  const text = await (await fetch(`${upstream}/items/${id}`)).text();
  return { content: [{ type: 'text' as const, text }], structuredContent: JSON.parse(text) as Record<string, unknown> };
};
const read = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
};

if (folder === '') {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'bare', version: '2' });
    server.registerTool('get_item', { inputSchema: z.object({ id: z.number() }) }, callUpstream);
    return server;
  });
  createServer((request, response) => {
    void (async () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const body = await read(request);
      const answer = await handler.fetch(
        new Request(`http://localhost${request.url}`, { method: 'POST', headers, body }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    })();
  }).listen(Number(port), '127.0.0.1');
} else {
  const require = createRequire(join(folder, 'package.json'));
  const load = async (name: string): Promise<Record<string, new (...args: unknown[]) => Sdk1>> =>
    (await import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)).href)) as never;
  const { McpServer: Server } = await load('server/mcp.js');
  const { StreamableHTTPServerTransport: Transport } = await load('server/streamableHttp.js');
  if (Server === undefined || Transport === undefined) throw new Error('the SDK 1.x has another shape');
  createServer((request, response) => {
    void (async () => {
      const server = new Server({ name: 'bare', version: '1' });
      server.registerTool('get_item', { inputSchema: { id: z.number() } }, callUpstream);
      const transport = new Transport({ sessionIdGenerator: undefined, enableJsonResponse: true });
      response.on('close', () => void server.close());
      await server.connect(transport);
      await transport.handleRequest(request, response, JSON.parse(await read(request)));
    })();
  }).listen(Number(port), '127.0.0.1');
}

/** As much of the SDK 1.x as is called here. */
interface Sdk1 {
  registerTool(name: string, options: object, handler: typeof callUpstream): void;
  connect(transport: Sdk1): Promise<void>;
  handleRequest(request: IncomingMessage, response: object, body: unknown): Promise<void>;
  close(): Promise<void>;
}
