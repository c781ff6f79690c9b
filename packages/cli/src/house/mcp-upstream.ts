import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';

/** For house tests: an MCP server behind streamable HTTP, whose tools a test writes anew. */
export interface McpUpstream {
  readonly host: string;
  readonly url: string;
  serve: (tools: readonly object[]) => void;
  /** The `authorization` headers that came, in order. */
  readonly shown: readonly (string | undefined)[];
  /** JSON-RPC methods that came, in order. */
  readonly methods: readonly string[];
  /** How many calls have come to a tool. */
  readonly made: () => number;
  /** Speaks the other era from now on, as a server that was replaced. */
  readonly speak: (era: 'modern' | 'legacy') => void;
  readonly close: () => void;
}

const object = { type: 'object', properties: {} };

/** What each tool does: `echo` gives back, `fail` says that it failed, `picture` has no text, `refuse` is no call. */
function call(name: string, given: object): object {
  if (name === 'refuse') throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'no');
  if (name === 'fail') return { content: [{ type: 'text', text: 'no luck' }], isError: true };
  if (name === 'picture') return { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] };
  return { content: [{ type: 'text', text: JSON.stringify(given) }], structuredContent: { given } };
}

/** `modern` by the official SDK, which speaks 2026-07-28; `legacy` by hand, as servers of 2025 speak, with a session. */
export async function openMcpUpstream(first: 'modern' | 'legacy'): Promise<McpUpstream> {
  let era = first;
  let made = 0;
  let tools: readonly object[] = [];
  const shown: (string | undefined)[] = [];
  const methods: string[] = [];
  const modern = createMcpHandler(
    () => {
      const server = new Server({ name: 'upstream', version: '1' }, { capabilities: { tools: {} } });
      // The test says what is listed; the SDK's own types would refuse what some tests list.
      server.setRequestHandler('tools/list', () => ({
        tools: tools as { name: string; inputSchema: { type: 'object' } }[],
      }));
      server.setRequestHandler('tools/call', ({ params }) => {
        made += 1;
        return { content: [], ...call(params.name, params.arguments ?? {}) };
      });
      return server;
    },
    { legacy: 'reject' },
  );
  const answer = async (request: IncomingMessage, body: string): Promise<Response> => {
    const message = (body === '' ? {} : JSON.parse(body)) as {
      id?: number;
      method?: string;
      params?: { name: string; arguments?: object };
    };
    if (message.method !== undefined) methods.push(message.method);
    if (era === 'modern') {
      const headers = new Headers(request.headers as Record<string, string>);
      const method = request.method ?? 'POST';
      return modern.fetch(
        new Request(`http://${request.headers.host ?? ''}/mcp`, { method, headers, ...(body === '' ? {} : { body }) }),
      );
    }
    const reply = (result: object, headers: Record<string, string> = {}) =>
      Response.json({ jsonrpc: '2.0', id: message.id, result }, { headers });
    if (request.method === 'DELETE') return new Response(null, { status: 204 });
    switch (message.method) {
      case 'initialize':
        return reply(
          { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'old', version: '1' } },
          { 'mcp-session-id': 'session-1' },
        );
      case 'notifications/initialized':
        return new Response(null, { status: 202 });
      case 'tools/list':
        return reply({ tools });
      case 'tools/call':
        if (request.headers['mcp-session-id'] === undefined) return new Response(null, { status: 400 });
        made += 1;
        return reply(call(message.params?.name ?? '', message.params?.arguments ?? {}));
      default:
        return Response.json(
          { jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'no session' } },
          { status: 400 },
        );
    }
  };
  const server = createServer((request, response) => {
    shown.push(request.headers.authorization);
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      void (async () => {
        const answered = await answer(request, body);
        response.writeHead(answered.status, Object.fromEntries(answered.headers));
        response.end(Buffer.from(await answered.arrayBuffer()));
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `listen` has given it a port.
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/mcp`,
    serve: (given) => {
      tools = given;
    },
    shown,
    methods,
    made: () => made,
    speak: (other) => {
      era = other;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A tool as a server lists it. */
export function listedTool(name: string, more: object = {}): object {
  return { name, description: `Does ${name}.`, inputSchema: object, ...more };
}
