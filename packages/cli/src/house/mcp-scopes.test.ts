import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

// John's token has the scopes `email` and `profile`.
let house: House;
let john: string;
beforeAll(async () => {
  house = await openHouse({
    settings: {
      mcp: { scopes: ['profile'] },
      tools: {
        callerScopes: [
          { tools: ['pizzeria-backend/*'], readOnly: false, scopes: ['orders:write'] },
          { tools: ['pizzeria-backend/get_order'], scopes: ['mail:read'] },
        ],
        impliedScopes: { email: ['mail:all'], 'mail:all': ['mail:read', 'email'] },
      },
    },
  });
  await house.registerPizzeria();
  john = await house.tokenOf('john');
});
afterAll(() => house[Symbol.asyncDispose]());

const call = (name: string, given: object, version: string, token: string | undefined = john) =>
  house.send('/mcp', {
    method: 'POST',
    token,
    headers: { accept: 'application/json, text/event-stream', 'mcp-protocol-version': version },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: `pizzeria-backend__${name}`, arguments: given },
    }),
  });
const challengeOf = (headers: Headers) => headers.get('www-authenticate') ?? '';

describe('a caller whose token lacks a scope', () => {
  it.each([
    ['2025-11-25', 'by the lean path'],
    ['2024-11-05', 'by the SDK'],
  ])('is asked to step up, by all scopes of the next token at once (%s, %s)', async (version) => {
    const reply = await call('remove_menu_item', { item_id: 'diavola' }, version);
    expect(reply.status).toBe(403);
    expect(challengeOf(reply.headers)).toBe(
      'Bearer error="insufficient_scope", error_description="The access token lacks a scope", scope="profile orders:write", resource_metadata="http://keyturn.test/.well-known/oauth-protected-resource/mcp"',
    );
    expect(reply.body).toMatchObject({ code: 'insufficient_scope', required_scopes: ['profile', 'orders:write'] });
    const row = (await house.audit()).at(-1);
    expect(JSON.stringify(row)).toContain('insufficient_scope');
    expect(house.log()).toContain('"code":"insufficient_scope"');
  });

  it('is asked the same over REST, in the terms of its own door', async () => {
    const body = { tool_id: 'pizzeria-backend/remove_menu_item', arguments: { item_id: 'diavola' } };
    const reply = await house.post('/api/v1/tools/execute', john, body);
    expect(reply.status).toBe(403);
    expect(challengeOf(reply.headers)).toContain('scope="orders:write"');
    expect(challengeOf(reply.headers)).toContain('oauth-protected-resource"');
  });

  it('has those that a broad one implies', async () => {
    expect((await call('get_order', { order_id: 'x' }, '2025-11-25')).status).toBe(200);
    expect((await call('get_menu_items', {}, '2025-11-25')).status).toBe(200);
  });
});

describe('a caller without a token', () => {
  it('is told the least scope, and where the metadata is', async () => {
    const reply = await house.send('/mcp', { method: 'POST', body: '{}' });
    expect(reply.status).toBe(401);
    expect(challengeOf(reply.headers)).toContain('scope="profile"');
    expect(challengeOf(reply.headers)).toContain('resource_metadata="');
    expect(reply.body).toMatchObject({ code: 'no_token' });
    expect(house.log()).toMatch(/"status":401,[^\n]*"code":"no_token"/);
  });
});

describe('a door that wants a scope which no token has', () => {
  it('answers every request with the step-up', async () => {
    await using strict = await openHouse({ settings: { mcp: { scopes: ['tools'] } } });
    const token = await strict.tokenOf('john');
    const reply = await strict.send('/mcp', { method: 'POST', token, body: '{}' });
    expect(reply.status).toBe(403);
    expect(challengeOf(reply.headers)).toContain('scope="tools"');
  });
});
