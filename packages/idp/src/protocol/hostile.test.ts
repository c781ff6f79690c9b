import { request } from 'node:http';
import { clientAssertionTypeJwtBearer, epochMilliseconds, grantTypes } from '@keyturn/protocol';
import {
  base64url,
  calculateJwkThumbprint,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

let idp: TestIdp;
let now = Date.now();
const oidc = (realm: string, path: string): string => `${idp.issuer(realm)}/protocol/openid-connect/${path}`;
const signing = await generateKeyPair('ES256', { extractable: true });

beforeAll(async () => {
  const clients = {
    web: { passwordGrant: true },
    api: { secret: 'api', serviceAccount: true },
    signer: {
      secret: 'unused',
      serviceAccount: true,
      attributes: {
        'use.jwks.string': 'true',
        'jwks.string': JSON.stringify({ keys: [await exportJWK(signing.publicKey)] }),
      },
    },
    odd: {
      secret: 'o',
      serviceAccount: true,
      mappers: [
        {
          name: 'odd',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-hardcoded-claim-mapper',
          config: { 'claim.name': '__proto__.polluted', 'claim.value': 'yes', 'access.token.claim': 'true' },
        },
      ],
    },
  };
  const users = { ann: { password: 'pw' } };
  idp = await startTestIdp(
    {
      one: { clients, users },
      two: { clients, users },
      rotating: { clients, users, settings: { revokeRefreshToken: true } },
      guarded: {
        clients,
        users,
        settings: { bruteForceProtected: true, failureFactor: 3, quickLoginCheckMilliSeconds: 0 },
      },
    },
    { clock: () => epochMilliseconds(now) },
  );
});
afterAll(async () => {
  await idp.close();
});

async function login(realm: string, scope = 'openid') {
  return await idp.tokenAnswer(realm, {
    grant_type: 'password',
    client_id: 'web',
    username: 'ann',
    password: 'pw',
    scope,
  });
}

async function userinfo(realm: string, token: string): Promise<number> {
  const answer = await fetch(oidc(realm, 'userinfo'), { headers: { authorization: `Bearer ${token}` } });
  return answer.status;
}

describe('a forged token', () => {
  it.each(['none', 'None', 'HS256', 'HS512'])('with alg %s is no token', async (alg) => {
    const { body } = await login('one');
    const [header = '', payload = ''] = String(body['access_token']).split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const forged = base64url.encode(JSON.stringify({ alg, typ: 'JWT', kid }));
    expect(await userinfo('one', `${forged}.${payload}.`)).toBe(401);
    expect(await userinfo('one', `${forged}.${payload}.AAAA`)).toBe(401);
  });

  it('signed with the public key as a secret is no token', async () => {
    const { body } = await login('one');
    const { keys } = (await (await fetch(oidc('one', 'certs'))).json()) as { keys: JWK[] };
    const key = keys.find((it) => it.use === 'sig');
    const secret = new TextEncoder().encode(JSON.stringify(key));
    const forged = await new SignJWT(decodeJwt(String(body['access_token'])))
      .setProtectedHeader({ alg: 'HS256', kid: key?.kid ?? '' })
      .sign(secret);
    expect(await userinfo('one', forged)).toBe(401);
  });

  it('of another realm is no token here, nor is an ID or refresh token', async () => {
    const { body } = await login('two');
    expect(await userinfo('two', String(body['access_token']))).toBe(200);
    expect(await userinfo('one', String(body['access_token']))).toBe(401);
    expect(await userinfo('two', String(body['id_token']))).toBe(401);
    expect(await userinfo('two', String(body['refresh_token']))).toBe(401);
  });
});

describe('the token endpoint', () => {
  it.each(['scope', 'client_id', 'grant_type', 'client_secret'])('refuses %s twice', async (name) => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'api',
      client_secret: 'api',
      scope: 'email',
    });
    form.append(name, form.get(name) ?? '');
    const answer = await fetch(oidc('one', 'token'), { method: 'POST', body: form });
    expect([answer.status, ((await answer.json()) as { error_description: string }).error_description]).toEqual([
      400,
      'duplicated parameter',
    ]);
  });

  it('takes no credentials from the query', async () => {
    const query = 'grant_type=client_credentials&client_id=api&client_secret=api';
    const answer = await fetch(`${oidc('one', 'token')}?${query}`, { method: 'POST' });
    expect(answer.status).toBe(400);
  });

  it('knows no grant by the name of what every object has', async () => {
    const answer = await idp.tokenAnswer('one', { grant_type: 'constructor', client_id: 'api', client_secret: 'api' });
    expect(answer.body['error']).toBe('unsupported_grant_type');
  });

  it('puts a claim named __proto__ into the token and nowhere else', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'odd', client_secret: 'o' };
    const [, payload = ''] = (await idp.token('one', form)).split('.');
    expect(Buffer.from(payload, 'base64url').toString()).toContain('"__proto__":{"polluted":"yes"}');
    expect({}).not.toHaveProperty('polluted');
  });

  it('does not repeat a Host header that is none', async () => {
    const issuer = await new Promise<string>((resolve, reject) => {
      const url = new URL(`${idp.url}/realms/one/.well-known/openid-configuration`);
      const sent = request(url, { headers: { host: 'evil.example"/x' } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve((JSON.parse(Buffer.concat(chunks).toString()) as { issuer: string }).issuer));
      });
      sent.on('error', reject).end();
    });
    expect(issuer).toBe('http://localhost/realms/one');
  });

  it('believes no forwarded header unless told whose', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '6.6.6.6' };
    const answer = await fetch(`${idp.issuer('one')}/.well-known/openid-configuration`, { headers });
    expect(((await answer.json()) as { issuer: string }).issuer).toBe(idp.issuer('one'));
  });
});

describe('a rotated refresh token', () => {
  it('is spent by one of four racers, and its second use ends the session', async () => {
    const { body } = await login('rotating');
    const refresh = (token: unknown) =>
      idp.tokenAnswer('rotating', { grant_type: 'refresh_token', client_id: 'web', refresh_token: String(token) });
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(body['refresh_token'])));
    const good = answers.filter((it) => it.status === 200);
    expect(good).toHaveLength(1);
    expect(await userinfo('rotating', String(good[0]?.body['access_token']))).toBe(401);
    expect((await refresh(good[0]?.body['refresh_token'])).status).toBe(400);
  });
});

describe('a client assertion', () => {
  const assertion = async (more: { aud?: string; exp?: number; jti?: string; iss?: string } = {}) =>
    await new SignJWT({ jti: more.jti ?? crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(more.iss ?? 'signer')
      .setSubject('signer')
      .setAudience(more.aud ?? idp.issuer('assertions'))
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor(now / 1000) + (more.exp ?? 60))
      .sign(signing.privateKey);
  const ask = async (jwt: string) => {
    const type = { client_assertion_type: clientAssertionTypeJwtBearer };
    return await idp.tokenAnswer('assertions', { grant_type: 'client_credentials', ...type, client_assertion: jwt });
  };
  beforeAll(async () => {
    const keys = JSON.stringify({ keys: [await exportJWK(signing.publicKey)] });
    const attributes = { 'use.jwks.string': 'true', 'jwks.string': keys };
    await idp.importRealm({
      realm: 'assertions',
      enabled: true,
      clients: [
        {
          clientId: 'signer',
          clientAuthenticatorType: 'client-jwt',
          serviceAccountsEnabled: true,
          secret: 's',
          attributes,
        },
      ],
    });
  });

  it('is good once', async () => {
    const jwt = await assertion();
    expect((await ask(jwt)).status).toBe(200);
    expect((await ask(jwt)).status).toBe(401);
  });

  it.each([
    ['for somebody else', { aud: 'https://elsewhere.example' }],
    ['expired', { exp: -60 }],
    ['good for a year', { exp: 31_536_000 }],
    ['by another issuer', { iss: 'web' }],
  ])('%s is refused', async (_what, more) => {
    expect((await ask(await assertion(more))).status).toBe(401);
  });

  it('cannot be replaced by the shared secret', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'signer', client_secret: 's' };
    expect((await idp.tokenAnswer('assertions', form)).status).toBe(401);
  });
});

describe('a DPoP proof', () => {
  const proof = async (method: string, url: string, more: Readonly<Record<string, unknown>> = {}) =>
    await new SignJWT({ htm: method, htu: url, jti: crypto.randomUUID(), iat: Math.floor(now / 1000), ...more })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(signing.publicKey) })
      .sign(signing.privateKey);
  const ask = async (dpop: string) => {
    const body = new URLSearchParams({
      grant_type: 'password',
      client_id: 'web',
      username: 'ann',
      password: 'pw',
      scope: 'openid',
    });
    const answer = await fetch(oidc('one', 'token'), { method: 'POST', body, headers: { dpop } });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  };

  it('binds the tokens to its key, and is good once', async () => {
    const sent = await proof('POST', oidc('one', 'token'));
    const { status, body } = await ask(sent);
    expect([status, body['token_type']]).toEqual([200, 'DPoP']);
    const jkt = await calculateJwkThumbprint(
      await exportJWK(await importJWK(await exportJWK(signing.publicKey), 'ES256', { extractable: true })),
    );
    expect(decodeJwt(String(body['access_token']))['cnf']).toEqual({ jkt });
    expect((await ask(sent)).status).toBe(400);
    // Stolen, the token is worth nothing without the key, and no other endpoint takes it as a bearer token.
    const account = await fetch(`${idp.issuer('one')}/account/`, {
      headers: { authorization: `Bearer ${String(body['access_token'])}` },
    });
    expect(account.status).toBe(401);
    expect(await userinfo('one', String(body['access_token']))).toBe(401);
  });

  it.each([
    ['for another method', { htm: 'GET' }],
    ['for another address', { htu: 'https://evil.example/token' }],
    ['of yesterday', { iat: 1 }],
  ])('%s is refused', async (_what, more) => {
    expect(await ask(await proof('POST', oidc('one', 'token'), more))).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    });
  });
});

describe('guessing passwords', () => {
  it('locks the user for a while, and the right password looks like a wrong one meanwhile', async () => {
    const guess = (password: string) =>
      idp.tokenAnswer('guarded', { grant_type: 'password', client_id: 'web', username: 'ann', password });
    const first = await guess('a');
    for (const word of ['b', 'c']) await guess(word);
    expect(await guess('pw')).toEqual(first);
    now += 61_000;
    expect((await guess('pw')).status).toBe(200);
  });
});

describe('introspection', () => {
  it('tells a client nothing of a token that is not meant for it', async () => {
    const { body } = await login('one');
    const form = new URLSearchParams({ token: String(body['access_token']), client_id: 'api', client_secret: 'api' });
    const answer = await fetch(oidc('one', 'token/introspect'), { method: 'POST', body: form });
    expect(await answer.json()).toEqual({ active: false });
  });
});

describe('a pushed request', () => {
  it('needs the client’s secret and may not name another', async () => {
    const push = async (form: Readonly<Record<string, string>>) =>
      await fetch(oidc('one', 'ext/par/request'), { method: 'POST', body: new URLSearchParams(form) });
    expect((await push({ client_id: 'api', response_type: 'code' })).status).toBe(401);
    expect((await push({ client_id: 'api', client_secret: 'api', request_uri: 'x' })).status).toBe(400);
    const good = await push({ client_id: 'api', client_secret: 'api', response_type: 'code' });
    expect(good.status).toBe(201);
    expect(((await good.json()) as { request_uri: string }).request_uri).toMatch(
      /^urn:ietf:params:oauth:request_uri:[\w-]{32}$/,
    );
  });
});

describe('client registration', () => {
  it('is closed to strangers', async () => {
    const answer = await fetch(`${idp.issuer('one')}/clients-registrations/openid-connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://app.example/cb'], grant_types: [grantTypes.authorizationCode] }),
    });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([403, 'insufficient_scope']);
  });
});
