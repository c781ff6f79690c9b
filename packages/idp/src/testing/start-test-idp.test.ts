import { createRemoteJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { startTestIdp } from './index.ts';

describe('a test idp', () => {
  it('issues tokens that a JWKS reader accepts, in Keycloak’s shape', async () => {
    await using idp = await startTestIdp({
      demo: { clients: { agent: { secret: 's', serviceAccount: true, audiences: ['api'] } } },
    });
    const form = { grant_type: 'client_credentials', client_id: 'agent', client_secret: 's' };
    const token = await idp.token('demo', form);
    const keys = createRemoteJWKSet(new URL(`${idp.issuer('demo')}/protocol/openid-connect/certs`));
    const { payload } = await jwtVerify(token, keys, { issuer: idp.issuer('demo'), audience: 'api' });
    expect(Object.keys(payload)).toEqual([
      'exp',
      'iat',
      'jti',
      'iss',
      'aud',
      'sub',
      'typ',
      'azp',
      'acr',
      'realm_access',
      'resource_access',
      'scope',
      'email_verified',
      'preferred_username',
      'clientHost',
      'clientAddress',
      'client_id',
    ]);
    expect(payload['jti']).toMatch(/^trrtcc:[0-9a-f-]{36}$/);
    expect(payload['preferred_username']).toBe('service-account-agent');
    expect(payload.aud).toEqual(expect.arrayContaining(['api', 'account']));
  });

  it('refuses a wrong secret with the same words as an unknown client', async () => {
    await using idp = await startTestIdp({ demo: { clients: { agent: { secret: 's', serviceAccount: true } } } });
    const ask = (id: string, secret: string) =>
      idp.tokenAnswer('demo', { grant_type: 'client_credentials', client_id: id, client_secret: secret });
    const wrong = await ask('agent', 'x');
    const unknown = await ask('nobody', 's');
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.body['error_description']).toBe(unknown.body['error_description']);
  });

  it('refuses to listen beyond loopback unless told so by name', async () => {
    await using idp = await startTestIdp();
    await expect(idp.listen({ port: 0, host: '0.0.0.0' })).rejects.toThrow('allowNonLoopbackThoughNotForProduction');
  });
});
