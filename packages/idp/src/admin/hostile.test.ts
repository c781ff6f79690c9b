import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

describe('hostile input at the admin API', () => {
  let idp: TestIdp;
  let token: string;

  // Written as it stands: `fetch` would tidy the path up before anybody sees it.
  const send = (method: string, path: string, body?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const type =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const headers = { authorization: `Bearer ${token}`, ...type };
      const { hostname, port } = new URL(idp.url);
      const asked = request({ hostname, port, method, path: `/admin${path}`, headers }, (answer) => {
        text(answer).then((it) => resolve({ status: answer.statusCode ?? 0, text: it }), reject);
      });
      // A server that refuses a body early may close before all of it was sent: after the answer that is no fault.
      asked.on('error', reject);
      asked.end(body);
    });
  const json = async (path: string): Promise<{ readonly id: string }[]> =>
    JSON.parse((await send('GET', path)).text) as { readonly id: string }[];

  beforeAll(async () => {
    idp = await startTestIdp({
      x: {
        realm: 'x',
        enabled: true,
        clients: [{ clientId: 'c', secret: 's' }],
        groups: [{ name: 'g' }],
        users: [{ username: 'joe', enabled: true }],
        roles: { realm: [{ name: 'r' }] },
      },
    });
    token = await idp.adminToken();
  });
  afterAll(async () => await idp.close());

  it('never becomes a fault of the server, whatever stands in a body', async () => {
    const [client] = await json('/realms/x/clients?clientId=c');
    const [group] = await json('/realms/x/groups');
    const [user] = await json('/realms/x/users');
    const [scope] = await json('/realms/x/client-scopes');
    const inRealm = [
      ['PUT', ''],
      ['POST', '/clients'],
      ['PUT', `/clients/${client?.id}`],
      ['POST', `/clients/${client?.id}/protocol-mappers/models`],
      ['POST', `/clients/${client?.id}/protocol-mappers/add-models`],
      ['POST', `/clients/${client?.id}/scope-mappings/realm`],
      ['POST', `/clients/${client?.id}/roles`],
      ['POST', '/client-scopes'],
      ['PUT', `/client-scopes/${scope?.id}`],
      ['POST', '/roles'],
      ['PUT', '/roles/r'],
      ['POST', '/roles/r/composites'],
      ['DELETE', '/roles/r/composites'],
      ['POST', '/groups'],
      ['PUT', `/groups/${group?.id}`],
      ['POST', `/groups/${group?.id}/children`],
      ['POST', '/users'],
      ['PUT', `/users/${user?.id}`],
      ['PUT', `/users/${user?.id}/reset-password`],
      ['PUT', `/users/${user?.id}/execute-actions-email`],
      ['POST', `/users/${user?.id}/federated-identity/x`],
      ['POST', `/users/${user?.id}/role-mappings/realm`],
      ['DELETE', `/users/${user?.id}/role-mappings/realm`],
      ['PUT', '/users/profile'],
      ['POST', '/components'],
      ['PUT', '/events/config'],
      ['PUT', '/client-policies/policies'],
      ['PUT', '/client-policies/profiles'],
      ['POST', '/clients-initial-access'],
      ['POST', '/localization/en'],
      ['POST', '/partialImport'],
      ['PUT', '/authentication/required-actions/VERIFY_EMAIL'],
    ] as const;
    const odd = [
      ...['', '{', 'null', '1', '[]', '[null]', '[{}]', '{"id":{}}', '{"id":"constructor"}', '{"name":{"a":1}}'],
      ...['{"attributes":{"__proto__":["x"],"a":{"b":1}}}', '{"clientId":[]}', '{"credentials":[{"type":"password"}]}'],
      ...['{"roles":{"client":{"nope":[{"name":"x"}]}}}', '{"composites":{"realm":["nope"]}}', '[{"id":"../../x"}]'],
      `{"name":"${'x'.repeat(300)}"}`,
    ];
    for (const [method, path] of inRealm) {
      for (const body of odd) {
        const { status, text } = await send(method, `/realms/x${path}`, body);
        expect([method, path, body.slice(0, 60), status, status >= 500 ? text : '']).toEqual([
          method,
          path,
          body.slice(0, 60),
          expect.toSatisfy((it: number) => it < 500),
          '',
        ]);
      }
    }
    for (const body of ['['.repeat(50_000), '{"subGroups":['.repeat(5_000), `{"name":"${'x'.repeat(100_000)}"}`]) {
      expect((await send('POST', '/realms/x/groups', body)).status).toBe(400);
    }
    expect((await send('GET', '/realms/x')).status).toBe(200);
  });

  it('names nothing outside its realm, however the path is written', async () => {
    const [other] = await json('/realms/master/clients?clientId=admin-cli');
    const [admin] = await json('/realms/master/users');
    for (const path of [
      `/realms/x/clients/${other?.id}`,
      `/realms/x/users/${admin?.id}`,
      `/realms/x/users/${admin?.id}/credentials`,
      '/realms/x/clients/..%2F..%2Fmaster%2Fclients',
      '/realms/x/clients/%2e%2e',
      '/realms/x/roles/..%2f..%2fmaster',
      '/realms/x/roles/%00',
      '/realms/x/groups/__proto__',
      '/realms/x/users/constructor',
      '/realms/x%2F..%2Fmaster/users',
      '/realms/%2e%2e%2fmaster/users',
      '/realms/__proto__',
      '/realms/x/group-by-path/..%2f..%2f',
      `/realms/x/group-by-path/${'a/'.repeat(400)}`,
    ]) {
      expect([path, (await send('GET', path)).status]).toEqual([path, 404]);
    }
    expect([400, 404]).toContain((await send('GET', '/realms/x/roles/%E0%A4%A')).status);
  });

  it('takes a list of ten thousand in a moment, and no body without end', async () => {
    const roles = Array.from({ length: 10_000 }, (_, index) => ({ name: `role-${index}` }));
    const many = await send(
      'POST',
      '/realms/x/partialImport',
      JSON.stringify({ ifResourceExists: 'SKIP', roles: { realm: roles } }),
    );
    expect(many.status).toBe(200);
    expect((await json('/realms/x/roles?max=-1')).length).toBeGreaterThan(10_000);
    const huge = await send('POST', '/realms/x/roles', `{"name":"${'x'.repeat(40 * 1024 * 1024)}"}`);
    expect(huge.status).toBe(413);
  });

  it('of a stranger is not even read', async () => {
    const { hostname, port } = new URL(idp.url);
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': 30_000_000 };
      const asked = request({ hostname, port, method: 'POST', path: '/admin/realms', headers }, (answer) => {
        resolve(answer.statusCode);
        asked.destroy();
      });
      asked.on('error', reject);
      // One byte of thirty million: whoever waits for the rest never answers.
      asked.write('{');
    });
    expect(status).toBe(401);
  });

  it('in a query is text, not a pattern and not a number', async () => {
    for (const query of [
      'search=%25',
      'search=(((((',
      'q=%22',
      'q=a:b:c',
      'username=%00',
      'search=id:',
      `search=${'*'.repeat(2_000)}`,
    ]) {
      expect([query, (await send('GET', `/realms/x/users?${query}`)).status]).toEqual([query, 200]);
    }
    for (const query of ['first=x', 'max=1e9', 'max=0x10', 'first=99999999999999999999']) {
      expect([query, (await send('GET', `/realms/x/clients?${query}`)).status]).toEqual([query, 404]);
    }
    const slow = `resourcePath=${'*a'.repeat(1_000)}*b`;
    expect((await send('GET', `/realms/x/admin-events?${slow}`)).status).toBe(200);
  });

  it('imports all of a realm or nothing', async () => {
    const half = {
      realm: 'half',
      enabled: true,
      clients: [{ clientId: 'a' }],
      users: [{ username: 'u', groups: ['/nowhere'] }],
    };
    const answer = await send('POST', '/realms', JSON.stringify(half));
    expect([answer.status, answer.text]).toEqual([400, '{"errorMessage":"Could not find group /nowhere"}']);
    expect((await send('GET', '/realms/half')).status).toBe(404);
    expect(await json('/realms/master/clients?clientId=half-realm')).toEqual([]);
    const twice = { ifResourceExists: 'FAIL', clients: [{ clientId: 'new' }, { clientId: 'c' }] };
    expect((await send('POST', '/realms/x/partialImport', JSON.stringify(twice))).status).toBe(409);
    expect(await json('/realms/x/clients?clientId=new')).toEqual([]);
  });

  it('puts no script into a client’s addresses', async () => {
    for (const uri of [
      'javascript:alert(1)',
      ' JaVaScRiPt:alert(1)',
      'java\tscript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      '\u0001javascript:x',
    ]) {
      const answer = await send('POST', '/realms/x/clients', JSON.stringify({ clientId: 'evil', redirectUris: [uri] }));
      expect([uri, answer.status]).toEqual([uri, 400]);
      expect((await send('POST', '/realms/x/clients', JSON.stringify({ clientId: 'evil', rootUrl: uri }))).status).toBe(
        400,
      );
    }
  });
});
