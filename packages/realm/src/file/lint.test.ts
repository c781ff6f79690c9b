import { describe, expect, it } from 'vitest';
import { lintRealmFile } from './lint.ts';

const lint = (realm: object, path = 'myrealm-realm.json', env = {}) =>
  lintRealmFile(JSON.stringify({ realm: 'myrealm', enabled: true, ...realm }), { path, env });
const rules = (realm: object, path?: string) => lint(realm, path).map(({ rule }) => rule);

describe('a realm template', () => {
  it('that follows seed 004 has no fault', () => {
    expect(
      lint({
        clients: [{ clientId: 'myclient', secret: '${S:my-client-secret}' }],
        users: [{ username: 'dev', credentials: [{ type: 'password', value: '${P:password}' }] }],
      }),
    ).toEqual([]);
    expect(
      lintRealmFile('realm: x\nrecipes: [{agent: {clientId: a, secret: "${S:x}"}}]', { path: 'any.yaml', env: {} }),
    ).toEqual([]);
  });

  it.each<[string, object, string | undefined, string]>([
    ['a file with another name', {}, 'myrealm.json', 'file-name'],
    ['users split from the realm', {}, 'myrealm-users-0.json', 'one-file'],
    ['the realm master', { realm: 'master' }, 'master-realm.json', 'no-master'],
    ['built-in clients', { clients: [{ clientId: 'account' }] }, undefined, 'minimal'],
    ['built-in scopes', { clientScopes: [{ name: 'profile' }] }, undefined, 'minimal'],
    ['built-in roles', { roles: { realm: [{ name: 'offline_access' }] } }, undefined, 'minimal'],
    ['flows of an export', { authenticationFlows: [{ alias: 'browser' }] }, undefined, 'minimal'],
    ['Keycloak’s own defaults', { accessTokenLifespan: 300 }, undefined, 'minimal'],
    [
      'hashed credentials',
      { users: [{ username: 'u', credentials: [{ type: 'password', secretData: '{}', credentialData: '{}' }] }] },
      undefined,
      'no-hashed-credentials',
    ],
    [
      'a placeholder that nothing resolves',
      { clients: [{ clientId: 'c', secret: '${UNSET}' }] },
      undefined,
      'placeholders',
    ],
    ['a masked secret', { clients: [{ clientId: 'c', secret: '**********' }] }, undefined, 'secrets'],
    ['a secret in the clear', { clients: [{ clientId: 'c', secret: 's3cret' }] }, undefined, 'secrets'],
  ])('with %s is told so', (_, realm, path, rule) => {
    expect(rules(realm, path)).toEqual([rule]);
  });

  it('that cannot be read is told where', () => {
    expect(lintRealmFile('{"realm": ', { path: 'a-realm.json', env: {} })).toMatchObject([
      { rule: 'parse', line: 1, column: 11 },
    ]);
  });
});
