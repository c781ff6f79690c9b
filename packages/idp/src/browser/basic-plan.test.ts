import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { epochMilliseconds } from '@keyturn/protocol';
import type { TestIdp } from '../testing/index.ts';
import { testBrowser, textOfPage } from './test-browser.ts';
import { authorizeUrl, callback, demoRealm, parameterOf, redeem, signIn, startDemo, withCode } from './test-realm.ts';

// What the 35 modules of the OpenID Foundation's basic certification plan look at, by their names. The suite itself is
// a Java service that no registry offers; request objects (three more modules) are in authorize/request-object.test.ts.
let idp: TestIdp;
let now = Date.UTC(2030, 0, 1);
beforeAll(async () => {
  const users = demoRealm().users ?? [];
  const more = { phoneNumber: ['+44 1'], street: ['1 High St'], locality: ['London'], country: ['UK'] };
  idp = await startDemo(
    { users: users.map((it) => ({ ...it, attributes: more })) },
    { clock: () => epochMilliseconds(now) },
  );
  const token = await idp.adminToken();
  // Attributes beyond the profile are kept only where the realm says so.
  await fetch(`${idp.url}/admin/realms/demo/users/profile`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      attributes: [{ name: 'username' }, { name: 'email' }],
      unmanagedAttributePolicy: 'ENABLED',
    }),
  });
});
afterAll(() => idp.close());

type Tokens = Readonly<Record<'access_token' | 'id_token' | 'refresh_token', string>>;
const login = async (parameters: Readonly<Record<string, string>> = {}, browser = testBrowser()): Promise<Tokens> => {
  const { status, body } = await redeem(idp, parameterOf(await signIn(idp, browser, parameters), 'code'));
  expect(status).toBe(200);
  return body as Tokens;
};
const userinfo = async (init: RequestInit): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await fetch(`${idp.issuer('demo')}/protocol/openid-connect/userinfo`, init);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Readonly<Record<string, unknown>>;
};
const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

describe('the basic plan', () => {
  it('server: an ID token with the claims that it must have, and at_hash of the access token', async () => {
    const tokens = await login({ nonce: 'n-1' });
    const claims = decodeJwt(tokens.id_token);
    expect(claims).toMatchObject({ iss: idp.issuer('demo'), aud: 'app', azp: 'app', nonce: 'n-1', typ: 'ID' });
    expect(claims.sub).toMatch(/^[\x21-\x7e]{1,255}$/);
    expect(Number(claims.exp)).toBeGreaterThan(Number(claims.iat));
    const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16).toString('base64url');
    expect(claims['at_hash']).toBe(half);
  });

  it('response-type-missing: an error that leads back', async () => {
    const page = await testBrowser().get(authorizeUrl(idp).replace('response_type=code&', ''));
    expect(parameterOf(page, 'error')).toBe('invalid_request');
    expect(parameterOf(page, 'state')).toBe('st');
  });

  it('userinfo-get, -post-header, -post-body: the same answer each way', async () => {
    const { access_token } = await login();
    const answers = [
      await userinfo(bearer(access_token)),
      await userinfo({ method: 'POST', ...bearer(access_token) }),
      await userinfo({ method: 'POST', body: new URLSearchParams({ access_token }) }),
    ];
    expect(new Set(answers.map((it) => JSON.stringify(it))).size).toBe(1);
    expect(answers[0]?.['sub']).toBe(decodeJwt(access_token).sub);
  });

  it('ensure-request-without-nonce-succeeds: and the ID token then has none', async () => {
    expect(decodeJwt((await login()).id_token)).not.toHaveProperty('nonce');
  });

  it.each([
    ['openid profile', ['name', 'given_name', 'family_name', 'preferred_username']],
    ['openid email', ['email', 'email_verified']],
    ['openid address', ['address']],
    ['openid phone', ['phone_number']],
    ['openid profile email address phone', ['name', 'email', 'address', 'phone_number']],
    ['phone email openid', ['email', 'phone_number']],
  ])('scope-*, other-scope-order: %s gives its claims at userinfo', async (scope, claims) => {
    const answer = await userinfo(bearer((await login({ scope })).access_token));
    expect(Object.keys(answer)).toEqual(expect.arrayContaining(claims));
  });

  it('scope-address: one object with the members of the standard', async () => {
    const { address } = await userinfo(bearer((await login({ scope: 'openid address' })).access_token));
    expect(address).toMatchObject({ street_address: '1 High St', locality: 'London', country: 'UK' });
  });

  it.each([
    ['display-page', { display: 'page' }],
    ['display-popup', { display: 'popup' }],
    ['unknown-parameter', { extra: 'foobar' }],
    ['ui-locales', { ui_locales: 'se fr xx' }],
    ['claims-locales', { claims_locales: 'se' }],
    ['acr-values', { acr_values: '1 2' }],
    ['claims-essential', { claims: '{"userinfo":{"name":{"essential":true}},"id_token":{"name":null}}' }],
  ] as const)('%s: is no hindrance', async (_module, parameters) => {
    const tokens = await login(parameters);
    expect(decodeJwt(tokens.id_token)).toMatchObject({ name: 'Ada Lovelace', acr: '1' });
    expect(await userinfo(bearer(tokens.access_token))).toMatchObject({ name: 'Ada Lovelace' });
  });

  it('prompt-login: asks again, and says when', async () => {
    const browser = testBrowser();
    const first = decodeJwt((await login({}, browser)).id_token);
    now += 5000;
    const again = await signIn(idp, browser, { prompt: 'login' });
    const second = decodeJwt(String((await redeem(idp, parameterOf(again, 'code'))).body['id_token']));
    expect(second.sub).toBe(first.sub);
    expect(second['auth_time']).toBe(Number(first['auth_time']) + 5);
  });

  it('prompt-none-not-logged-in, -logged-in: an error, or a code without a page', async () => {
    const browser = testBrowser();
    const none = authorizeUrl(idp, { prompt: 'none' });
    expect(parameterOf(await browser.get(none), 'error')).toBe('login_required');
    const { id_token } = await login({}, browser);
    const silent = await redeem(idp, parameterOf(await browser.get(none), 'code'));
    const claims = decodeJwt(String(silent.body['id_token']));
    expect([claims.sub, claims['auth_time']]).toEqual([decodeJwt(id_token).sub, decodeJwt(id_token)['auth_time']]);
  });

  it('max-age-1, max-age-10000: asks again only when the login is older', async () => {
    const browser = testBrowser();
    const first = decodeJwt((await login({ max_age: '10000' }, browser)).id_token);
    now += 2000;
    expect((await browser.get(authorizeUrl(idp, { max_age: '10000' }))).location).toMatch(withCode);
    const again = await signIn(idp, browser, { max_age: '1' });
    const second = decodeJwt(String((await redeem(idp, parameterOf(again, 'code'))).body['id_token']));
    expect(Number(second['auth_time'])).toBe(Number(first['auth_time']) + 2);
  });

  it('id-token-hint: with prompt=none, a code for that person', async () => {
    const browser = testBrowser();
    const { id_token } = await login({}, browser);
    const page = await browser.get(authorizeUrl(idp, { prompt: 'none', id_token_hint: id_token }));
    expect(page.location).toMatch(withCode);
  });

  it('login-hint: stands in the form', async () => {
    const page = await testBrowser().get(authorizeUrl(idp, { login_hint: 'ada@example.com' }));
    expect(page.html).toMatch(/name="username"[^>]*value="ada@example\.com"/);
  });

  it('codereuse, codereuse-30seconds: refused, and what the first use gave is dead', async () => {
    for (const wait of [0, 30_000]) {
      const code = parameterOf(await signIn(idp), 'code');
      const first = await redeem(idp, code);
      now += wait;
      expect((await redeem(idp, code)).body['error']).toBe('invalid_grant');
      const answer = await fetch(
        `${idp.issuer('demo')}/protocol/openid-connect/userinfo`,
        bearer(String(first.body['access_token'])),
      );
      expect(answer.status).toBe(401);
    }
  });

  it('ensure-registered-redirect-uri: a page, never a redirect', async () => {
    const page = await testBrowser().get(authorizeUrl(idp, { redirect_uri: `${callback}/other` }));
    expect([page.status, page.location]).toEqual([400, '']);
    expect(textOfPage(page)).toContain('Invalid parameter: redirect_uri');
  });

  it('server-client-secret-post, and basic: either proves the client', async () => {
    const code = async (): Promise<string> => parameterOf(await signIn(idp), 'code');
    const post = async (form: Record<string, string>, headers: Record<string, string> = {}): Promise<number> =>
      (
        await fetch(`${idp.issuer('demo')}/protocol/openid-connect/token`, {
          method: 'POST',
          headers,
          body: new URLSearchParams({ grant_type: 'authorization_code', redirect_uri: callback, ...form }),
        })
      ).status;
    const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`app:${secret}`).toString('base64')}` });
    expect(await post({ code: await code(), client_id: 'app', client_secret: 'app-secret' })).toBe(200);
    expect(await post({ code: await code() }, basic('app-secret'))).toBe(200);
    expect(await post({ code: await code() }, basic('wrong'))).toBe(401);
    expect(await post({ code: await code(), client_id: 'app' })).toBe(401);
  });

  it('refresh-token: the same person and login, a new access token, and no wider scope', async () => {
    const tokens = await login({ scope: 'openid email' });
    now += 1000;
    const form = { grant_type: 'refresh_token', client_id: 'app', client_secret: 'app-secret' };
    const { body } = await idp.tokenAnswer('demo', { ...form, refresh_token: tokens.refresh_token });
    expect(body['access_token']).not.toBe(tokens.access_token);
    const [before, after] = [decodeJwt(tokens.id_token), decodeJwt(String(body['id_token']))];
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'azp']) expect(after[claim]).toEqual(before[claim]);
    const other = { grant_type: 'refresh_token', client_id: 'spa', refresh_token: tokens.refresh_token };
    expect((await idp.tokenAnswer('demo', other)).body['error']).toBe('invalid_grant');
  });

  it('ensure-request-with-valid-pkce-succeeds', async () => {
    const verifier = 'v'.repeat(43);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const page = await signIn(idp, testBrowser(), { code_challenge: challenge, code_challenge_method: 'S256' });
    expect((await redeem(idp, parameterOf(page, 'code'), { code_verifier: verifier })).status).toBe(200);
  });
});
