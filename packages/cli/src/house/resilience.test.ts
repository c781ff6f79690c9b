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
      checks: [{ name: 'store' }, { name: 'issuer keys' }],
    });
    const { text } = await house.get(`${house.managementUrl}/metrics`);
    expect(text).toContain('keyturn_tool_calls_total{source="pizzeria-backend",door="rest",outcome="completed"} 2');
    expect(text).toContain('keyturn_token_exchange_cache_hits_total{audience="pizzeria-backend"} 1');
    expect(text).not.toContain('john');
    expect(text).not.toContain('eyJ');
  });
});
