import type { ClientRepresentation, UserRepresentation } from '@keyturn/realm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

describe('the admin API', () => {
  let idp: TestIdp;
  let root: string;

  const call = async (
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: unknown; headers: Headers }> => {
    const answer = await fetch(`${idp.url}/admin${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
  };
  const service = (client: string, realm = 'a'): Promise<string> =>
    idp.token(realm, { grant_type: 'client_credentials', client_id: client, client_secret: `${client}-secret` });
  const exchange = { 'standard.token.exchange.enabled': 'true' };
  const worker = (clientId: string, more: Partial<ClientRepresentation> = {}): ClientRepresentation => ({
    clientId,
    secret: `${clientId}-secret`,
    serviceAccountsEnabled: true,
    ...more,
  });
  const account = (client: string, roles: readonly string[]): UserRepresentation => ({
    username: `service-account-${client}`,
    serviceAccountClientId: client,
    clientRoles: { 'realm-management': roles },
  });

  beforeAll(async () => {
    idp = await startTestIdp({
      a: {
        realm: 'a',
        enabled: true,
        clients: [
          worker('viewer'),
          worker('clerk', { attributes: exchange }),
          worker('builder'),
          worker('boss', { webOrigins: ['https://console.example.com'] }),
          worker('api'),
        ],
        users: [
          account('viewer', ['view-users']),
          account('clerk', ['manage-users', 'view-clients']),
          account('builder', ['manage-clients']),
          account('boss', ['realm-admin']),
        ],
      },
      b: { realm: 'b', enabled: true },
    });
    root = await idp.adminToken();
  });
  afterAll(async () => await idp.close());

  const idOf = async (realm: string, clientId: string): Promise<string> => {
    const found = (await call(root, 'GET', `/realms/${realm}/clients?clientId=${clientId}`)).body as { id: string }[];
    return found[0]?.id ?? '';
  };
  const userIdOf = async (username: string): Promise<string> => {
    const found = (await call(root, 'GET', `/realms/a/users?username=${username}&exact=true`)).body as { id: string }[];
    return found[0]?.id ?? '';
  };
  const roleOf = async (name: string): Promise<{ id: string; name: string }> => {
    const answer = await call(root, 'GET', `/realms/a/clients/${await idOf('a', 'realm-management')}/roles/${name}`);
    return answer.body as { id: string; name: string };
  };

  it('lets an administrator of master in with a lightweight token, which carries no roles', async () => {
    expect((await call(root, 'GET', '/realms/a/users')).status).toBe(200);
    expect((await call(root, 'GET', '/realms/b/clients')).status).toBe(200);
  });

  it('asks for the right that each endpoint needs', async () => {
    const tokens = {
      viewer: await service('viewer'),
      clerk: await service('clerk'),
      builder: await service('builder'),
      api: await service('api'),
    };
    const cases: [keyof typeof tokens, string, string, unknown, number][] = [
      ['viewer', 'GET', '/realms/a/users', undefined, 200],
      ['viewer', 'POST', '/realms/a/users', { username: 'new' }, 403],
      ['viewer', 'GET', '/realms/a/groups', undefined, 200],
      ['viewer', 'GET', '/realms/a/clients', undefined, 403],
      ['viewer', 'GET', '/realms/a/roles', undefined, 403],
      ['viewer', 'GET', '/realms/a/keys', undefined, 403],
      ['viewer', 'GET', '/realms/a/events', undefined, 403],
      ['clerk', 'POST', '/realms/a/users', { username: 'new' }, 201],
      ['clerk', 'PUT', '/realms/a', { displayName: 'x' }, 403],
      ['clerk', 'POST', '/realms/a/clients', { clientId: 'new' }, 403],
      ['builder', 'POST', '/realms/a/clients', { clientId: 'new' }, 201],
      ['builder', 'GET', '/realms/a/users', undefined, 403],
      ['builder', 'POST', '/realms/a/partialImport', { users: [] }, 403],
      ['builder', 'DELETE', '/realms/a', undefined, 403],
      ['api', 'GET', '/realms/a', undefined, 403],
      ['api', 'GET', '/realms', undefined, 403],
      ['api', 'GET', '/serverinfo', undefined, 403],
    ];
    for (const [who, method, path, body, status] of cases) {
      expect([who, method, path, (await call(tokens[who], method, path, body)).status]).toEqual([
        who,
        method,
        path,
        status,
      ]);
    }
  });

  it('shows a realm in five members to an administrator without the right to view it', async () => {
    const answer = await call(await service('viewer'), 'GET', '/realms/a');
    expect(Object.keys(answer.body as object).sort()).toEqual([
      'bruteForceProtected',
      'displayName',
      'organizationsEnabled',
      'realm',
      'supportedLocales',
    ]);
  });

  it('is closed to tokens of another realm, even to that realm’s administrator', async () => {
    const boss = await service('boss');
    expect((await call(boss, 'GET', '/realms/a')).status).toBe(200);
    expect((await call(boss, 'GET', '/realms/b')).status).toBe(403);
    expect((await call(boss, 'GET', '/realms/master/users')).status).toBe(403);
    expect((await call(boss, 'POST', '/realms', { realm: 'c' })).status).toBe(403);
  });

  it('takes no token that is garbled, absent, of another kind or under another scheme', async () => {
    const login = {
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'admin',
      password: 'admin',
      scope: 'openid',
    };
    const { body } = await idp.tokenAnswer('master', login);
    const [header = '', payload = ''] = root.split('.');
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`;
    for (const token of [undefined, 'x', `${header}.${payload}.AAAA`, none, body['refresh_token'], body['id_token']]) {
      const answer = await call(token as string | undefined, 'GET', '/realms/a');
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ error: 'HTTP 401 Unauthorized' });
    }
    const basic = await call(undefined, 'GET', '/realms/a', undefined, {
      authorization: `Basic ${btoa('admin:admin')}`,
    });
    expect(basic.status).toBe(401);
  });

  it('honours what an exchange narrowed, which Keycloak 26.7 does not', async () => {
    const role = { name: 'use' };
    await call(root, 'POST', `/realms/a/clients/${await idOf('a', 'api')}/roles`, role);
    const use = (await call(root, 'GET', `/realms/a/clients/${await idOf('a', 'api')}/roles/use`)).body;
    const user = await userIdOf('service-account-clerk');
    await call(root, 'POST', `/realms/a/users/${user}/role-mappings/clients/${await idOf('a', 'api')}`, [use]);
    const subject = await service('clerk');
    expect((await call(subject, 'GET', '/realms/a/users')).status).toBe(200);
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      client_id: 'clerk',
      client_secret: 'clerk-secret',
    };
    const narrow = await idp.token('a', { ...form, audience: 'api' });
    expect((await call(narrow, 'GET', '/realms/a/users')).status).toBe(403);
    const meant = await idp.token('a', { ...form, audience: 'realm-management' });
    expect((await call(meant, 'GET', '/realms/a/users')).status).toBe(200);
  });

  it('forgets a role the moment it is taken away, whatever the token says', async () => {
    const token = await service('viewer');
    const path = `/realms/a/users/${await userIdOf('service-account-viewer')}/role-mappings/clients/${await idOf('a', 'realm-management')}`;
    const role = await roleOf('view-users');
    expect((await call(root, 'DELETE', path, [role])).status).toBe(204);
    expect((await call(token, 'GET', '/realms/a/users')).status).toBe(403);
    await call(root, 'POST', path, [role]);
    expect((await call(token, 'GET', '/realms/a/users')).status).toBe(200);
  });

  it('believes no role that a mapper wrote into the token', async () => {
    const builder = await service('builder');
    const id = await idOf('a', 'builder');
    const mapper = (name: string, protocolMapper: string, config: object): object => ({
      name,
      protocol: 'openid-connect',
      protocolMapper,
      config: { 'access.token.claim': 'true', ...config },
    });
    const claim = {
      'claim.name': 'resource_access.realm-management.roles',
      'claim.value': '["manage-users"]',
      'jsonType.label': 'JSON',
    };
    const mappers = [
      mapper('roles', 'oidc-hardcoded-claim-mapper', claim),
      mapper('aud', 'oidc-audience-mapper', { 'included.client.audience': 'realm-management' }),
      mapper('role', 'oidc-hardcoded-role-mapper', { role: 'realm-management.manage-users' }),
    ];
    expect((await call(builder, 'POST', `/realms/a/clients/${id}/protocol-mappers/add-models`, mappers)).status).toBe(
      204,
    );
    const forged = await service('builder');
    expect((await call(forged, 'GET', '/realms/a/users')).status).toBe(403);
    await call(root, 'PUT', `/realms/a/clients/${id}`, { protocolMappers: [] });
  });

  it('lets nobody hand out administration roles that they lack', async () => {
    const clerk = await service('clerk');
    const self = await userIdOf('service-account-clerk');
    const management = await idOf('a', 'realm-management');
    const mapping = `/realms/a/users/${self}/role-mappings/clients/${management}`;
    expect((await call(clerk, 'POST', mapping, [await roleOf('manage-realm')])).status).toBe(403);
    expect((await call(clerk, 'POST', mapping, [await roleOf('realm-admin')])).status).toBe(403);
    expect((await call(clerk, 'POST', mapping, [await roleOf('view-users')])).status).toBe(204);
    await call(root, 'POST', '/realms/a/groups', { name: 'admins' });
    const [group] = (await call(root, 'GET', '/realms/a/groups?search=admins')).body as { id: string }[];
    await call(root, 'POST', `/realms/a/groups/${group?.id}/role-mappings/clients/${management}`, [
      await roleOf('realm-admin'),
    ]);
    expect((await call(clerk, 'PUT', `/realms/a/users/${self}/groups/${group?.id}`)).status).toBe(403);
    expect((await call(clerk, 'POST', '/realms/a/users', { username: 'mole', groups: ['/admins'] })).status).toBe(403);
    const made = await call(clerk, 'POST', `/realms/a/groups/${group?.id}/children`, { name: 'below' });
    const below = (made.body as { id: string }).id;
    expect((await call(clerk, 'PUT', `/realms/a/users/${self}/groups/${below}`)).status).toBe(403);
    expect((await call(clerk, 'GET', '/realms/a/keys')).status).toBe(403);
  });

  it('keeps whoever manages users or clients from changing the API’s own clients', async () => {
    const builder = await service('builder');
    for (const clientId of ['realm-management', 'admin-cli', 'account']) {
      const answer = await call(builder, 'DELETE', `/realms/a/clients/${await idOf('a', clientId)}`);
      expect(answer.body).toEqual({ error: 'invalid_request', error_description: 'Could not delete client' });
    }
    expect((await call(root, 'DELETE', `/realms/master/clients/${await idOf('master', 'a-realm')}`)).status).toBe(400);
    expect((await call(root, 'DELETE', '/realms/master')).status).toBe(400);
  });

  it('serves pages of the client’s web origins and of its own, and refuses others', async () => {
    const boss = await service('boss');
    const from = (origin: string) => call(boss, 'GET', '/realms/a/clients?max=0', undefined, { origin });
    const allowed = await from('https://console.example.com');
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://console.example.com');
    expect((await from(idp.url)).status).toBe(200);
    for (const origin of ['https://evil.example', 'null', 'https://console.example.com.evil.example']) {
      const refused = await from(origin);
      expect([refused.status, refused.body]).toEqual([403, { error: 'Invalid origin' }]);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    }
    const preflight = await fetch(`${idp.url}/admin/realms/a`, {
      method: 'OPTIONS',
      headers: { origin: 'https://console.example.com' },
    });
    expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE');
  });

  it('lets the creator of a realm go on with the same token, and manage no other realm', async () => {
    const maker = worker('maker');
    await call(root, 'POST', '/realms/master/clients', maker);
    const user = (
      await call(root, 'GET', `/realms/master/clients/${await idOf('master', 'maker')}/service-account-user`)
    ).body as { id: string };
    const role = (await call(root, 'GET', '/realms/master/roles/create-realm')).body;
    await call(root, 'POST', `/realms/master/users/${user.id}/role-mappings/realm`, [role]);
    const token = await service('maker', 'master');
    expect((await call(token, 'POST', '/realms', { realm: 'mine', enabled: true })).status).toBe(201);
    expect((await call(token, 'PUT', '/realms/mine', { displayName: 'Mine' })).status).toBe(204);
    expect((await call(token, 'GET', '/realms/a/users')).status).toBe(403);
    expect((await call(token, 'DELETE', '/realms/a')).status).toBe(403);
    expect(
      ((await call(await service('maker', 'master'), 'GET', '/realms')).body as { realm: string }[]).map(
        (it) => it.realm,
      ),
    ).toEqual(['mine']);
    expect((await call(token, 'DELETE', '/realms/mine')).status).toBe(204);
  });
});
