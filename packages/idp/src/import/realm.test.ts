import type { RealmRepresentation } from '@keyturn/realm';
import { describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

/** What an administrator reads of an imported realm. */
async function reader(idp: TestIdp): Promise<(path: string) => Promise<unknown>> {
  const token = await idp.adminToken();
  return async (path) => {
    const answer = await fetch(`${idp.url}/admin/realms${path}`, { headers: { authorization: `Bearer ${token}` } });
    return await answer.json();
  };
}

const shop: RealmRepresentation = {
  realm: 'shop',
  enabled: true,
  roles: {
    realm: [{ name: 'clerk' }, { name: 'boss', composites: { realm: ['clerk'], client: { till: ['open'] } } }],
    client: { till: [{ name: 'open' }] },
  },
  clients: [
    {
      clientId: 'till',
      secret: 's',
      redirectUris: ['https://till.example.com/*', '/back'],
      serviceAccountsEnabled: true,
    },
    { clientId: 'account', description: 'changed' },
  ],
  groups: [{ name: 'staff', realmRoles: ['clerk'], subGroups: [{ name: 'night', clientRoles: { till: ['open'] } }] }],
  defaultGroups: ['/staff'],
  users: [
    { username: 'Ann', enabled: true, realmRoles: ['boss', 'made-on-the-way'], groups: ['/staff/night'] },
    {
      username: 'service-account-till',
      serviceAccountClientId: 'till',
      clientRoles: { 'realm-management': ['view-users'] },
    },
  ],
  scopeMappings: [{ client: 'till', roles: ['clerk'] }],
};

describe('an imported realm', () => {
  it('has the roles, groups, clients and users of its file', async () => {
    await using idp = await startTestIdp({ shop });
    const read = await reader(idp);
    const [till] = (await read('/shop/clients?clientId=till')) as { readonly id: string }[];
    expect(till).toMatchObject({
      secret: 's',
      webOrigins: ['https://till.example.com'],
      attributes: { 'post.logout.redirect.uris': '+' },
    });
    expect(await read('/shop/clients?clientId=account')).toMatchObject([
      { description: 'changed', publicClient: true },
    ]);
    const [ann] = (await read('/shop/users')) as { readonly id: string }[];
    expect(ann).toMatchObject({ username: 'ann' });
    const mapped = (await read(`/shop/users/${ann?.id}/role-mappings`)) as { realmMappings: { name: string }[] };
    expect(mapped.realmMappings.map((it) => it.name)).toEqual(['boss', 'made-on-the-way']);
    const effective = (await read(`/shop/users/${ann?.id}/role-mappings/realm/composite`)) as { name: string }[];
    expect(effective.map((it) => it.name).sort()).toEqual(['boss', 'clerk', 'made-on-the-way']);
    expect(await read('/shop/default-groups')).toMatchObject([{ path: '/staff' }]);
    const scope = (await read(`/shop/clients/${till?.id}/scope-mappings`)) as {
      realmMappings: { name: string }[];
    };
    expect(scope.realmMappings.map((it) => it.name)).toEqual(['clerk']);
    const token = await idp.token('shop', { grant_type: 'client_credentials', client_id: 'till', client_secret: 's' });
    const users = await fetch(`${idp.url}/admin/realms/shop/users`, { headers: { authorization: `Bearer ${token}` } });
    expect(users.status).toBe(200);
  });

  it('is left alone or replaced whole, as asked', async () => {
    await using idp = await startTestIdp({ shop });
    const again = { ...shop, displayName: 'Again' };
    expect(await idp.importRealm(again)).toMatchObject({ ok: true, value: { created: false } });
    const read = await reader(idp);
    expect(await read('/shop')).not.toHaveProperty('displayName');
    expect(await idp.importRealm(again, { ifExists: 'replace' })).toMatchObject({ ok: true, value: { created: true } });
    expect(await read('/shop')).toMatchObject({ displayName: 'Again' });
    const broken = { ...again, users: [{ username: 'x', groups: ['/nowhere'] }] };
    const refused = await idp.importRealm(broken, { ifExists: 'replace' });
    expect(refused).toEqual({ ok: false, refusal: { why: 'unknown', what: 'group', name: '/nowhere' } });
    expect(await read('/shop')).toMatchObject({ displayName: 'Again' });
  });

  it('names what of its file has no effect, and drops nothing in silence', async () => {
    const warned: string[] = [];
    const say = (_facts: object, message: string): void => void warned.push(message);
    const log = { debug: () => {}, info: () => {}, warn: say, error: say };
    await using idp = await startTestIdp({}, { log });
    const imported = await idp.importRealm({
      realm: 'odd',
      banana: true,
      identityProviders: [{ alias: 'github' }],
      clients: [
        {
          clientId: 'a',
          secret: '**********',
          authenticationFlowBindingOverrides: { browser: 'x' },
          '//': 'a comment',
        },
      ],
      users: [{ username: 'u', credentials: [{ type: 'otp', secretData: '{}' }] }],
    });
    expect(imported).toMatchObject({ ok: true });
    const unsupported = imported.ok ? imported.value.unsupported.join('\n') : '';
    for (const it of [
      'banana',
      'clients.0.//',
      'identityProviders',
      'authenticationFlowBindingOverrides',
      'mask',
      'credential otp',
    ]) {
      expect(unsupported).toContain(it);
    }
    expect(warned.filter((it) => it.includes('without effect'))).toHaveLength(1);
  });

  it('is refused with the member that has another type than Keycloak’s', async () => {
    await using idp = await startTestIdp();
    const refused = await idp.importRealm({ realm: 'x', clients: [{ clientId: 'a', redirectUris: { b: 1 } }] });
    expect(refused).toEqual({ ok: false, refusal: { why: 'unreadable', member: 'clients.0.redirectUris' } });
  });

  it('lets users in with passwords that Keycloak hashed', async () => {
    // PBKDF2-SHA256 of "secret" under the salt "salt", 1000 rounds, as an export of Keycloak holds it.
    const { pbkdf2Sync } = await import('node:crypto');
    const value = pbkdf2Sync('secret', 'salt', 1000, 64, 'sha256').toString('base64');
    const credential = {
      type: 'password',
      secretData: JSON.stringify({ value, salt: Buffer.from('salt').toString('base64') }),
      credentialData: JSON.stringify({ hashIterations: 1000, algorithm: 'pbkdf2-sha256', additionalParameters: {} }),
    };
    const { createIdp } = await import('../create-idp.ts');
    await using idp = await createIdp({ dataUrl: 'sqlite::memory:' });
    await idp.importRealm({
      realm: 'r',
      enabled: true,
      clients: [{ clientId: 'cli', publicClient: true, directAccessGrantsEnabled: true }],
      users: [
        {
          username: 'u',
          enabled: true,
          email: 'u@example.com',
          firstName: 'U',
          lastName: 'U',
          credentials: [credential],
        },
      ],
    });
    const url = await idp.listen({ port: 0 });
    const login = (password: string): Promise<Response> =>
      fetch(`${url}/realms/r/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'password', client_id: 'cli', username: 'u', password }),
      });
    expect((await login('secret')).status).toBe(200);
    expect((await login('wrong')).status).toBe(400);
  });
});
