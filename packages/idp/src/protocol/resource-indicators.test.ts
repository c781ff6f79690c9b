import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp, type TestRealm } from '../testing/index.ts';

let idp: TestIdp;
const mcp = 'https://mcp.example.com/mcp';
const other = 'https://other.example.com/';

beforeAll(async () => {
  const realm: TestRealm = {
    clients: {
      agent: { secret: 's', serviceAccount: true, audiences: [mcp, other] },
      web: { passwordGrant: true, audiences: [mcp, other] },
    },
    users: { ann: { password: 'pw' } },
  };
  idp = await startTestIdp({
    off: realm,
    on: { ...realm, settings: { attributes: { 'resource.indicators.enabled': 'true' } } },
  });
});
afterAll(async () => {
  await idp.close();
});

const form = { grant_type: 'client_credentials', client_id: 'agent', client_secret: 's' };

describe('a resource in a token request', () => {
  it('is ignored unless the realm has that switched on', async () => {
    expect(decodeJwt(await idp.token('off', { ...form, resource: mcp })).aud).toEqual(
      expect.arrayContaining([mcp, other]),
    );
  });

  it('narrows the audience to itself', async () => {
    expect(decodeJwt(await idp.token('on', { ...form, resource: mcp })).aud).toBe(mcp);
    expect(decodeJwt(await idp.token('on', form)).aud).toEqual(expect.arrayContaining([mcp, other]));
  });

  it.each(['https://nobody.example.com/', 'https://mcp.example.com/mcp#x', '/mcp'])(
    'is refused when it is %s',
    async (resource) => {
      expect(await idp.tokenAnswer('on', { ...form, resource })).toMatchObject({
        status: 400,
        body: { error: 'invalid_target' },
      });
    },
  );

  it('stays with the grant through refreshes, which cannot widen it', async () => {
    const login = { grant_type: 'password', client_id: 'web', username: 'ann', password: 'pw', resource: mcp };
    const { body } = await idp.tokenAnswer('on', login);
    const refresh = { grant_type: 'refresh_token', client_id: 'web', refresh_token: String(body['refresh_token']) };
    expect(decodeJwt(await idp.token('on', refresh)).aud).toBe(mcp);
    expect((await idp.tokenAnswer('on', { ...refresh, resource: other })).body['error']).toBe('invalid_target');
  });
});
