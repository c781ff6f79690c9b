import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** For house tests: an API whose document a test writes anew, and which tells what it was asked. */
export interface ChangingUpstream {
  /** `localhost:port`, for tools.allowedHosts. */
  readonly host: string;
  readonly url: string;
  readonly documentUrl: string;
  /** What /openapi.json answers from now on: an object, or text as it is. */
  serve: (document: object | string, etag?: string) => void;
  /** The `If-None-Match` of each request for /openapi.json; undefined where it had none. */
  readonly conditions: readonly (string | undefined)[];
  /** What everything else answers from now on. Default: what was asked. */
  answer: (handler: (request: IncomingMessage, response: ServerResponse) => void) => void;
  readonly asked: readonly Asked[];
  readonly close: () => void;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export async function openChangingUpstream(): Promise<ChangingUpstream> {
  let document: object | string = documentOf({});
  let tag: string | undefined;
  const conditions: (string | undefined)[] = [];
  const asked: Asked[] = [];
  const echo = (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }));
  };
  let handler = echo;
  const server = createServer((request, response) => {
    if (request.url === '/openapi.json') {
      const condition = request.headers['if-none-match'];
      conditions.push(condition);
      if (tag !== undefined) response.setHeader('etag', tag);
      if (tag !== undefined && condition === tag) {
        response.writeHead(304).end();
        return;
      }
      response.setHeader('content-type', 'application/json');
      response.end(typeof document === 'string' ? document : JSON.stringify(document));
      return;
    }
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `listen` has given it a port.
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    documentUrl: `http://${host}/openapi.json`,
    serve: (given, etag) => {
      document = given;
      tag = etag;
    },
    conditions,
    answer: (given) => {
      handler = given;
    },
    asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A document with these operations: name → summary. Each is `GET /name`. */
export function documentOf(operations: Readonly<Record<string, string>>, more: object = {}): object {
  const paths = Object.fromEntries(
    Object.entries(operations).map(([name, summary]) => [
      `/${name}`,
      { get: { operationId: name, summary, responses: { 200: { description: 'ok' } } } },
    ]),
  );
  return { openapi: '3.1.0', info: { title: 'changing', version: '1' }, paths, ...more };
}
