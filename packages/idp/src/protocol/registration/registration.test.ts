import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../../testing/index.ts';

let idp: TestIdp;
const policyType = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';
const trusted = (hosts: readonly string[]) => ({
  [policyType]: [
    { name: 'Trusted Hosts', providerId: 'trusted-hosts', subType: 'anonymous', config: { 'trusted-hosts': hosts } },
  ],
});

beforeAll(async () => {
  idp = await startTestIdp({
    closed: { clients: { maker: { secret: 's', serviceAccount: true } } },
    open: { settings: { components: trusted(['127.0.0.1', '*.example.com']) } },
    elsewhere: { settings: { components: trusted(['192.0.2.1', 'app.example.com']) } },
  });
});
afterAll(async () => {
  await idp.close();
});

async function register(realm: string, metadata: object, token?: string) {
  const answer = await fetch(`${idp.issuer(realm)}/clients-registrations/openid-connect`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(metadata),
  });
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, string>> };
}

const app = { client_name: 'App', redirect_uris: ['https://app.example.com/cb'], token_endpoint_auth_method: 'none' };

describe('registering a client', () => {
  it('is closed to strangers unless their host is trusted, and so are their addresses', async () => {
    const closed = await register('closed', app);
    expect(closed).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(closed.body['error_description']).toContain('Host not trusted.');
    expect((await register('elsewhere', app)).status).toBe(403);
    const foreign = await register('open', { ...app, redirect_uris: ['https://evil.example.net/cb'] });
    expect(foreign.body['error_description']).toContain("URL doesn't match any trusted host");
  });

  it('gives a trusted stranger a client that asks for consent, and a token to manage it', async () => {
    const { status, body } = await register('open', app);
    expect([status, body['token_endpoint_auth_method']]).toEqual([201, 'none']);
    const uri = String(body['registration_client_uri']);
    const read = async (token: string | undefined) =>
      (await fetch(uri, { headers: { authorization: `Bearer ${String(token)}` } })).status;
    expect(await read(body['registration_access_token'])).toBe(200);
    expect(await read('x.y.z')).toBe(401);
    const other = await register('open', app);
    expect(await read(other.body['registration_access_token'])).toBe(401);
    const gone = await fetch(uri, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${body['registration_access_token']}` },
    });
    expect([gone.status, await read(body['registration_access_token'])]).toEqual([204, 401]);
  });

  it('is not for just any token of the realm', async () => {
    const token = await idp.token('closed', {
      grant_type: 'client_credentials',
      client_id: 'maker',
      client_secret: 's',
    });
    expect((await register('closed', app, token)).status).toBe(403);
  });

  it.each([
    ['no redirect URI', { redirect_uris: [] }],
    ['a wildcard', { redirect_uris: ['https://app.example.com/*'] }],
    ['a script', { redirect_uris: ['javascript:alert(1)//app.example.com'] }],
    ['implicit flow', { response_types: ['token'] }],
  ])('refuses %s', async (_what, more) => {
    expect([400, 403]).toContain((await register('open', { ...app, ...more })).status);
  });
});
