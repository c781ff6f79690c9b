import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchFromNpm, fetchFromPyPi, NotFetched } from '@keyturn/conformance/parts/fetched';
import { modernRequest } from '@keyturn/conformance/parts/modern-request';
import { freePorts } from '@keyturn/conformance/parts/ports';
import { type RunningProcess, startProcess, waitFor } from '@keyturn/conformance/parts/process';
import { startTestIdp } from '@keyturn/idp/testing';
import { cpuMilliseconds } from '../parts/cpu.ts';
import { fire, type Shot } from '../parts/load.ts';
import { openContextForge } from './contextforge.ts';
import { formatTable, median } from '../parts/statistics.ts';

/** Calls a CPU-second against FastMCP, the SDK 1.x and ContextForge; milliseconds of CPU; seconds; MiB. */
const aims = { fastmcp: 50, sdk1: 5, contextforge: 200, call: 0.25, list: 3, register: 3, memory: 300 };

interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly shot: Shot;
  /** Requests a round: few for who is slow. */
  readonly requests: number;
}

/**
 * What a tool call over MCP costs: Keyturn with everything on (token checked, policy, exchange from the cache, schema
 * check, audit row durable) beside FastMCP's from_openapi and the bare official SDKs, which do none of it, and ContextForge. One upstream,
 * interleaved rounds, counted by each server's own CPU.
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] !== undefined;
  const opened: (() => Promise<unknown>)[] = [];
  try {
    const stage = await openStage(opened);
    const spent = new Map<string, number[]>();
    // Rounds that do not count: the first gets the tokens, and a service of this size is compiled for longer than that one.
    for (let round = 0; round < 4; round++) {
      for (const { shot, requests } of stage.contenders) await fire(shot, requests, 16);
    }
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      for (const { name, pid, shot, requests } of shuffled(stage.contenders)) {
        const before = cpuMilliseconds(pid);
        await fire(shot, requests, 16);
        const row = spent.get(name) ?? [];
        row.push((cpuMilliseconds(pid) - before) / requests);
        spent.set(name, row);
      }
    }
    const cpu = (name: string): number => median(spent.get(name) ?? []);
    const own = cpu('Keyturn MCP tools/call');
    console.log(
      formatTable([
        ['', 'CPU ms a request', 'requests a CPU-second', 'to Keyturn’s call'],
        ...[...spent.keys()].map((name) => [
          name,
          cpu(name).toFixed(3),
          (1000 / cpu(name)).toFixed(0),
          (cpu(name) / own).toFixed(2),
        ]),
      ]),
    );
    const large = await registerLarge(stage);
    console.log(
      `\nregistering ${(large.bytes / 1024 / 1024).toFixed(1)} MiB with ${large.tools} operations: ${large.seconds.toFixed(2)} s, peak ${large.peak.toFixed(0)} MiB resident`,
    );
    const list = cpu('Keyturn MCP tools/list of 1,000');
    const against = (name: string): number => cpu(name) / own;
    const forge = spent.has('ContextForge') ? against('ContextForge') : undefined;
    const ok =
      against('FastMCP from_openapi') >= aims.fastmcp &&
      against('SDK 1.x, bare') >= aims.sdk1 &&
      (forge === undefined || forge >= aims.contextforge) &&
      own <= aims.call &&
      list <= aims.list &&
      large.seconds <= aims.register &&
      large.peak <= aims.memory;
    return {
      ok,
      line: `tools: call ${own.toFixed(3)} ms (aim ${aims.call}), ${against('FastMCP from_openapi').toFixed(0)} times FastMCP (aim ${aims.fastmcp}), ${against('SDK 1.x, bare').toFixed(1)} times SDK 1.x (aim ${aims.sdk1}), ${against('SDK 2.x, bare').toFixed(1)} times SDK 2.x, ${forge === undefined ? 'without ContextForge' : `${forge.toFixed(0)} times ContextForge (aim ${aims.contextforge})`}, list of 1,000 ${list.toFixed(2)} ms (aim ${aims.list}), 10 MB document ${large.seconds.toFixed(1)} s (aim ${aims.register}) and ${large.peak.toFixed(0)} MiB (aim ${aims.memory})`,
    };
  } catch (error) {
    if (!(error instanceof NotFetched) || process.env['CI'] !== undefined) throw error;
    return { ok: true, line: `skipped: ${error.message}` };
  } finally {
    for (const end of opened.reverse()) await end();
  }
}

interface Stage {
  readonly contenders: readonly Contender[];
  readonly upstream: string;
  readonly serve: () => Promise<{ readonly url: string; readonly running: RunningProcess }>;
  readonly tokenOf: (username: string) => Promise<string>;
}

async function openStage(opened: (() => Promise<unknown>)[]): Promise<Stage> {
  const sdk1 = await fetchFromNpm('mcp-sdk-1', { '@modelcontextprotocol/sdk': '1.32.2' });
  const python = await fetchFromPyPi('fastmcp', { fastmcp: '4.1.2' });
  const ports = await freePorts('upstream', 'v1', 'v2', 'fastmcp');
  const upstream = `http://127.0.0.1:${ports.upstream}`;
  const here = (file: string): string => join(import.meta.dirname, file);
  const source = startProcess(process.execPath, [here('upstream.ts'), String(ports.upstream)]);
  opened.push(() => source.stop('SIGKILL'));
  await waitFor(`${upstream}/one.json`, source, { seconds: 30 });
  const urlOf = (port: number): string => `http://127.0.0.1:${port}/mcp`;
  const v1 = await startBare(opened, ports.v1, [here('sdk-server.ts'), String(ports.v1), upstream, sdk1]);
  const v2 = await startBare(opened, ports.v2, [here('sdk-server.ts'), String(ports.v2), upstream, '']);
  const fastmcp = startProcess(python, [here('fastmcp-server.py'), String(ports.fastmcp), upstream]);
  opened.push(() => fastmcp.stop('SIGKILL'));

  const resource = 'http://localhost/mcp';
  const idp = await startTestIdp({
    bench: {
      roles: ['keyturn-admin'],
      clients: {
        agent: { passwordGrant: true, audiences: ['keyturn', resource], accessTokenLifespan: 3600 },
        keyturn: { secret: 'secret', serviceAccount: true, exchange: true, fullScope: false, audiences: ['upstream'] },
        upstream: { secret: 'unused' },
      },
      users: { john: {}, admin: { roles: ['keyturn-admin'] } },
    },
  });
  opened.push(() => idp.close());
  const issuer = idp.issuer('bench');
  const tokenOf = (username: string): Promise<string> =>
    idp.token('bench', { grant_type: 'password', client_id: 'agent', username, password: username });
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-tools-'));
  opened.push(() => rm(folder, { recursive: true, force: true }));
  let count = 0;
  const serve: Stage['serve'] = async () => {
    const own = await freePorts('http', 'management');
    count += 1;
    const running = startProcess(
      process.execPath,
      [
        '--max-semi-space-size=2',
        '--heap-growing-percent=15',
        join(import.meta.dirname, '..', '..', 'packages/cli/src/main.ts'),
        'serve',
      ],
      {
        cwd: folder,
        env: {
          KEYCLOAK_URL: '',
          KEYCLOAK_ISSUER: issuer,
          KEYTURN_AUTH__AUDIENCES: 'keyturn',
          KEYTURN_HTTP__PORT: String(own.http),
          KEYTURN_MANAGEMENT__PORT: String(own.management),
          KEYTURN_MCP__RESOURCE: resource,
          KEYTURN_STORE__URL: `sqlite:${join(folder, `${count}.db`)}`,
          KEYTURN_TOOLS__ALLOWED_HOSTS: '127.0.0.1',
          TOKEN_EXCHANGE_CLIENT_ID: 'keyturn',
          TOKEN_EXCHANGE_CLIENT_SECRET: 'secret',
          LOG_LEVEL: 'warn',
        },
      },
    );
    opened.push(() => running.stop('SIGKILL'));
    await waitFor(`http://127.0.0.1:${own.management}/health/ready`, running, { seconds: 60 });
    return { url: `http://localhost:${own.http}`, running };
  };
  const one = await serve();
  const thousand = await serve();
  const admin = await tokenOf('admin');
  for (const [url, file] of [
    [one.url, 'one'],
    [thousand.url, 'thousand'],
  ] as const)
    await register(url, admin, `${upstream}/${file}.json`);
  const john = await tokenOf('john');
  const modern = (url: string, method: string, params: Record<string, unknown>): Shot => {
    const { headers, ...request } = modernRequest(method, params);
    return { url: new URL(url), ...request, headers: { ...headers, authorization: `Bearer ${john}` } };
  };
  const legacy = (url: string, name: string): Shot => ({
    url: new URL(url),
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { id: 7 } } }),
  });
  const call = { name: 'upstream__get_item', arguments: { id: 7 } };
  const rest: Shot = {
    url: new URL(`${one.url}/api/v1/tools/execute`),
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${john}` },
    body: JSON.stringify({ tool_id: 'upstream/get_item', arguments: { id: 7 } }),
  };
  const fastShot = legacy(urlOf(ports.fastmcp), 'get_item');
  await untilItAnswers(fastShot, fastmcp);
  const forge = await openContextForge(opened, upstream).catch((error: unknown) => {
    if (!(error instanceof NotFetched)) throw error;
    console.log(`without ContextForge: ${error.message}`);
    return undefined;
  });
  const pidOf = ({ child }: RunningProcess): number => child.pid ?? 0;
  return {
    upstream,
    serve,
    tokenOf,
    contenders: [
      {
        name: 'Keyturn MCP tools/call',
        pid: pidOf(one.running),
        shot: modern(`${one.url}/mcp`, 'tools/call', call),
        requests: 1500,
      },
      { name: 'Keyturn REST tools/execute', pid: pidOf(one.running), shot: rest, requests: 1500 },
      {
        name: 'SDK 2.x, bare',
        pid: pidOf(v2),
        shot: modern(urlOf(ports.v2), 'tools/call', { ...call, name: 'get_item' }),
        requests: 500,
      },
      { name: 'SDK 1.x, bare', pid: pidOf(v1), shot: legacy(urlOf(ports.v1), 'get_item'), requests: 500 },
      { name: 'FastMCP from_openapi', pid: pidOf(fastmcp), shot: fastShot, requests: 60 },
      ...(forge === undefined ? [] : [{ name: 'ContextForge', ...forge, requests: 40 }]),
      {
        name: 'Keyturn MCP tools/list of 1,000',
        pid: pidOf(thousand.running),
        shot: modern(`${thousand.url}/mcp`, 'tools/list', {}),
        requests: 100,
      },
    ],
  };
}

async function startBare(
  opened: (() => Promise<unknown>)[],
  port: number,
  args: readonly string[],
): Promise<RunningProcess> {
  const running = startProcess(process.execPath, args);
  opened.push(() => running.stop('SIGKILL'));
  const shot: Shot = { url: new URL(`http://127.0.0.1:${port}/mcp`), method: 'POST', headers: {}, body: '{}' };
  await untilItAnswers(shot, running);
  return running;
}

/** Any answer will do: whether it is the right one is seen by the rounds. */
async function untilItAnswers({ url, headers, body }: Shot, running: RunningProcess): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const answered = await fetch(url, {
      method: 'POST',
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
    }).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url.href} does not answer:\n${running.output()}`);
}

async function register(url: string, token: string, document: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/sources`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: 'upstream', url: document, default_audience: 'upstream' }),
  });
  if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${await answer.text()}`);
}

/** A fresh Keyturn takes a large document; memory is the most that it ever had. */
async function registerLarge(stage: Stage) {
  const { url, running } = await stage.serve();
  const document = `${stage.upstream}/large.json`;
  const { length } = await (await fetch(document)).text();
  const token = await stage.tokenOf('admin');
  const startedAt = performance.now();
  await register(url, token, document);
  const seconds = (performance.now() - startedAt) / 1000;
  const status = readFileSync(`/proc/${running.child.pid}/status`, 'utf8');
  return { seconds, bytes: length, tools: 3000, peak: Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024 };
}

/** Another order each round, so that no contender always comes after the same other one. */
function shuffled<Value>(values: readonly Value[]): Value[] {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ value }) => value);
}
