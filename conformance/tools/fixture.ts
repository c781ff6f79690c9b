import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The upstream that has what the official suite wants to call, as an OpenAPI service. */
export interface Fixture {
  readonly url: string;
  readonly names: readonly string[];
  /** Those whose arguments are a body. */
  readonly bodies: readonly string[];
  /** The Authorization header of each call. */
  readonly tokens: () => readonly string[];
  readonly close: () => Promise<void>;
}

type Answer = (given: Record<string, unknown>, response: ServerResponse) => Promise<void> | void;

const text =
  (words: string, status = 200): Answer =>
  (_given, response) =>
    void response.writeHead(status, { 'content-type': 'text/plain' }).end(words);

/** By operation: what it takes, and what it answers. Names and answers are the official suite's. */
const operations: Readonly<Record<string, { readonly takes?: object; readonly answer: Answer }>> = {
  test_simple_text: { answer: text('This is a simple text response for testing.') },
  test_error_handling: { answer: text('This tool intentionally returns an error for testing', 500) },
  greet: {
    takes: { name: { type: 'string' } },
    answer: ({ name }, response) =>
      void response.writeHead(200, { 'content-type': 'text/plain' }).end(`Hello, ${String(name)}!`),
  },
  slow_compute: {
    takes: { seconds: { type: 'number' }, label: { type: 'string' } },
    answer: async ({ seconds, label }, response) => {
      await sleep(Number(seconds) * 1000, undefined, { ref: false });
      response.writeHead(200, { 'content-type': 'text/plain' }).end(`computed ${String(label)}`);
    },
  },
  failing_job: {
    answer: async (_given, response) => {
      await sleep(1000, undefined, { ref: false });
      response.writeHead(500, { 'content-type': 'text/plain' }).end('the job failed');
    },
  },
  protocol_error_job: {
    answer: async (_given, response) => {
      await sleep(1000, undefined, { ref: false });
      response.destroy();
    },
  },
};

export async function openFixture(): Promise<Fixture> {
  const tokens: string[] = [];
  const server = createServer((request, response) => {
    const operation = operations[request.url?.slice(1) ?? ''];
    if (request.url === '/openapi.json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document()));
    } else if (operation === undefined) response.writeHead(404).end();
    else {
      tokens.push(request.headers.authorization ?? '');
      void read(request).then((given) => operation.answer(given, response));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    names: Object.keys(operations),
    bodies: Object.keys(operations).filter((name) => operations[name]?.takes !== undefined),
    tokens: () => tokens,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
}

function document(): object {
  const entries = Object.entries(operations).map(([operationId, { takes }]) => [
    `/${operationId}`,
    {
      post: {
        operationId,
        summary: `The fixture ${operationId} of the official suite`,
        ...(takes === undefined
          ? {}
          : {
              requestBody: { content: { 'application/json': { schema: { type: 'object', properties: takes } } } },
            }),
        responses: { '200': { description: 'The answer', content: { 'text/plain': { schema: { type: 'string' } } } } },
      },
    },
  ]);
  return {
    openapi: '3.1.0',
    info: { title: 'Fixture', version: '1' },
    paths: Object.fromEntries(entries) as object,
  };
}
