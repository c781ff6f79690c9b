import KcAdminClient from '@keycloak/keycloak-admin-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

// Keycloak's own client, unmodified: what it cannot do here it would not find missing in Keycloak.
describe('Keycloak’s admin client', () => {
  let idp: TestIdp;
  let admin: KcAdminClient;
  const realm = 'shop';

  beforeAll(async () => {
    idp = await startTestIdp();
    admin = new KcAdminClient({ baseUrl: idp.url, realmName: 'master' });
    await admin.auth({ grantType: 'password', clientId: 'admin-cli', username: 'admin', password: 'admin' });
    await admin.realms.create({ realm, enabled: true });
    admin.setConfig({ realmName: realm });
  });
  afterAll(async () => await idp.close());

  it('lists, changes and reads realms', async () => {
    await admin.realms.update({ realm }, { displayName: 'The shop', attributes: { theme: 'dark' } });
    const found = await admin.realms.findOne({ realm });
    expect(found).toMatchObject({ realm, displayName: 'The shop', accessTokenLifespan: 300 });
    expect(found?.attributes).toMatchObject({ theme: 'dark', parRequestUriLifespan: '60' });
    expect((await admin.realms.find()).map((it) => it.realm)).toEqual(['master', realm]);
    expect(await admin.realms.findOne({ realm: 'nowhere' })).toBeNull();
  });

  it('makes a client whose token then carries its audience', async () => {
    const { id } = await admin.clients.create({ clientId: 'agent', serviceAccountsEnabled: true });
    const { value: secret = '' } = await admin.clients.generateNewClientSecret({ id });
    expect(secret).toHaveLength(86);
    const config = { 'included.custom.audience': 'api', 'access.token.claim': 'true', 'id.token.claim': 'false' };
    const mapper = { name: 'aud', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper', config };
    await admin.clients.addProtocolMapper({ id }, mapper);
    await expect(admin.clients.addProtocolMapper({ id }, mapper)).rejects.toThrow(
      'Protocol mapper exists with same name',
    );
    const token = await idp.token(realm, {
      grant_type: 'client_credentials',
      client_id: 'agent',
      client_secret: secret,
    });
    expect(claimsOf(token)['aud']).toEqual(expect.arrayContaining(['api', 'account']));
    const user = await admin.clients.getServiceAccountUser({ id });
    expect(user.username).toBe('service-account-agent');
    await admin.clients.update({ id }, { clientId: 'agent', description: 'An agent' });
    expect(await admin.clients.findOne({ id })).toMatchObject({ description: 'An agent', secret });
    await admin.clients.del({ id });
    expect(await admin.clients.find({ clientId: 'agent' })).toEqual([]);
  });

  it('makes client scopes and moves them between default and optional', async () => {
    const { id: scopeId } = await admin.clientScopes.create({ name: 'orders', protocol: 'openid-connect' });
    const { id } = await admin.clients.create({ clientId: 'web', publicClient: true });
    await admin.clients.addOptionalClientScope({ id, clientScopeId: scopeId });
    expect((await admin.clients.listOptionalClientScopes({ id })).map((it) => it.name)).toContain('orders');
    await admin.clients.delOptionalClientScope({ id, clientScopeId: scopeId });
    await admin.clients.addDefaultClientScope({ id, clientScopeId: scopeId });
    expect((await admin.clients.listDefaultClientScopes({ id })).map((it) => it.name)).toContain('orders');
    await admin.clientScopes.addDefaultClientScope({ id: scopeId });
    expect((await admin.clientScopes.listDefaultClientScopes()).map((it) => it.name)).toContain('orders');
    await admin.clientScopes.del({ id: scopeId });
    expect((await admin.clients.listDefaultClientScopes({ id })).map((it) => it.name)).not.toContain('orders');
  });

  it('gives users roles, groups and passwords', async () => {
    const { roleName } = await admin.roles.create({ name: 'clerk', description: 'Sells' });
    expect(roleName).toBe('clerk');
    const clerk = await admin.roles.findOneByName({ name: 'clerk' });
    const { id: groupId } = await admin.groups.create({ name: 'staff' });
    const { id: childId } = await admin.groups.createChildGroup({ id: groupId }, { name: 'till' });
    const { id } = await admin.users.create({
      ...{ username: 'ann', email: 'ann@example.com', firstName: 'Ann', lastName: 'Lee', enabled: true },
      credentials: [{ type: 'password', value: 'pw' }],
    });
    const roles = [{ id: clerk?.id ?? '', name: 'clerk' }];
    await admin.groups.addRealmRoleMappings({ id: groupId, roles });
    await admin.users.addToGroup({ id, groupId: childId });
    const effective = await admin.users.listCompositeRealmRoleMappings({ id });
    expect(effective.map((it) => it.name)).toContain('clerk');
    await admin.users.resetPassword({ id, credential: { type: 'password', value: 'new', temporary: false } });
    await admin.clients.create({ clientId: 'cli', publicClient: true, directAccessGrantsEnabled: true });
    const login = { grant_type: 'password', client_id: 'cli', username: 'ann' };
    expect((await idp.tokenAnswer(realm, { ...login, password: 'pw' })).status).toBe(400);
    const token = await idp.token(realm, { ...login, password: 'new' });
    expect(claimsOf(token)['realm_access']).toMatchObject({ roles: expect.arrayContaining(['clerk']) });
    expect(await admin.users.listSessions({ id })).toHaveLength(1);
    await admin.users.logout({ id });
    expect(await admin.users.listSessions({ id })).toHaveLength(0);
    expect(await admin.users.count()).toBe(1);
    expect(await admin.groups.listMembers({ id: childId })).toMatchObject([{ username: 'ann' }]);
  });

  it('reads roles whose names hold slashes, spaces and dots', async () => {
    for (const name of ['a/b c', '../master', '%2e%2e', 'ä"\\']) {
      await admin.roles.create({ name });
      expect((await admin.roles.findOneByName({ name }))?.name).toBe(name);
      await admin.roles.delByName({ name });
      expect(await admin.roles.findOneByName({ name })).toBeNull();
    }
  });

  it('makes composite roles', async () => {
    await admin.roles.create({ name: 'boss', composites: { realm: ['offline_access'] } });
    const boss = await admin.roles.findOneByName({ name: 'boss' });
    const uma = await admin.roles.findOneByName({ name: 'uma_authorization' });
    await admin.roles.createComposite({ roleId: boss?.id ?? '' }, [uma ?? {}]);
    const included = await admin.roles.getCompositeRoles({ id: boss?.id ?? '' });
    expect(included.map((it) => it.name).sort()).toEqual(['offline_access', 'uma_authorization']);
  });

  it('keeps user events and shows them', async () => {
    await admin.realms.updateConfigEvents({ realm }, { eventsEnabled: true, adminEventsEnabled: true });
    const refused = { grant_type: 'password', client_id: 'cli', username: 'ann', password: 'wrong' };
    await idp.tokenAnswer(realm, refused);
    const events = await admin.realms.findEvents({ realm, type: 'LOGIN_ERROR' as never });
    expect(events).toMatchObject([{ type: 'LOGIN_ERROR', clientId: 'cli', error: 'invalid_user_credentials' }]);
    await admin.realms.clearEvents({ realm });
    expect(await admin.realms.findEvents({ realm })).toEqual([]);
  });

  it('rotates keys', async () => {
    const before = await admin.realms.getKeys({ realm });
    const parentId = (await admin.realms.findOne({ realm }))?.id ?? '';
    const config = { priority: ['200'] };
    const provider = { name: 'new', providerId: 'rsa-generated', providerType: 'org.keycloak.keys.KeyProvider' };
    const { id } = await admin.components.create({ ...provider, parentId, config });
    const after = await admin.realms.getKeys({ realm });
    expect(after.active?.['RS256']).not.toBe(before.active?.['RS256']);
    await admin.components.del({ id });
    expect((await admin.realms.getKeys({ realm })).active).toEqual(before.active);
  });

  it('takes a realm out and puts it in again under another name', async () => {
    const exported = await admin.realms.export({ realm, exportClients: true, exportGroupsAndRoles: true });
    expect(JSON.stringify(exported)).not.toMatch(/"secret":"(?!\*+")/);
    const { id: _id, ...copy } = exported;
    await admin.realms.create({ ...copy, realm: 'copy' });
    admin.setConfig({ realmName: 'copy' });
    try {
      expect((await admin.realms.findOne({ realm: 'copy' }))?.defaultRole?.name).toBe('default-roles-shop');
      expect((await admin.groups.find({ search: 'till' }))[0]?.name).toBe('staff');
      expect((await admin.clients.find({ clientId: 'cli' }))[0]).toMatchObject({ directAccessGrantsEnabled: true });
      expect((await admin.clientScopes.findOneByName({ name: 'basic' }))?.protocolMappers).toHaveLength(2);
    } finally {
      admin.setConfig({ realmName: realm });
      await admin.realms.del({ realm: 'copy' });
    }
  });

  it('imports parts of a realm, and says what became of each', async () => {
    const rep = { ifResourceExists: 'SKIP' as const, roles: { realm: [{ name: 'clerk' }, { name: 'cook' }] } };
    const result = await admin.realms.partialImport({ realm, rep });
    expect(result).toMatchObject({ added: 1, skipped: 1, overwritten: 0 });
  });

  it('asks what the server is', async () => {
    const info = await admin.serverInfo.find();
    expect(info.systemInfo?.version).toBe('26.7.3');
  });
});

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Readonly<
    Record<string, unknown>
  >;
}
