import { createHash } from 'node:crypto';
import { epochMilliseconds } from '@keyturn/protocol';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser } from '../test-browser.ts';
import { addDemo, callback, parameterOf, redeem, signIn, startDemo } from '../test-realm.ts';

let idp: TestIdp;
let now = Date.now();
beforeAll(async () => {
  idp = await startDemo({}, { clock: () => epochMilliseconds(now) });
});
afterAll(() => idp.close());

const freshCode = async (parameters: Readonly<Record<string, string>> = {}): Promise<string> =>
  parameterOf(await signIn(idp, testBrowser(), parameters), 'code');

describe('a code', () => {
  it('becomes tokens in Keycloak’s shape', async () => {
    const { status, body } = await redeem(idp, await freshCode({ nonce: 'n-1', scope: 'openid email' }));
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'access_token',
      'expires_in',
      'refresh_expires_in',
      'refresh_token',
      'token_type',
      'id_token',
      'not-before-policy',
      'session_state',
      'scope',
    ]);
    const access = decodeJwt(String(body['access_token']));
    const id = decodeJwt(String(body['id_token']));
    expect(access.jti).toMatch(/^onrtac:/);
    expect(access['auth_time']).toBeTypeOf('number');
    expect(id['nonce']).toBe('n-1');
    expect(id['sid']).toBe(body['session_state']);
  });

  it('is worth something to one of four racers; the others end what the winner got', async () => {
    const code = await freshCode();
    const racers = await Promise.all([1, 2, 3, 4].map(() => redeem(idp, code)));
    expect(racers.map((it) => it.status).sort()).toEqual([200, 400, 400, 400]);
    const winner = racers.find((it) => it.status === 200)?.body ?? {};
    const userinfo = await fetch(`${idp.issuer('demo')}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${String(winner['access_token'])}` },
    });
    expect(userinfo.status).toBe(401);
  });

  it('ends the client’s session when it comes a second time', async () => {
    const code = await freshCode();
    const { body } = await redeem(idp, code);
    const again = await redeem(idp, code);
    expect([again.status, again.body['error'], again.body['error_description']]).toEqual([
      400,
      'invalid_grant',
      'Code not valid',
    ]);
    const refreshed = await idp.tokenAnswer('demo', {
      grant_type: 'refresh_token',
      client_id: 'app',
      client_secret: 'app-secret',
      refresh_token: String(body['refresh_token']),
    });
    expect(refreshed.body['error_description']).toBe("Session doesn't have required client");
  });

  it('ends nobody’s session when it is made up', async () => {
    const code = await freshCode();
    const { status, body } = await redeem(idp, code);
    expect(status).toBe(200);
    const forged = code.replace(/^[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000');
    expect((await redeem(idp, forged)).status).toBe(400);
    const userinfo = await fetch(`${idp.issuer('demo')}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${String(body['access_token'])}` },
    });
    expect(userinfo.status).toBe(200);
  });

  it.each([
    ['another redirect address', { redirect_uri: `${callback}/other` }, 'Incorrect redirect_uri'],
    ['no redirect address', { redirect_uri: '' }, 'Incorrect redirect_uri'],
    [
      'another client',
      { client_id: 'asks', client_secret: 'asks-secret' },
      'Auth error: Found different client_id in clientSession',
    ],
    [
      'a verifier that nobody asked for',
      { code_verifier: 'a'.repeat(43) },
      'PKCE code verifier specified but challenge not present in authorization',
    ],
  ])('is refused and spent with %s', async (_what, more, description) => {
    const code = await freshCode();
    const refused = await redeem(idp, code, more);
    expect(refused.status).toBe(400);
    expect(refused.body['error_description']).toBe(description);
    expect((await redeem(idp, code)).status).toBe(400);
  });

  it('needs the verifier of its challenge: no downgrade by leaving it out', async () => {
    const verifier = 'v'.repeat(43);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const asked = { code_challenge: challenge, code_challenge_method: 'S256' };
    const description = async (more: Readonly<Record<string, string>>): Promise<unknown> =>
      (await redeem(idp, await freshCode(asked), more)).body['error_description'];
    expect(await description({})).toBe('PKCE code verifier not specified');
    expect(await description({ code_verifier: 'w'.repeat(43) })).toBe('PKCE verification failed: Code mismatch');
    // The challenge itself is what a plain verifier would be.
    expect(await description({ code_verifier: challenge })).toBe('PKCE verification failed: Code mismatch');
    expect(await description({ code_verifier: verifier })).toBeUndefined();
  });

  it('expires after the realm’s accessCodeLifespan', async () => {
    const code = await freshCode();
    now += 60_000;
    expect((await redeem(idp, code)).body['error_description']).toBe('Code not valid');
  });

  it('is worth nothing in another realm', async () => {
    const two = await addDemo(idp);
    const code = await freshCode();
    expect((await redeem(two, code)).status).toBe(400);
    expect((await redeem(idp, code)).status).toBe(200);
  });

  it('dies with the session and the user it came from', async () => {
    const browser = testBrowser();
    const code = parameterOf(await signIn(idp, browser), 'code');
    const page = await browser.get(`${idp.issuer('demo')}/protocol/openid-connect/logout`);
    await browser.submit(page, { confirmLogout: 'Logout' });
    expect((await redeem(idp, code)).body['error_description']).toBe('Session not active');
  });
});
