import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Checks } from '../parts/checks.ts';
import { type People, post } from './calls.ts';
import type { Gateway } from './stage.ts';

/** Where the gateways of this suite say that MCP is: tokens for it are good at each of them. */
export const mcpResource = 'http://gateway.example/mcp';

/** An upstream with one tool, which counts how often it is called. */
export interface PayUpstream extends AsyncDisposable {
  readonly host: string;
  readonly calls: () => number;
}

export async function openPayUpstream(): Promise<PayUpstream> {
  let calls = 0;
  const amount = { type: 'object', properties: { amount: { type: 'integer' } }, required: ['amount'] };
  const pay = {
    operationId: 'pay',
    requestBody: { required: true, content: { 'application/json': { schema: amount } } },
    responses: { '200': { description: 'Paid.' } },
  };
  const document = { openapi: '3.1.0', info: { title: 'Bank', version: '1' }, paths: { '/pay': { post: pay } } };
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url === '/pay') calls += 1;
      const body = request.url === '/pay' ? { paid: true } : document;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is never a path or null while it listens.
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** 64 callers, half of them over MCP, want to spend one approval of one tool call: the upstream is called once. */
export async function checkToolRacers(
  replicas: readonly Gateway[],
  upstream: PayUpstream,
  { agent, reviewer }: People,
  checks: Checks,
  where: string,
): Promise<void> {
  const at = (i: number): string => replicas[i % replicas.length]?.url ?? '';
  const registered = await send(at(0), '/api/v1/sources', agent, {
    name: 'Bank',
    slug: 'bank',
    url: `http://${upstream.host}/openapi.json`,
    auth: { kind: 'none' },
  });
  checks.that(`${where}: a source is registered`, registered.status === 201, registered);
  for (const { url } of replicas) await untilListed(url, agent);

  const before = upstream.calls();
  const asked = await overRest(at(0), agent, 7);
  const name = String(asked.body['request']);
  checks.that(`${where}: a tool call waits for people`, asked.status === 202, asked);
  const approved = await post(at(1), reviewer, name, 'approve');
  checks.that(`${where}: a reviewer approves it`, approved.status === 200, approved);
  const racers = await Promise.all(
    Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? overRest(at(i), agent, 7) : overMcp(at(i), agent, 7))),
  );
  const through = racers.filter(({ text }) => text.includes('"paid"')).length;
  checks.that(`${where}: 64 racers at the tool gate, REST and MCP: one gets through`, through === 1, through);
  checks.that(`${where}: and the upstream was called once`, upstream.calls() === before + 1, upstream.calls());
  checks.that(
    `${where}: nobody is left without an answer`,
    racers.every(({ status }) => [200, 202, 409].includes(status)),
    racers.map(({ status }) => status),
  );
  const other = await overMcp(at(2), agent, 8);
  checks.that(`${where}: other arguments need another approval`, other.text.includes('approval_required'), other);
  checks.that(`${where}: and were not sent`, upstream.calls() === before + 1, upstream.calls());
}

/** 10,000 requests of one agent at once: as many wait as may, and every other one hears why. */
export async function checkFlood(gateway: Gateway, { agent, reviewer }: People, checks: Checks): Promise<void> {
  const statuses = new Map<number, number>();
  let left = 10_000;
  const ask = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { status, headers } = await send(gateway.url, '/agent-requests', agent, {
        action: 'scale-down',
        targetURI: 'k8s://prod/a',
      });
      const key = status === 429 && headers.get('retry-after') === null ? 0 : status;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 50 }, ask));
  const seconds = (performance.now() - startedAt) / 1000;
  const seen = Object.fromEntries(statuses);
  const waiting = (await get(gateway.url, '/agent-requests?phase=Pending&limit=500', reviewer)) as { items: object[] };
  checks.that(
    `10,000 requests of one agent: 100 wait, 9,900 are 429 with Retry-After (${seconds.toFixed(0)} s)`,
    waiting.items.length === 100 && (seen[429] ?? 0) + (seen[201] ?? 0) === 10_000 && (seen[201] ?? 0) <= 100,
    { seen, waiting: waiting.items.length },
  );
}

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

const overRest = (url: string, token: string, amount: number): Promise<Sent> =>
  send(url, '/api/v1/tools/execute', token, { tool_id: 'bank/pay', arguments: { body: { amount } } });

const overMcp = (url: string, token: string, amount: number): Promise<Sent> =>
  send(
    url,
    '/mcp',
    token,
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'bank__pay', arguments: { body: { amount } } },
    },
    { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
  );

async function send(url: string, path: string, token: string, body: object, more: object = {}): Promise<Sent> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...more };
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  const read: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  return { status: answer.status, headers: answer.headers, text, body: { ...(read as object) } };
}

async function get(url: string, path: string, token: string): Promise<unknown> {
  return (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
}

/** Replicas hear of a source from each other. */
async function untilListed(url: string, token: string): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    if (JSON.stringify(await get(url, '/api/v1/tools', token)).includes('bank/pay')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} never heard of the source`);
}
