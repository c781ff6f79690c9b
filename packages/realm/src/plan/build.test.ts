import { describe, expect, it } from 'vitest';
import { createFakeKeycloak } from '../testing/fake-keycloak.ts';
import { applyFile, planOf } from '../testing/fixture.ts';

const file = {
  realm: 'r',
  enabled: true,
  clientScopes: [{ name: 'menu' }],
  clients: [
    { clientId: 'web', defaultClientScopes: ['menu'], protocolMappers: [{ name: 'm', config: { a: 'b' } }] },
    { clientId: 'other' },
  ],
};
const shown = async (options: object) =>
  (await planOf(createFakeKeycloak(), file, options)).plan.steps.map(({ type, name }) => `${type} ${name.join('/')}`);

describe('--target', () => {
  it('takes an object with its mappers and assignments, and what they refer to', async () => {
    expect(await shown({ target: ['client web'] })).toEqual([
      'realm r',
      'client-scope menu',
      'client web',
      'client-mapper web/m',
      'client-scope-assignment web/menu',
    ]);
  });
  it('that names nothing, or comes with --prune, is refused', async () => {
    await expect(shown({ target: ['client nobody'] })).rejects.toThrow(
      '--target client nobody: the file declares no such object',
    );
    await expect(shown({ target: ['client web'], prune: true })).rejects.toThrow('exclude each other');
  });
  it('forgets nothing of what is owned outside it', async () => {
    const fake = createFakeKeycloak();
    await applyFile(fake, file);
    const { plan } = await planOf(fake, file, { target: ['client web'] });
    expect(plan.ownership.after).toBe(plan.ownership.before);
  });
});

describe('a realm file', () => {
  it('that declares one thing twice is refused', async () => {
    await expect(
      planOf(createFakeKeycloak(), { realm: 'r', clients: [{ clientId: 'a' }, { clientId: 'a' }] }),
    ).rejects.toThrow('client a is declared twice');
  });
  it('with an empty name, or a scope both default and optional, is refused', async () => {
    await expect(planOf(createFakeKeycloak(), { realm: 'r', roles: { realm: [{ name: '' }] } })).rejects.toThrow(
      'realm-role: a name is empty',
    );
    const both = { clientId: 'a', defaultClientScopes: ['email', 'email'], optionalClientScopes: ['email'] };
    await expect(planOf(createFakeKeycloak(), { realm: 'r', clients: [both] })).rejects.toThrow(
      'client-scope-assignment a / email is declared twice',
    );
  });
  it('with the seed’s name of the exchange switch gets the right one, and a note', async () => {
    const { plan } = await planOf(createFakeKeycloak(), {
      realm: 'r',
      clients: [{ clientId: 'x', attributes: { 'oauth2.token.exchange.grant.enabled': 'true' } }],
    });
    expect(plan.steps.at(-1)).toMatchObject({ fields: { attributes: { 'standard.token.exchange.enabled': 'true' } } });
    expect(JSON.stringify(plan.steps)).not.toContain('oauth2.token');
    expect(plan.notices.join()).toContain('has no effect in Keycloak');
  });
  it('never puts a hashed credential into a plan', async () => {
    const { plan } = await planOf(createFakeKeycloak(), {
      realm: 'r',
      users: [{ username: 'u', credentials: [{ type: 'password', secretData: '{"value":"HASH"}' }] }],
    });
    expect(JSON.stringify(plan)).not.toContain('HASH');
  });
  it('with flows or keys says that they are left alone', async () => {
    const { plan } = await planOf(createFakeKeycloak(), {
      realm: 'r',
      authenticationFlows: [{ alias: 'x' }],
      components: { 'org.keycloak.keys.KeyProvider': [{ name: 'rsa' }] },
    });
    expect(plan.notices).toHaveLength(2);
    expect(plan.steps).toHaveLength(1);
  });
});
