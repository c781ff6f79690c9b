import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { actionOf, type TestBrowser, testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, callback, demoRealm, parameterOf, redeem, signIn, startDemo } from '../test-realm.ts';

const bye = 'http://localhost:3000/bye';
let idp: TestIdp;
beforeAll(async () => {
  const realm = demoRealm();
  const clients = (realm.clients ?? []).map((it) =>
    it.clientId === 'app' ? { ...it, attributes: { 'post.logout.redirect.uris': `${bye}*##+` } } : it,
  );
  idp = await startDemo({ clients });
});
afterAll(() => idp.close());

interface SignedIn {
  readonly browser: TestBrowser;
  readonly idToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function signedIn(at: TestIdp = idp): Promise<SignedIn> {
  const browser = testBrowser();
  const { body } = await redeem(at, parameterOf(await signIn(at, browser), 'code'));
  return {
    browser,
    idToken: String(body['id_token']),
    accessToken: String(body['access_token']),
    refreshToken: String(body['refresh_token']),
  };
}

const logoutUrl = (parameters: Readonly<Record<string, string>> = {}): string =>
  `${idp.issuer('demo')}/protocol/openid-connect/logout?${new URLSearchParams(parameters).toString()}`;

const isSignedIn = async (browser: TestBrowser): Promise<boolean> =>
  (await browser.get(authorizeUrl(idp, { prompt: 'none' }))).location.includes('code=');

describe('a logout with an ID token', () => {
  it('leads back with the state, ends session and tokens, and can be repeated', async () => {
    const { browser, idToken, refreshToken } = await signedIn();
    const url = logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: bye, state: 'z&z' });
    const done = await browser.get(url);
    expect([done.status, done.location]).toEqual([302, `${bye}?state=z%26z`]);
    expect(done.setCookies).toEqual([
      'KEYCLOAK_IDENTITY=;Version=1;Path=/realms/demo/;Max-Age=0',
      'KEYCLOAK_SESSION=;Version=1;Path=/realms/demo/;Max-Age=0',
    ]);
    expect(await isSignedIn(browser)).toBe(false);
    const refreshed = await idp.tokenAnswer('demo', {
      grant_type: 'refresh_token',
      client_id: 'app',
      client_secret: 'app-secret',
      refresh_token: refreshToken,
    });
    expect(refreshed.body['error_description']).toBe('Session not active');
    expect((await browser.get(url)).status).toBe(302);
  });

  it('ends the session that the token names, never another that the cookie happens to hold', async () => {
    const first = await signedIn();
    const second = await signedIn();
    const done = await second.browser.get(logoutUrl({ id_token_hint: first.idToken }));
    expect(done.setCookies).toEqual([]);
    expect(await isSignedIn(second.browser)).toBe(true);
    expect(await isSignedIn(first.browser)).toBe(false);
  });

  it.each(['access', 'refresh', 'garbage', 'unsigned'])('is refused with a token that is none: %s', async (kind) => {
    const { browser, idToken, accessToken, refreshToken } = await signedIn();
    const [, payload] = idToken.split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const hints: Readonly<Record<string, string>> = {
      access: accessToken,
      refresh: refreshToken,
      garbage: 'x',
      unsigned,
    };
    const answer = await browser.get(logoutUrl({ id_token_hint: hints[kind] ?? '', post_logout_redirect_uri: bye }));
    expect(answer.status).toBe(400);
    expect(textOfPage(answer)).toContain('Invalid parameter: id_token_hint');
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is refused with an ID token of another client than the one named, or of another realm', async () => {
    const { browser, idToken } = await signedIn();
    expect((await browser.get(logoutUrl({ id_token_hint: idToken, client_id: 'spa' }))).status).toBe(400);
    const other = await addDemo(idp);
    const foreign = await signedIn(other);
    expect((await browser.get(logoutUrl({ id_token_hint: foreign.idToken }))).status).toBe(400);
  });
});

describe('an open redirect at logout', () => {
  it.each([
    'http://evil.example.com/',
    'http://localhost:3000.evil.com/bye',
    'http://localhost:3000/bye/../../evil',
    'http://localhost:3000@evil.com/bye',
    '//evil.com',
    'javascript:alert(1)',
    'http://localhost:3000/bye\\@evil.com',
  ])('is not to be had: %s', async (address) => {
    const { browser, idToken } = await signedIn();
    const answer = await browser.get(logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: address }));
    expect([answer.status, answer.location]).toEqual([400, '']);
    expect(textOfPage(answer)).toContain('Invalid redirect uri');
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is not to be had without anybody to vouch for the address', async () => {
    const { browser } = await signedIn();
    const answer = await browser.get(logoutUrl({ post_logout_redirect_uri: bye }));
    expect(answer.status).toBe(400);
    expect(textOfPage(answer)).toContain('Missing parameters: id_token_hint');
  });

  it('leaves the client’s own redirect addresses, where it names no others', async () => {
    const { browser, idToken } = await signedIn();
    const done = await browser.get(logoutUrl({ id_token_hint: idToken, post_logout_redirect_uri: callback }));
    expect(done.location).toBe(callback);
  });
});

describe('a logout without an ID token', () => {
  it('asks first, and then leads back', async () => {
    const { browser } = await signedIn();
    const asked = await browser.get(logoutUrl({ client_id: 'app', post_logout_redirect_uri: bye, state: 'zz' }));
    expect(asked.status).toBe(200);
    expect(textOfPage(asked)).toContain('Do you want to log out?');
    expect(asked.html).toContain(
      'action="/realms/demo/protocol/openid-connect/logout/logout-confirm?client_id=app&amp;tab_id=',
    );
    expect(asked.html).toContain('name="confirmLogout" id="kc-logout"');
    expect(await isSignedIn(browser)).toBe(true);
    const done = await browser.submit(asked, { confirmLogout: 'Logout' });
    expect(done.location).toBe(`${bye}?state=zz`);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('cannot be confirmed from another browser or site', async () => {
    const { browser } = await signedIn();
    const attacker = testBrowser();
    const asked = await attacker.get(logoutUrl());
    const code = /name="session_code" value="([^"]+)"/.exec(asked.html)?.[1] ?? '';
    const forged = await browser.post(actionOf(asked), { session_code: code, confirmLogout: 'Logout' });
    expect(forged.status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe('a logout by refresh token', () => {
  const logout = (fields: Readonly<Record<string, string>>) =>
    testBrowser().post(`${idp.issuer('demo')}/protocol/openid-connect/logout`, {
      client_id: 'app',
      client_secret: 'app-secret',
      ...fields,
    });

  it('ends the session, and is no error when that is gone already', async () => {
    const { browser, refreshToken } = await signedIn();
    expect((await logout({ refresh_token: refreshToken })).status).toBe(204);
    expect(await isSignedIn(browser)).toBe(false);
    expect((await logout({ refresh_token: refreshToken })).status).toBe(204);
  });

  it('wants the client that the token was made for, and its secret', async () => {
    const { browser, refreshToken } = await signedIn();
    expect((await logout({ refresh_token: refreshToken, client_secret: 'x' })).status).toBe(401);
    const other = { client_id: 'asks', client_secret: 'asks-secret' };
    expect((await logout({ refresh_token: refreshToken, ...other })).status).toBe(400);
    expect((await logout({ refresh_token: 'garbage' })).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe('a back-channel logout', () => {
  it('tells the client with a signed logout token that lives two minutes', async () => {
    const heard = Promise.withResolvers<string>();
    const listener = createServer((request, response) => {
      void text(request).then((body) => heard.resolve(body));
      response.end();
    });
    await new Promise<void>((done) => void listener.listen(0, '127.0.0.1', done));
    const { port } = listener.address() as AddressInfo;
    try {
      const clients = [
        {
          clientId: 'app',
          secret: 'app-secret',
          redirectUris: [callback],
          attributes: {
            'backchannel.logout.url': `http://127.0.0.1:${port}/bcl`,
            'backchannel.logout.session.required': 'true',
          },
        },
      ];
      const told = await addDemo(idp, { clients });
      const { browser, idToken } = await signedIn(told);
      await browser.get(`${told.issuer('demo')}/protocol/openid-connect/logout?id_token_hint=${idToken}`);
      const form = new URLSearchParams(await heard.promise);
      expect([...form.keys()]).toEqual(['logout_token']);
      const keys = createRemoteJWKSet(new URL(`${told.issuer('demo')}/protocol/openid-connect/certs`));
      const { payload, protectedHeader } = await jwtVerify(form.get('logout_token') ?? '', keys, {
        issuer: told.issuer('demo'),
        audience: 'app',
        typ: 'logout+jwt',
      });
      expect(Object.keys(protectedHeader)).toEqual(['alg', 'typ', 'kid']);
      expect(Object.keys(payload)).toEqual(['exp', 'iat', 'jti', 'iss', 'aud', 'sub', 'typ', 'sid', 'events']);
      expect(Number(payload.exp) - Number(payload.iat)).toBe(120);
      expect(payload['typ']).toBe('Logout');
      expect(payload['events']).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} });
    } finally {
      listener.close();
    }
  });

  it('that does not get through keeps nobody from logging out', async () => {
    const dead = { 'backchannel.logout.url': 'http://169.254.169.254/latest/meta-data' };
    const told = await addDemo(idp, {
      clients: [{ clientId: 'app', secret: 'app-secret', redirectUris: [callback], attributes: dead }],
    });
    const { browser, idToken } = await signedIn(told);
    const done = await browser.get(`${told.issuer('demo')}/protocol/openid-connect/logout?id_token_hint=${idToken}`);
    expect(textOfPage(done)).toContain('You are logged out');
  });
});

describe('a front-channel logout', () => {
  it('loads the applications’ own logout addresses, and then goes on', async () => {
    const told = await addDemo(idp, {
      clients: [
        {
          clientId: 'app',
          secret: 'app-secret',
          redirectUris: [callback],
          frontchannelLogout: true,
          attributes: { 'frontchannel.logout.url': 'http://localhost:3000/out?x=1' },
        },
      ],
    });
    const { browser, idToken } = await signedIn(told);
    const query = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: callback });
    const page = await browser.get(`${told.issuer('demo')}/protocol/openid-connect/logout?${query.toString()}`);
    expect(page.status).toBe(200);
    const frame = new URL(/<iframe src="([^"]+)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? '');
    expect(frame.origin + frame.pathname).toBe('http://localhost:3000/out');
    expect(frame.searchParams.get('iss')).toBe(told.issuer('demo'));
    expect(frame.searchParams.get('sid')).not.toBe('');
    expect(page.html).toContain(`<meta http-equiv="refresh" content="2;url=${callback}">`);
    expect(page.headers['content-security-policy']).toContain('; frame-src http://localhost:3000');
  });
});
