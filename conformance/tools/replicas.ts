import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Checks } from '../edge/checks.ts';
import { openCable } from '../edge/cable.ts';
import { freePorts } from '../parts/ports.ts';
import { NoPostgres, openPostgres } from '../parts/postgres.ts';
import { type ChangingApi, openChangingApi } from './changing-api.ts';
import { tryTasks } from './replica-tasks.ts';
import { serveKeyturn } from './serve.ts';
import { soon } from './soon.ts';
import type { Stage } from './stage.ts';

type Rest = (replica: number, method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

interface Ground {
  readonly checks: Checks;
  readonly rest: Rest;
  readonly api: ChangingApi;
  /** The id of the source that the API is. */
  readonly source: string;
  /** One MCP client of the user john at each replica; all listen for another list of tools. */
  readonly clients: readonly Client[];
  /** How often each client was told that the list is another. */
  readonly told: readonly number[];
  readonly subject: string;
}

/**
 * Three replicas on one PostgreSQL, each a process of its own: what is ordered at one holds at all, and every client that
 * listens is told. The third hears the database through a cable that can be cut.
 */
export async function tryReplicas(checks: Checks, stage: Stage, say: (text: string) => void): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const postgres = await openPostgres().catch((error: unknown) => {
    if (!(error instanceof NoPostgres) || process.env['CI'] !== undefined) throw error;
    say(`without replicas: ${error.message}`);
    return undefined;
  });
  if (postgres === undefined) return;
  cleanup.defer(() => postgres.stop().then(() => undefined));
  const cable = await openCable(new URL(postgres.url));
  cleanup.defer(() => cable.close());
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-replicas-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const api = await openChangingApi();
  cleanup.defer(() => api.close());

  const [{ keyturn: known }] = stage.served;
  const ports = await freePorts('one', 'two', 'three', 'm1', 'm2', 'm3');
  const urls = [ports.one, ports.two, ports.three].map((port) => `http://localhost:${port}`);
  const managements = [ports.m1, ports.m2, ports.m3];
  for (const [i, url] of urls.entries()) {
    const running = await serveKeyturn({
      issuer: stage.issuer,
      port: Number(new URL(url).port),
      management: managements[i] ?? 0,
      folder,
      store: i === 2 ? cable.url : postgres.url,
      // One service, so one resource: the one for which the realm makes tokens.
      settings: { KEYTURN_MCP__RESOURCE: `${known}/mcp`, KEYTURN_TOOLS__RECOVERY_TIMEOUT: '600' },
    });
    cleanup.defer(() => running.stop('SIGKILL').then(() => undefined));
  }

  const admin = await stage.tokenOf('admin');
  const john = await stage.tokenOf('john');
  const rest: Rest = async (replica, method, path, body) => {
    const isCall = path === '/api/v1/tools/execute';
    const answer = await fetch(`${urls[replica] ?? ''}${path}`, {
      method,
      headers: { authorization: `Bearer ${isCall ? john : admin}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { http: answer.status, ...((await answer.json()) as object) };
  };
  const told = [0, 0, 0];
  const clients: Client[] = [];
  for (const [i, url] of urls.entries()) {
    const client = await connect(url, john);
    client.setNotificationHandler('notifications/tools/list_changed', () => void (told[i] = (told[i] ?? 0) + 1));
    await client.listen({ toolsListChanged: true });
    clients.push(client);
    cleanup.defer(() => client.close());
  }
  const made = await rest(0, 'POST', '/api/v1/sources', {
    name: 'changing',
    slug: 'changing',
    url: `${api.url}/openapi.json`,
    default_audience: 'fixture',
  });
  const claims = JSON.parse(Buffer.from(john.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
  const ground: Ground = { checks, rest, api, source: String(made['id']), clients, told, subject: claims.sub };

  await tryLists(ground);
  await tryOrders(ground);
  await tryTasks(checks, { api, urls, owner: john, other: admin });
  cable.cut();
  await rest(0, 'POST', '/api/v1/admin/exchange-cache/purge', { all: true });
  api.operations = ['one', 'wait', 'after_the_cut'];
  await rest(0, 'POST', `/api/v1/sources/${ground.source}/refresh`, {});
  cable.mend();
  checks.that(
    'a replica that heard nothing for a while reads what it missed',
    // Its first statements after the cut may meet connections that are no longer any.
    await soon(
      () =>
        listed(clients[2])
          .then((names) => names.includes('changing__after_the_cut'))
          .catch(() => false),
      30,
    ),
  );
  const kept = await rest(2, 'GET', '/api/v1/admin/exchange-cache');
  checks.that('… and keeps no token that was to be dropped meanwhile', kept['tokens'] === 0, kept);
}

/** A change of the list at one replica: every client at every replica is told, and sees it. */
async function tryLists({ checks, rest, api, source, clients, told }: Ground): Promise<void> {
  const path = `/api/v1/sources/${source}`;
  const expectEverywhere = async (what: string, names: readonly string[], before: readonly number[]): Promise<void> => {
    for (const [i, client] of clients.entries()) {
      const wanted = names.map((name) => `changing__${name}`).join();
      const isThere = await soon(async () => (await listed(client)).join() === wanted);
      checks.that(`${what}: replica ${i + 1} lists it`, isThere, isThere ? undefined : await listed(client));
      const isTold = await soon(() => (told[i] ?? 0) > (before[i] ?? 0));
      checks.that(`${what}: who listens at replica ${i + 1} is told`, isTold, told);
    }
  };
  await expectEverywhere('registered at the first', ['one', 'wait'], [0, 0, 0]);
  const steps: readonly (readonly [string, readonly string[], () => Promise<unknown>])[] = [
    ['disabled at the second', [], () => rest(1, 'POST', `${path}/disable`, {})],
    ['enabled at the third', ['one', 'wait'], () => rest(2, 'POST', `${path}/enable`, {})],
    [
      're-synced at the second',
      ['one', 'two', 'wait'],
      () => {
        api.operations = ['one', 'two', 'wait'];
        return rest(1, 'POST', `${path}/refresh`, {});
      },
    ],
    ['a tool switched off at the third', ['one', 'wait'], () => rest(2, 'POST', `${path}/tools/two/disable`, {})],
  ];
  for (const [what, names, order] of steps) {
    const before = [...told];
    await order();
    await expectEverywhere(what, names, before);
  }
}

/** Orders of an administrator: kept tokens dropped, breakers closed, an agent killed. */
async function tryOrders({ checks, rest, api, source, subject }: Ground): Promise<void> {
  const call = (replica: number) =>
    rest(replica, 'POST', '/api/v1/tools/execute', { tool_id: 'changing/one', arguments: {} });
  const everywhere = async (what: string, isSo: (replica: number) => Promise<boolean>): Promise<void> => {
    for (const replica of [0, 1, 2]) checks.that(`${what} (replica ${replica + 1})`, await soon(() => isSo(replica)));
  };
  const kept = async (replica: number) => (await rest(replica, 'GET', '/api/v1/admin/exchange-cache'))['tokens'];
  for (const replica of [0, 1, 2]) await call(replica);
  await everywhere('each replica keeps the token that it got', async (replica) => (await kept(replica)) === 1);
  await rest(0, 'POST', '/api/v1/admin/exchange-cache/purge', { audience: 'another' });
  await rest(0, 'POST', '/api/v1/admin/exchange-cache/purge', { subject, audience: 'fixture' });
  await everywhere('a purge at the first drops it everywhere', async (replica) => (await kept(replica)) === 0);

  const breaker = async (replica: number) => {
    const { tool_execution: states } = await rest(replica, 'GET', '/api/v1/admin/circuit-breakers');
    return (states as Record<string, { state: string }>)[source]?.state;
  };
  api.broken = true;
  for (const replica of [1, 2]) for (let i = 0; i < 6; i++) await call(replica);
  checks.that('a failing upstream opens the breakers', (await breaker(1)) === 'open' && (await breaker(2)) === 'open');
  api.broken = false;
  await rest(0, 'POST', '/api/v1/admin/circuit-breakers/reset', { type: 'tool_execution', key: source });
  await everywhere(
    'a reset at the first closes them everywhere',
    async (replica) => (await breaker(replica)) !== 'open',
  );
  await everywhere('… and calls work again', async (replica) => (await call(replica))['status'] === 'completed');

  await rest(1, 'POST', `/api/v1/agents/${subject}/kill`, { reason: 'tried' });
  await everywhere(
    'an agent killed at the second may call nowhere',
    async (replica) => (await call(replica))['http'] === 403,
  );
  await rest(2, 'POST', `/api/v1/agents/${subject}/revive`, {});
  await everywhere(
    '… and everywhere once it is revived at the third',
    async (replica) => (await call(replica))['http'] === 200,
  );
}

async function connect(url: string, token: string): Promise<Client> {
  const client = new Client(
    { name: 'keyturn-conformance', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return client;
}

async function listed(client: Client | undefined): Promise<readonly string[]> {
  const { tools } = (await client?.listTools()) ?? { tools: [] };
  return tools.map(({ name }) => name);
}
