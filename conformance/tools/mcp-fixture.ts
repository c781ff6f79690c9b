import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';

/** A small MCP server by the official SDK (streamable HTTP, both eras), as an upstream that is a source. */
export interface McpFixture {
  readonly url: string;
  readonly names: readonly string[];
  /** The Authorization header of each request. */
  readonly tokens: () => readonly string[];
  readonly close: () => Promise<void>;
}

interface FixtureTool {
  readonly inputSchema?: { readonly type: 'object'; readonly [keyword: string]: unknown };
  readonly outputSchema?: { readonly type: 'object'; readonly [keyword: string]: unknown };
  readonly content: readonly object[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: boolean;
}

const image = {
  type: 'image',
  mimeType: 'image/png',
  data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
};
const resource = (name: string, mimeType: string, text: string) => ({
  type: 'resource',
  resource: { uri: `test://${name}`, mimeType, text },
});

/** What an OpenAPI service has no words for. Names and answers are the official suite's; `measured` is our own. */
const tools: Readonly<Record<string, FixtureTool>> = {
  test_image_content: { content: [image] },
  test_audio_content: {
    content: [
      { type: 'audio', mimeType: 'audio/wav', data: 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=' },
    ],
  },
  test_embedded_resource: {
    content: [resource('embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  },
  test_multiple_content_types: {
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      resource('mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  },
  measured: {
    outputSchema: { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] },
    content: [{ type: 'text', text: '{"celsius":21.5}' }],
    structuredContent: { celsius: 21.5 },
  },
  gives_up: { content: [{ type: 'text', text: 'This tool gives up on purpose.' }], isError: true },
  json_schema_2020_12_tool: {
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's own word
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    content: [{ type: 'text', text: 'fits' }],
  },
};

export async function openMcpFixture(): Promise<McpFixture> {
  const tokens: string[] = [];
  const handler = createMcpHandler(() => {
    const server = new Server({ name: 'fixture', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({
      tools: Object.entries(tools).map(([name, { inputSchema, outputSchema }]) => ({
        name,
        description: `The fixture ${name} of the official suite`,
        inputSchema: inputSchema ?? { type: 'object' as const },
        ...(outputSchema === undefined ? {} : { outputSchema }),
      })),
    }));
    server.setRequestHandler('tools/call', ({ params }) => {
      const { content = [], structuredContent, isError } = tools[params.name] ?? {};
      return {
        // The blocks above are those of the specification.
        content: content as never[],
        ...(structuredContent === undefined ? {} : { structuredContent }),
        ...(isError === undefined ? {} : { isError }),
      };
    });
    return server;
  });
  const server = createServer((incoming, outgoing) => {
    tokens.push(incoming.headers.authorization ?? '');
    void (async () => {
      const answer = await handler.fetch(await read(incoming));
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
      outgoing.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    names: Object.keys(tools),
    tokens: () => tokens,
    close: async () => {
      await handler.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const method = incoming.method ?? 'POST';
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) if (typeof value === 'string') headers.set(name, value);
  const url = `http://${incoming.headers.host ?? ''}${incoming.url ?? ''}`;
  return new Request(url, { method, headers, ...(method === 'POST' ? { body: Buffer.concat(chunks) } : {}) });
}
