import { type Dev, openDev } from '@keyturn/conformance/parts/dev';
import { cpuMilliseconds, residentMebibytes } from '../parts/cpu.ts';
import { fire, type Shot } from '../parts/load.ts';
import { formatTable, median } from '../parts/statistics.ts';

const aims = { rest: 0.4, mcp: 1.4, memory: 180, start: 1500 };

/**
 * What a tool call costs: the pizzeria asked directly, the same through Keyturn over REST, and over MCP in both eras,
 * in interleaved rounds, in one process as `npm start` makes it. Keyturn's own share is the difference to the bare
 * upstream. The exchange is cached, everything else is on: verify, schema check, audit row durable before the answer.
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] !== undefined;
  const rounds = quick ? 3 : 9;
  const requests = quick ? 500 : 1500;

  const starts: number[] = [];
  for (let i = 0; i < 3; i++) {
    const house = await openDev();
    starts.push(house.milliseconds);
    await house.close();
  }

  const house = await openDev();
  const pid = house.running.child.pid ?? 0;
  try {
    const shots = await aim(house);
    for (const shot of Object.values(shots)) await fire(shot, 200, 16);
    const spent: Record<string, { cpu: number[]; rate: number[] }> = {};
    for (let round = 0; round < rounds; round++) {
      for (const name of shuffled(Object.keys(shots))) {
        const shot = shots[name];
        if (shot === undefined) continue;
        const before = cpuMilliseconds(pid);
        const { seconds } = await fire(shot, requests, 16);
        const row = (spent[name] ??= { cpu: [], rate: [] });
        row.cpu.push((cpuMilliseconds(pid) - before) / requests);
        row.rate.push(requests / seconds);
      }
    }
    const bare = median(spent['bare upstream']?.cpu ?? []);
    const own = (name: string): number => median(spent[name]?.cpu ?? []) - bare;
    const memory = residentMebibytes(pid);
    console.log(
      formatTable([
        ['', 'requests/s', 'CPU ms/request', 'Keyturn’s own CPU ms'],
        ...Object.entries(spent).map(([name, { cpu, rate }]) => [
          name,
          median(rate).toFixed(0),
          median(cpu).toFixed(3),
          name === 'bare upstream' ? '' : own(name).toFixed(3),
        ]),
      ]),
    );
    console.log(
      `\nready after ${median(starts).toFixed(0)} ms (median of ${starts.length}); ${memory.toFixed(0)} MiB resident after load`,
    );
    const rest = own('REST tools/execute');
    const mcp = own('MCP 2026-07-28 tools/call');
    const ok = rest <= aims.rest && mcp <= aims.mcp && memory < aims.memory && median(starts) < aims.start;
    return {
      ok,
      line: `spine: REST ${rest.toFixed(3)} ms (aim ${aims.rest}), MCP ${mcp.toFixed(3)} ms (aim ${aims.mcp}), ${memory.toFixed(0)} MiB (aim ${aims.memory}), start ${median(starts).toFixed(0)} ms (aim ${aims.start})`,
    };
  } finally {
    await house.close();
  }
}

/** The same call by three doors. */
async function aim(house: Dev): Promise<Record<string, Shot>> {
  const token = await grant(house, {
    grant_type: 'password',
    client_id: 'tools-provider-frontend',
    username: 'dev-admin',
    password: 'password',
  });
  const upstream = await grant(house, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: 'tools-provider-token-exchange',
    client_secret: 'demo-exchange-secret',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'pizzeria-backend',
  });
  const json = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const registered = await fetch(`${house.keyturn}/api/v1/sources`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({
      name: 'Pizzeria Backend API',
      url: `${house.pizzeria}/openapi.json`,
      default_audience: 'pizzeria-backend',
    }),
  });
  if (registered.status !== 201)
    throw new Error(`registration answered ${registered.status}: ${await registered.text()}`);
  const params = { name: 'pizzeria-backend__get_menu_items', arguments: { vegetarian: true } };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const mcp = { ...json, accept: 'application/json, text/event-stream' };
  const rpc = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
  return {
    'bare upstream': {
      url: new URL(`${house.pizzeria}/menu?vegetarian=true`),
      method: 'GET',
      headers: { authorization: `Bearer ${upstream}` },
    },
    'REST tools/execute': {
      url: new URL(`${house.keyturn}/api/v1/tools/execute`),
      method: 'POST',
      headers: json,
      body: JSON.stringify({ tool_id: 'pizzeria-backend/get_menu_items', arguments: { vegetarian: true } }),
    },
    'MCP 2026-07-28 tools/call': {
      url: new URL(`${house.keyturn}/mcp`),
      method: 'POST',
      headers: {
        ...mcp,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': params.name,
      },
      body: JSON.stringify({ ...rpc, params: { ...params, _meta: meta } }),
    },
    'MCP 2025-11-25 tools/call': {
      url: new URL(`${house.keyturn}/mcp`),
      method: 'POST',
      headers: { ...mcp, 'mcp-protocol-version': '2025-11-25' },
      body: JSON.stringify({ ...rpc, params }),
    },
  };
}

async function grant(house: Dev, form: Record<string, string>): Promise<string> {
  const response = await fetch(`${house.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const body = (await response.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`no token: ${response.status} ${JSON.stringify(body)}`);
  return body.access_token;
}

/** Another order each round, so that no contender always comes after the same other one. */
function shuffled<Value>(values: readonly Value[]): Value[] {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ value }) => value);
}
