import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API that changes: what its document lists, and whether it works. `POST /wait` takes two seconds. */
export interface ChangingApi {
  readonly url: string;
  operations: readonly string[];
  broken: boolean;
  /** Calls of `wait` that were broken off by whoever made them. */
  letGo: number;
  readonly close: () => Promise<void>;
}

export async function openChangingApi(): Promise<ChangingApi> {
  const server = createServer((request, response) => {
    if (request.url === '/openapi.json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(documentOf(api.operations)));
    } else if (request.url === '/wait') {
      response.once('close', () => (api.letGo += response.writableFinished ? 0 : 1));
      setTimeout(() => response.end('waited'), 2000).unref();
    } else response.writeHead(api.broken ? 503 : 200, { 'content-type': 'text/plain' }).end('done');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  const api: ChangingApi = {
    url: `http://127.0.0.1:${port}`,
    operations: ['one', 'wait'],
    broken: false,
    letGo: 0,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return api;
}

function documentOf(operations: readonly string[]): object {
  const paths = operations.map((name) => [
    `/${name}`,
    { post: { operationId: name, responses: { '200': { description: '' } } } },
  ]);
  return { openapi: '3.1.0', info: { title: 'Changing', version: '1' }, paths: Object.fromEntries(paths) as object };
}
