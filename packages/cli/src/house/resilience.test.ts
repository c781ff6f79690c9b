import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openHouse } from './open-house.ts';

describe('when the identity provider goes away', () => {
  it('cached keys and exchanged tokens go on working, and new exchanges fail fast once the breaker is open', async () => {
    await using house = await openHouse({ settings: { exchange: { failureThreshold: 2 } } });
    await house.registerPizzeria();
    const known = await house.tokenOf('john');
    const other = await house.tokenOf('chef');
    const call = (token: string) =>
      house.post('/api/v1/tools/execute', token, { tool_id: 'pizzeria-backend/who_am_i' });
    expect((await call(known)).body['status']).toBe('completed');

    await house.closeIdp();
    expect((await call(known)).body['status']).toBe('completed');
    const first = await call(other);
    expect([first.status, first.body['code']]).toEqual([503, 'idp_unreachable']);
    await call(other);
    const open = await call(other);
    expect([open.status, open.body['code']]).toEqual([503, 'exchange_breaker_open']);
    expect(Number(open.headers.get('retry-after'))).toBeGreaterThan(0);
    const metrics = await house.get(`${house.managementUrl}/metrics`);
    expect(metrics.text).toContain('keyturn_circuit_breaker_state 2');
    expect((await house.get(`${house.managementUrl}/health/ready`)).body['status']).toBe('UP');
  });
});

describe('an upstream', () => {
  it('that answers 401 to a fresh token is not asked again, and costs no second exchange', async () => {
    const asked: string[] = [];
    const upstream = createServer((request, response) => {
      if (request.url === '/openapi.json') {
        const operation = { operationId: 'go', responses: { 200: { description: 'ok' } } };
        const document = {
          openapi: '3.1.0',
          info: { title: 't', version: '1' },
          paths: { '/go': { post: operation } },
        };
        return response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
      }
      asked.push(request.headers.authorization ?? '');
      return response.writeHead(401).end();
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const host = `localhost:${(upstream.address() as AddressInfo).port}`;
    await using house = await openHouse({ settings: { tools: { allowedHosts: [host] } } });
    await house.registerPizzeria({ url: `http://${host}/openapi.json`, slug: 'strict' });
    const john = await house.tokenOf('john');
    const call = () => house.post('/api/v1/tools/execute', john, { tool_id: 'strict/go' });
    expect((await call()).body).toMatchObject({ status: 'failed', upstream_status: 401 });
    expect(asked).toHaveLength(1);
    // The second call's token is from the cache, so it is worth one fresh try.
    await call();
    expect(asked).toHaveLength(3);
    expect(asked[2]).not.toBe(asked[1]);
    upstream.close();
  });

  it('that never answers is given up at the deadline, over MCP as over REST', async () => {
    let gone = 0;
    let bothGone = (): void => {};
    const abandoned = new Promise<void>((resolve) => (bothGone = resolve));
    const upstream = createServer((request, response) => {
      if (request.url === '/openapi.json') {
        const operation = { operationId: 'go', responses: { 200: { description: 'ok' } } };
        const document = { openapi: '3.1.0', info: { title: 't', version: '1' }, paths: { '/go': { get: operation } } };
        return response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
      }
      return response.once('close', () => {
        gone += 1;
        if (gone === 2) bothGone();
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const host = `localhost:${(upstream.address() as AddressInfo).port}`;
    await using house = await openHouse({ settings: { tools: { allowedHosts: [host] }, http: { deadline: 0.3 } } });
    await house.registerPizzeria({ url: `http://${host}/openapi.json`, slug: 'slow' });
    const john = await house.tokenOf('john');
    const rest = await house.post('/api/v1/tools/execute', john, { tool_id: 'slow/go' });
    expect([rest.status, rest.body['code']]).toEqual([504, 'deadline_exceeded']);
    const mcp = await house.send('/mcp', {
      method: 'POST',
      token: john,
      headers: { accept: 'application/json, text/event-stream', host: 'keyturn.test' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'slow__go', arguments: {} },
      }),
    });
    expect(mcp.text).toContain('deadline_exceeded');
    // Keyturn ends both calls: an upstream whose client has gone may stop working.
    await abandoned;
    expect(gone).toBe(2);
    upstream.close();
  });
});

describe('the management port', () => {
  it('says that it lives, that it is ready, and what it has counted, without a user in any label', async () => {
    await using house = await openHouse();
    await house.registerPizzeria();
    const john = await house.tokenOf('john');
    await house.post('/api/v1/tools/execute', john, { tool_id: 'pizzeria-backend/who_am_i' });
    await house.post('/api/v1/tools/execute', john, { tool_id: 'pizzeria-backend/who_am_i' });
    expect((await house.get(`${house.managementUrl}/health/live`)).body['status']).toBe('UP');
    expect((await house.get(`${house.managementUrl}/health/ready`)).body).toMatchObject({
      status: 'UP',
      checks: [{ name: 'store' }, { name: 'roles' }, { name: 'issuer keys' }],
    });
    const { text } = await house.get(`${house.managementUrl}/metrics`);
    expect(text).toContain('keyturn_tool_calls_total{source="pizzeria-backend",door="rest",outcome="completed"} 2');
    expect(text).toContain('tools_provider_token_exchange_cache_hits_total{audience="pizzeria-backend"} 1');
    expect(text).not.toContain('john');
    expect(text).not.toContain('eyJ');
  });
});
