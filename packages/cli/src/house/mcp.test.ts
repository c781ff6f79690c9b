import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

let house: House;
let john: string;
beforeAll(async () => {
  // The client checks that the metadata's resource is where it connects to, so this house is known by its own address.
  house = await openHouse();
  await house.registerPizzeria();
  john = await house.tokenOf('john');
});
afterAll(() => house[Symbol.asyncDispose]());

const headers = { accept: 'application/json, text/event-stream', host: 'keyturn.test' };
const rpc = (body: unknown, token: string | undefined, more: Record<string, string> = {}) =>
  house.send('/mcp', {
    method: 'POST',
    ...(token === undefined ? {} : { token }),
    headers: { ...headers, ...more },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const call = (name: string, given: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: given },
});

async function connect(era: '2026-07-28' | 'legacy'): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: era } } },
  );
  const transport = new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${john}`, host: 'keyturn.test' } },
  });
  await client.connect(transport);
  return client;
}

describe.each(['2026-07-28', 'legacy'] as const)('an official MCP client (%s)', (era) => {
  it('lists the tools in a fixed order, with schemas and hints, and calls one as the caller', async () => {
    const client = await connect(era);
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual([
      'pizzeria-backend__get_menu_item',
      'pizzeria-backend__get_menu_items',
      'pizzeria-backend__get_order',
      'pizzeria-backend__place_order',
      'pizzeria-backend__remove_menu_item',
      'pizzeria-backend__who_am_i',
    ]);
    expect(tools[0]).toMatchObject({ inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } });
    const result = await client.callTool({ name: 'pizzeria-backend__who_am_i', arguments: {} });
    expect(result.structuredContent).toMatchObject({
      seen: { aud: ['pizzeria-backend'], azp: 'keyturn', username: 'john' },
    });
    await client.close();
  });

  it('gets a refusal as a result that a model can read', async () => {
    const client = await connect(era);
    const unknown = await client.callTool({ name: 'pizzeria-backend__who_am', arguments: {} });
    expect(unknown.isError).toBe(true);
    expect(JSON.stringify(unknown.content)).toContain('unknown_tool');
    expect(JSON.stringify(unknown.content)).toContain('pizzeria-backend__who_am_i');
    const bad = await client.callTool({ name: 'pizzeria-backend__get_menu_items', arguments: { max_price: 'cheap' } });
    expect(JSON.stringify(bad.content)).toContain('/arguments/max_price');
    const refused = await client.callTool({ name: 'pizzeria-backend__remove_menu_item', arguments: { item_id: 'x' } });
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused.content)).toContain('403');
    await client.close();
  });
});

describe('the MCP door', () => {
  it('points whoever has no token to the metadata, which needs none', async () => {
    const reply = await rpc(call('x'), undefined);
    expect(reply.status).toBe(401);
    const url = /resource_metadata="([^"]+)"/.exec(reply.headers.get('www-authenticate') ?? '')?.[1];
    expect(url).toBe('http://keyturn.test/.well-known/oauth-protected-resource/mcp');
    const of = (resource: string) => ({
      resource,
      authorization_servers: [house.issuer],
      bearer_methods_supported: ['header'],
    });
    const root = '/.well-known/oauth-protected-resource';
    expect((await house.get(`${root}/mcp`)).body).toMatchObject(of('http://keyturn.test/mcp'));
    expect((await house.get(root)).body).toMatchObject(of('http://keyturn.test'));
  });

  it('takes only tokens for its own URL: one for the REST API is not enough', async () => {
    expect((await rpc(call('x'), await house.tokenOf('john', 'elsewhere'))).status).toBe(401);
  });

  it('answers 405 to GET and DELETE, since there are no sessions', async () => {
    for (const method of ['GET', 'DELETE']) {
      expect((await house.send('/mcp', { method, token: john, headers })).status, method).toBe(405);
    }
  });

  it('refuses a page at another origin, and a host that is not its own', async () => {
    expect((await rpc(call('x'), john, { origin: 'https://evil.example' })).status).toBe(403);
    expect(
      (await house.send('/mcp', { method: 'POST', token: john, body: '{}', headers: { ...headers } })).status,
    ).not.toBe(403);
  });

  it('answers what is no JSON-RPC in JSON-RPC’s own terms', async () => {
    for (const body of ['{', '[]', '"x"', '{}', '{"jsonrpc":"1.0"}']) {
      const reply = await rpc(body, john);
      expect(reply.status, body).toBeGreaterThanOrEqual(400);
      expect(reply.text, body).toContain('"error"');
    }
  });
});

describe('a body that two readers would read differently', () => {
  it.each([
    ['a number that no double holds', '{"id":9007199254740993}', /number that JSON readers do not agree on/],
    ['a member twice', '{"id":1,"id":2}', /the member \\"id\\" twice/],
    ['half a character', '{"id":"\\ud800"}', /no Unicode/],
  ])('is refused as REST refuses it: %s', async (_case, args, words) => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":${args}}}`;
    const reply = await rpc(text, john);
    expect([reply.status, reply.body['error']]).toMatchObject([400, { code: -32_600 }]);
    expect(reply.text).toMatch(words);
  });
});

describe('a client that listens', () => {
  it('hears when a source has changed the list of tools', async () => {
    const client = await connect('2026-07-28');
    const heard = new Promise<string>((resolve) => {
      client.setNotificationHandler('notifications/tools/list_changed', () => resolve('heard'));
    });
    await client.listen({ toolsListChanged: true });
    await house.registerPizzeria({ slug: 'second' });
    expect(await heard).toBe('heard');
    await client.close();
  });

  it('may be a page of this machine only where Keyturn itself is known by a loopback name', async () => {
    expect((await rpc(call('x'), john, { origin: 'http://localhost:6274' })).status).toBe(403);
    await using local = await openHouse({ settings: { http: { port: 0, publicUrl: 'http://localhost:9' } } });
    const reply = await local.send('/errors', { headers: { origin: 'http://localhost:6274' } });
    expect(reply.status).toBe(200);
    expect((await local.send('/errors', { headers: { origin: 'http://localhost.evil.example' } })).status).toBe(403);
  });
});
