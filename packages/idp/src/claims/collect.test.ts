import type { ProtocolMapperRepresentation } from '@keyturn/realm';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { startTestIdp } from '../testing/index.ts';

type Config = Readonly<Record<string, string>>;

/** The access token of a user with some of everything, through a client with these mappers. */
async function claimsWith(...mappers: readonly (readonly [type: string, config: Config])[]) {
  const built: readonly ProtocolMapperRepresentation[] = mappers.map(([protocolMapper, config], index) => ({
    name: `m${index}`,
    protocol: 'openid-connect',
    protocolMapper,
    config: { 'access.token.claim': 'true', ...config },
  }));
  const client = { passwordGrant: true, mappers: built };
  await using idp = await startTestIdp({
    r: {
      clients: { web: client, api: { secret: 's', roles: ['reader'] } },
      roles: ['boss'],
      groups: ['/staff'],
      users: {
        ann: {
          password: 'pw',
          roles: ['boss'],
          clientRoles: { api: ['reader'] },
          groups: ['/staff'],
          attributes: { dept: ['a', 'b'], age: ['42'] },
        },
      },
      settings: { userProfile: {} },
    },
  });
  return decodeJwt(await idp.token('r', { grant_type: 'password', client_id: 'web', username: 'ann', password: 'pw' }));
}

describe('a mapper', () => {
  it('takes the first value of an attribute, or all if it is multivalued, in the type that is asked for', async () => {
    const attribute = 'oidc-usermodel-attribute-mapper';
    const claims = await claimsWith(
      [attribute, { 'user.attribute': 'dept', 'claim.name': 'first' }],
      [attribute, { 'user.attribute': 'dept', 'claim.name': 'all', multivalued: 'true' }],
      [attribute, { 'user.attribute': 'age', 'claim.name': 'age', 'jsonType.label': 'int' }],
      [attribute, { 'user.attribute': 'none', 'claim.name': 'none' }],
    );
    expect(claims).toMatchObject({ first: 'a', all: ['a', 'b'], age: 42 });
    expect(claims).not.toHaveProperty('none');
  });

  it('names groups by path or by name', async () => {
    const groups = 'oidc-group-membership-mapper';
    const claims = await claimsWith(
      [groups, { 'claim.name': 'paths' }],
      [groups, { 'claim.name': 'names', 'full.path': 'false' }],
    );
    expect(claims).toMatchObject({ paths: ['/staff'], names: ['staff'] });
  });

  it('names roles, with a prefix and of one client if wanted', async () => {
    const claims = await claimsWith(
      [
        'oidc-usermodel-realm-role-mapper',
        { 'claim.name': 'realm', multivalued: 'true', 'usermodel.realmRoleMapping.rolePrefix': 'r_' },
      ],
      [
        'oidc-usermodel-client-role-mapper',
        { 'claim.name': 'api', multivalued: 'true', 'usermodel.clientRoleMapping.clientId': 'api' },
      ],
    );
    expect(claims['realm']).toContain('r_boss');
    expect(claims['api']).toEqual(['reader']);
  });

  it('nests by dots, and writes a dot that is escaped', async () => {
    const hard = 'oidc-hardcoded-claim-mapper';
    const claims = await claimsWith(
      [hard, { 'claim.name': 'a.b', 'claim.value': '1', 'jsonType.label': 'long' }],
      [hard, { 'claim.name': 'a.c', 'claim.value': 'true', 'jsonType.label': 'boolean' }],
      [hard, { 'claim.name': 'https://x\\.example/y', 'claim.value': '{"z":[1]}', 'jsonType.label': 'JSON' }],
    );
    expect(claims).toMatchObject({ a: { b: 1, c: true }, 'https://x.example/y': { z: [1] } });
  });

  it('adds audiences: a client before a free text, and every client of which there are roles', async () => {
    const claims = await claimsWith([
      'oidc-audience-mapper',
      { 'included.client.audience': 'elsewhere', 'included.custom.audience': 'ignored' },
    ]);
    expect(claims.aud).toEqual(expect.arrayContaining(['elsewhere', 'api', 'account']));
    expect(claims.aud).not.toContain('ignored');
  });

  it('stays silent where its switch is off', async () => {
    const claims = await claimsWith([
      'oidc-hardcoded-claim-mapper',
      { 'claim.name': 'x', 'claim.value': '1', 'access.token.claim': 'false' },
    ]);
    expect(claims).not.toHaveProperty('x');
  });

  it('cannot say who issued the token, when it ends or what it is', async () => {
    const forged = ['iss', 'exp', 'jti', 'typ', 'azp', 'sid'].map(
      (name) => ['oidc-hardcoded-claim-mapper', { 'claim.name': name, 'claim.value': 'forged' }] as const,
    );
    expect(Object.values(await claimsWith(...forged))).not.toContain('forged');
  });
});
