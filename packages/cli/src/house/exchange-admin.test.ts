import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../program.ts';
import { type House, openHouse } from './open-house.ts';

let house: House;
let john: string;
let admin: string;
beforeAll(async () => {
  house = await openHouse();
  await house.registerPizzeria();
  john = await house.tokenOf('john');
  admin = await house.tokenOf('admin');
});
afterAll(() => house[Symbol.asyncDispose]());

const path = '/api/v1/admin';
const callAs = (token: string) =>
  house.post('/api/v1/tools/execute', token, { tool_id: 'pizzeria-backend/who_am_i', arguments: {} });
const purge = (body: object, token = admin) => house.post(`${path}/exchange-cache/purge`, token, body);
const subjectOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;

/** Runs the command as an administrator would, with the token in the environment. */
async function keyturn(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const io = {
    print: (line: string) => void lines.push(line),
    complain: (line: string) => void lines.push(line),
    env: { KEYTURN_URL: house.url, KEYTURN_TOKEN: admin },
    isTerminal: false,
  };
  // A command reads no more of the world than these.
  const program = buildProgram(io as unknown as Parameters<typeof buildProgram>[0], 0);
  await program.parseAsync(['exchange', ...args], { from: 'user' });
  return lines.join('\n');
}

describe('kept upstream tokens', () => {
  it('are dropped by subject, by audience, by both or all at once, and by nobody but administrators', async () => {
    await Promise.all([callAs(john), callAs(admin)]);
    expect((await house.get(`${path}/exchange-cache`, admin)).body).toEqual({ tokens: 2 });
    expect((await purge({ audience: 'another' })).body).toEqual({ purged: 0 });
    expect((await purge({ subject: subjectOf(john), audience: 'another' })).body).toEqual({ purged: 0 });
    expect((await purge({ subject: subjectOf(john) })).body).toEqual({ purged: 1 });
    expect((await purge({ audience: 'pizzeria-backend' })).body).toEqual({ purged: 1 });
    await callAs(john);
    expect((await purge({ all: true })).body).toEqual({ purged: 1 });
    for (const body of [{}, { all: true, subject: 'x' }, { subject: '' }, { sub: 'x' }]) {
      expect((await purge(body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await purge({ all: true }, john)).status).toBe(403);
    const rows = JSON.stringify(await house.audit());
    expect(rows).toContain('exchange-cache.purge');
  });

  it('say in the audit who acted for whom, though the identity provider writes no act', async () => {
    await callAs(john);
    const rows = JSON.stringify(await house.audit()).replaceAll('\\', '');
    expect(rows).toContain('"act":{"act":{"client_id":"agent"},"client_id":"keyturn"}');
    expect(rows).toContain('"audience":"pizzeria-backend"');
  });
});

describe('breakers', () => {
  it('are shown and closed by hand, over the API and by command', async () => {
    await using broken = await openHouse({ settings: { exchange: { tokenEndpoint: 'http://127.0.0.1:9/token' } } });
    await broken.registerPizzeria();
    const [user, boss] = [await broken.tokenOf('john'), await broken.tokenOf('admin')];
    const call = () => broken.post('/api/v1/tools/execute', user, { tool_id: 'pizzeria-backend/who_am_i' });
    for (let i = 0; i < 5; i++) expect((await call()).body).toMatchObject({ code: 'idp_unreachable' });
    expect((await call()).body).toMatchObject({ code: 'exchange_breaker_open' });
    const shown = await broken.get(`${path}/circuit-breakers`, boss);
    expect(shown.body).toMatchObject({ token_exchange: { state: 'open', retry_after: 30 }, tool_execution: {} });
    const metrics = await broken.get(`${broken.managementUrl}/metrics`);
    expect(metrics.text).toContain('tools_provider_circuit_breaker_state{breaker="token_endpoint"} 1');
    expect(metrics.text).toContain('tools_provider_circuit_breaker_opens_total{breaker="token_endpoint"} 1');
    expect(metrics.text).toContain(
      'tools_provider_token_exchange_errors_total{audience="pizzeria-backend",error="unreachable"} 5',
    );
    const reset = await broken.post(`${path}/circuit-breakers/reset`, boss, { type: 'token_exchange' });
    expect(reset.body).toMatchObject({ success: true, new_state: 'closed' });
    expect((await call()).body).toMatchObject({ code: 'idp_unreachable' });
    const refused = await broken.post(`${path}/circuit-breakers/reset`, user, { type: 'token_exchange' });
    expect(refused.status).toBe(403);
    const wrong = await broken.post(`${path}/circuit-breakers/reset`, boss, { type: 'token_exchange', key: 'x' });
    expect(wrong.status).toBe(400);
  });

  it('and the cache can be reached by command', async () => {
    await callAs(john);
    expect(await keyturn('status')).toMatch(/^token endpoint +closed\n[\s\S]*\d upstream tokens are kept/);
    expect(await keyturn('status', '--json')).toContain('"token_exchange"');
    expect(await keyturn('reset')).toContain('closed');
    expect(await keyturn('reset', '--sources')).toContain('closed');
    expect(await keyturn('purge', '--audience', 'pizzeria-backend')).toContain('dropped here');
    await expect(keyturn('purge')).rejects.toThrow('invalid_request');
  });
});
