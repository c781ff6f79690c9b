import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenHouse, type TokenHouse } from './open-token-house.ts';

let house: TokenHouse;
let john: string;
let pat: string;
let reference: string;
beforeAll(async () => {
  house = await openTokenHouse({
    settings: {
      requests: { agentSubjects: ['agent'], reviewerRoles: ['chef'] },
      edge: {
        grpcPort: 0,
        routes: [
          { path: '/healthz', public: true },
          { path: '/kitchen/**', roles: ['chef'] },
          { path: '/admin/**', roles: ['keyturn-admin'] },
          { path: '/scoped', scopes: ['no-such-scope'] },
          { path: '/pizza/**', audience: 'pizzeria-backend', exchange: true },
          { path: '/mcp', mcpMethods: ['tools/*'], mcpTools: ['menu__*'] },
        ],
      },
    },
  });
  john = await house.tokenOf('john');
  const made = await house.ask('POST', '/api/v1/users/tokens', john, { name: 'edge', kind: 'jwt' });
  pat = String(made.body['token']);
  const asked = await house.ask('POST', '/api/v1/users/tokens', john, { name: 'reference' });
  await house.logIn(String(asked.body['grant_url']), 'john');
  const second = await house.ask('POST', '/api/v1/users/tokens', john, { name: 'reference' });
  reference = String(second.body['token']);
});
afterAll(() => house[Symbol.asyncDispose]());

const envoy = (path: string, token: string | undefined, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${house.url}/edge/envoy${path}`, {
    method,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
  });
const forward = (proxy: string, token: string, uri: string, method = 'GET') =>
  fetch(`${house.url}/edge/${proxy}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(proxy === 'nginx'
        ? { 'x-original-uri': uri, 'x-original-method': method, 'x-real-ip': '192.0.2.7' }
        : { 'x-forwarded-uri': uri, 'x-forwarded-method': method, 'x-forwarded-for': '10.0.0.1, 192.0.2.7' }),
    },
  });
const claimsOf = (bearer: string | null) =>
  JSON.parse(Buffer.from((bearer ?? '').split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('a request at the edge', () => {
  it('goes on as its caller, whichever proxy asks', async () => {
    const direct = await envoy('/anything', john, { 'x-keyturn-user': 'root', 'x-keyturn-roles': 'keyturn-admin' });
    expect(direct.status).toBe(200);
    expect(direct.headers.get('x-keyturn-user')).toBe(claimsOf(john)['sub']);
    expect(direct.headers.get('x-keyturn-client')).toBe('web');
    expect(direct.headers.get('x-keyturn-roles')?.split(',')).toContain('chef');
    expect(direct.headers.get('x-keyturn-pat')).toBe('');
    for (const proxy of ['nginx', 'traefik', 'caddy']) {
      expect((await forward(proxy, pat, '/kitchen/oven')).status, proxy).toBe(200);
      expect((await forward(proxy, pat, '/admin/x')).status, proxy).toBe(403);
      expect((await forward(proxy, `${pat}=`, '/kitchen/oven')).status, proxy).toBe(401);
    }
  });

  it('is found by the proxy that leaves the query behind the name of its door, as Caddy does', async () => {
    const headers = { authorization: `Bearer ${pat}`, 'x-forwarded-method': 'GET' };
    const asked = (uri: string) =>
      fetch(`${house.url}/edge/caddy?x=1/../y`, { headers: { ...headers, 'x-forwarded-uri': uri } });
    expect((await asked('/kitchen/oven?x=1/../y')).status).toBe(200);
    expect((await asked('/admin/x?x=1')).status).toBe(403);
  });

  it('without an identity goes on where a rule says so, and carries none', async () => {
    const open = await envoy('/healthz', undefined, { 'x-keyturn-user': 'root' });
    expect(open.status).toBe(200);
    expect(open.headers.get('x-keyturn-user')).toBe('');
    const refused = await envoy('/kitchen', undefined);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('needs the roles and scopes of its rule', async () => {
    expect((await envoy('/admin/users', john)).status).toBe(403);
    expect((await envoy('/admin/users', await house.tokenOf('admin'))).status).toBe(200);
    const scoped = await envoy('/scoped', john);
    expect(scoped.status).toBe(403);
    expect(scoped.headers.get('www-authenticate')).toContain('insufficient_scope');
  });

  it('by MCP needs a method and a tool that the rule names', async () => {
    const call = (headers: Record<string, string>) => envoy('/mcp', john, headers, 'POST').then(({ status }) => status);
    expect(await call({ 'mcp-method': 'tools/call', 'mcp-name': 'menu__list' })).toBe(200);
    expect(await call({ 'mcp-method': 'tools/call', 'mcp-name': 'oven__burn' })).toBe(403);
    expect(await call({ 'mcp-method': 'tools/call' })).toBe(403);
    expect(await call({ 'mcp-method': 'resources/read', 'mcp-name': 'x' })).toBe(403);
    expect(await call({ 'mcp-method': 'tools/list' })).toBe(200);
    expect(await call({ 'mcp-method': 'tools/list, tools/call', 'mcp-name': 'oven__burn' })).toBe(403);
    expect(await call({})).toBe(403);
  });

  it('gets a token for the audience of its rule: a swapped one for a reference token, an exchanged one for any other', async () => {
    for (const token of [john, reference, pat]) {
      const passed = await envoy('/pizza/menu', token);
      if (token === pat) {
        // The issuing client of a jwt token is not in its audience: the identity provider refuses to exchange it on.
        expect(passed.status).toBe(502);
        continue;
      }
      expect(passed.status, await passed.text()).toBe(200);
      expect(claimsOf(passed.headers.get('authorization'))).toMatchObject({ aud: 'pizzeria-backend' });
    }
    const own = await envoy('/anything', reference);
    expect(own.status).toBe(200);
    expect(own.headers.get('authorization')).not.toContain('ktn_');
    expect(own.headers.get('x-keyturn-pat')).toMatch(/^pat_/);
  });

  it('with a token that is narrowed to one service passes there and nowhere else', async () => {
    const only = async (name: string, audiences: readonly string[]) => {
      const body = { name, audiences };
      return String((await house.ask('POST', '/api/v1/users/tokens', john, body)).body['token']);
    };
    const pizza = await only('pizza only', ['pizzeria-backend']);
    expect((await envoy('/pizza/menu', pizza)).status).toBe(200);
    expect((await envoy('/anything', pizza)).status).toBe(401);
    expect((await house.ask('GET', '/api/v1/tools', pizza)).status).toBe(401);
    const api = await only('api only', ['elsewhere', 'volundr-api']);
    expect((await envoy('/pizza/menu', api)).status).toBe(401);
    expect((await envoy('/anything', api)).status).toBe(200);
  });

  it('with a narrowed token is not widened by MCP headers where no rule says that the upstream speaks MCP', async () => {
    const narrowed = async (name: string, limits: object) => {
      const body = { name, kind: 'jwt', ...limits };
      return String((await house.ask('POST', '/api/v1/users/tokens', john, body)).body['token']);
    };
    const reader = await narrowed('reads', { read_only: true });
    const tools = await narrowed('calls', { tools: ['menu/*'] });
    const call = { 'mcp-method': 'tools/call', 'mcp-name': 'menu__list' };
    for (const headers of [{ 'mcp-method': 'ping' }, { 'mcp-method': 'tools/list' }, call]) {
      expect((await envoy('/orders/7', reader, headers, 'DELETE')).status).toBe(403);
      expect((await envoy('/orders/7', tools, headers, 'DELETE')).status).toBe(403);
    }
    expect((await envoy('/mcp', reader, { 'mcp-method': 'tools/list' }, 'POST')).status).toBe(200);
    expect((await envoy('/mcp', reader, call, 'POST')).status).toBe(403);
    expect((await envoy('/mcp', tools, call, 'POST')).status).toBe(200);
  });

  it('with a reference token shows the upstream a token that makes, renames and rotates none, and turns no second key', async () => {
    const shown = (await envoy('/anything', reference)).headers.get('authorization')?.replace('Bearer ', '');
    expect((await house.ask('GET', '/api/v1/users/tokens', shown)).status).toBe(200);
    const tries = [
      house.ask('POST', '/api/v1/users/tokens', shown, { name: 'child' }),
      house.ask('POST', '/api/v1/users/tokens', shown, { name: 'child', kind: 'jwt' }),
      house.ask('PATCH', `/api/v1/users/tokens/pat_${'0'.repeat(26)}`, shown, { name: 'child' }),
      house.ask('POST', `/api/v1/users/tokens/pat_${'0'.repeat(26)}/rotate`, shown, {}),
    ];
    for (const { status, body } of await Promise.all(tries)) {
      expect([status, body['code']]).toEqual([403, 'token_by_token']);
    }
    const approved = await house.ask('POST', '/agent-requests/anything/approve', shown, {});
    expect([approved.status, approved.body['detail']]).toEqual([403, expect.stringContaining('second key')]);
    expect((await house.ask('POST', '/agent-requests/anything/approve', john, {})).status).not.toBe(403);
  });

  it('comes from the address that the proxy has appended, whatever the client says before', async () => {
    const near = { name: 'near', source_cidrs: ['192.0.2.0/24'] };
    const token = String((await house.ask('POST', '/api/v1/users/tokens', john, near)).body['token']);
    const from = async (list: string) => (await envoy('/x', token, { 'x-forwarded-for': list })).status;
    expect(await from('203.0.113.1, 192.0.2.7')).toBe(200);
    expect(await from('192.0.2.7,203.0.113.1')).toBe(401);
    expect((await envoy('/x', token)).status).toBe(401);
  });

  it('with a path that can be read in two ways is refused', async () => {
    for (const path of ['/healthz%2f..%2fadmin', '//admin/x', '/healthz;/../admin']) {
      const status = (await forward('caddy', john, path)).status;
      expect(status, path).toBe(400);
      expect((await forward('nginx', john, path)).status, path).toBe(403);
    }
  });

  it('is refused if the proxy does not say what it asks about, or says it twice', async () => {
    expect((await fetch(`${house.url}/edge/nginx`, { headers: { authorization: `Bearer ${john}` } })).status).toBe(403);
    expect((await fetch(`${house.url}/edge/other`)).status).toBe(404);
    expect((await fetch(`${house.url}/edge/`)).status).toBe(404);
  });

  it('through Traefik and nginx, which cannot take them away, brings no header that only Keyturn may send, in any spelling', async () => {
    const through = (proxy: string, name: string) =>
      fetch(`${house.url}/edge/${proxy}`, {
        headers: {
          authorization: `Bearer ${john}`,
          'x-forwarded-uri': '/x',
          'x-forwarded-method': 'GET',
          'x-original-uri': '/x',
          'x-original-method': 'GET',
          [name]: 'root',
        },
      });
    for (const name of ['x_keyturn_user', 'X-Keyturn_Roles', 'x-keyturn-anything']) {
      const refused = await through('traefik', name);
      expect([refused.status, await refused.json()], name).toMatchObject([400, { code: 'foreign_identity_headers' }]);
      // nginx knows 401 and 403 as refusals, and no others.
      expect((await through('nginx', name)).status, name).toBe(403);
    }
    expect((await through('nginx', 'x-keyturn-user')).status).toBe(200);
    // This one is put in the place of the client's.
    expect((await through('traefik', 'x-keyturn-user')).headers.get('x-keyturn-user')).not.toBe('root');
  });

  it('from an address that is no proxy is refused, since it could have tokens swapped', async () => {
    await using far = await openTokenHouse({ settings: { edge: { grpcPort: 0, proxies: ['192.0.2.0/24'] } } });
    const token = await far.tokenOf('john');
    const refused = await fetch(`${far.url}/edge/envoy/x`, { headers: { authorization: `Bearer ${token}` } });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'edge_not_a_proxy' });
  });
});
