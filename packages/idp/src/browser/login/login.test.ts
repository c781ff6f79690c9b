import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { actionOf, testBrowser, textOfPage } from '../test-browser.ts';
import { authorizeUrl, callback, parameterOf, redeem, signIn, startDemo } from '../test-realm.ts';

let idp: TestIdp;
beforeAll(async () => {
  idp = await startDemo({ rememberMe: true });
});
afterAll(() => idp.close());

describe('the login page', () => {
  it('has Keycloak’s form, fields and address, and sets Keycloak’s cookies', async () => {
    const page = await testBrowser().get(authorizeUrl(idp));
    expect(page.status).toBe(200);
    expect(page.html).toContain('<form id="kc-form-login"');
    const names = [...page.html.matchAll(/<(?:input|button)[^>]*\sname="([^"]+)"/g)].map((it) => it[1]);
    expect(names).toEqual(['username', 'password', 'rememberMe', 'credentialId', 'login']);
    const action = new URL(actionOf(page));
    expect(action.href).toMatch(`${idp.issuer('demo')}/login-actions/authenticate?session_code=`);
    expect([...action.searchParams.keys()]).toEqual([
      'session_code',
      'execution',
      'client_id',
      'tab_id',
      'client_data',
    ]);
    expect(page.setCookies.map((it) => it.replace(/=[^;]*/, '=v'))).toEqual([
      'AUTH_SESSION_ID=v;Version=1;Path=/realms/demo/;Secure;HttpOnly;SameSite=None',
      'KC_AUTH_SESSION_HASH=v;Version=1;Path=/realms/demo/;Max-Age=60;Secure;SameSite=None',
      'KC_RESTART=v;Version=1;Path=/realms/demo/;Secure;HttpOnly;SameSite=None',
    ]);
  });

  it('sets cookies that a browser keeps over plain http too, where it trusts the host no more than that', async () => {
    const page = await testBrowser().get(authorizeUrl(idp), { host: 'keycloak:8080' });
    expect(page.setCookies.map((it) => it.replace(/=[^;]*/, '=v'))).toEqual([
      'AUTH_SESSION_ID=v;Version=1;Path=/realms/demo/;HttpOnly;SameSite=Lax',
      'KC_AUTH_SESSION_HASH=v;Version=1;Path=/realms/demo/;Max-Age=60;SameSite=Lax',
      'KC_RESTART=v;Version=1;Path=/realms/demo/;HttpOnly;SameSite=Lax',
    ]);
    expect(actionOf(page)).toMatch(/^http:\/\/keycloak:8080\/realms\/demo\/login-actions\//);
  });

  it('may neither be framed nor cached, runs no script and tells nobody where it is', async () => {
    const { headers, html } = await testBrowser().get(authorizeUrl(idp));
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cache-control']).toContain('no-store');
    expect(html).not.toContain('<script');
  });

  it('can be used by ear, by keyboard and on a phone', async () => {
    const browser = testBrowser();
    const failed = await browser.submit(await browser.get(authorizeUrl(idp)), { username: 'ada', password: 'no' });
    expect(failed.html).toContain('<html lang="en">');
    expect(failed.html).toContain('name="viewport"');
    expect(failed.html).toMatch(/role="alert"><span id="input-error">Invalid username or password\./);
    for (const name of ['username', 'password']) {
      expect(failed.html).toContain(`<label for="${name}">`);
      expect(failed.html).toMatch(
        new RegExp(`<input id="${name}"[^>]*aria-invalid="true" aria-describedby="input-error"`),
      );
    }
  });

  it('shows what clients and people send as text only', async () => {
    const hostile = '"><script>alert(1)</script>';
    const browser = testBrowser();
    const page = await browser.get(authorizeUrl(idp, { login_hint: hostile, state: hostile }));
    expect(page.html).not.toContain('<script');
    expect(page.html).toContain('&quot;&gt;&lt;script&gt;');
    const again = await browser.submit(page, { username: hostile, password: 'x' });
    expect(again.html).not.toContain('<script');
  });

  it('keeps the user name of a login hint for the person to confirm', async () => {
    const page = await testBrowser().get(authorizeUrl(idp, { login_hint: 'ada' }));
    expect(page.html).toMatch(/<input id="username"[^>]*value="ada"/);
  });
});

describe('a right password', () => {
  it('is answered with the client’s redirect itself, in Keycloak’s order, and signs the browser in', async () => {
    const browser = testBrowser();
    const done = await signIn(idp, browser);
    expect(done.status).toBe(302);
    const url = new URL(done.location);
    expect(url.origin + url.pathname).toBe(callback);
    expect([...url.searchParams.keys()]).toEqual(['state', 'session_state', 'iss', 'code']);
    expect(url.searchParams.get('iss')).toBe(idp.issuer('demo'));
    expect(url.searchParams.get('code')).toMatch(/^[0-9a-f-]{36}\.[\w-]{24}\.[0-9a-f-]{36}$/);
    expect(done.setCookies.map((it) => it.replace(/=[^;]*/, '=v'))).toEqual([
      'KC_RESTART=v;Version=1;Path=/realms/demo/;Max-Age=0',
      'KEYCLOAK_IDENTITY=v;Version=1;Path=/realms/demo/;Secure;HttpOnly;SameSite=None',
      'KEYCLOAK_SESSION=v;Version=1;Path=/realms/demo/;Max-Age=36000;Secure;SameSite=None',
    ]);
    expect([...browser.cookies.keys()]).toEqual([
      'AUTH_SESSION_ID',
      'KC_AUTH_SESSION_HASH',
      'KEYCLOAK_IDENTITY',
      'KEYCLOAK_SESSION',
    ]);
  });

  it('may be given with the e-mail address for a name', async () => {
    const done = await signIn(idp, testBrowser(), {}, { username: 'Ada@Example.com', password: 'ada-pw' });
    expect(done.status).toBe(302);
  });

  it('makes the session outlive the browser only if the person asked for that', async () => {
    const browser = testBrowser();
    const page = await browser.get(authorizeUrl(idp));
    const done = await browser.submit(page, { username: 'ada', password: 'ada-pw', rememberMe: 'on' });
    expect(done.setCookies.find((it) => it.startsWith('KEYCLOAK_IDENTITY='))).toContain('Max-Age=36000');
  });
});

describe('a wrong password', () => {
  it('is answered with the page again, and the same words as an unknown name', async () => {
    const texts = [];
    for (const username of ['ada', 'nobody', '']) {
      const browser = testBrowser();
      const page = await browser.submit(await browser.get(authorizeUrl(idp)), { username, password: 'no' });
      expect(page.status).toBe(200);
      expect(browser.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
      texts.push(textOfPage(page));
    }
    expect(new Set(texts).size).toBe(1);
  });
});

describe('a browser that is signed in', () => {
  it('gets a code at once for another request', async () => {
    const browser = testBrowser();
    const first = await signIn(idp, browser);
    const second = await browser.get(authorizeUrl(idp, { state: 'again' }));
    expect(second.status).toBe(302);
    expect(parameterOf(second, 'session_state')).toBe(parameterOf(first, 'session_state'));
    expect(parameterOf(second, 'code')).not.toBe(parameterOf(first, 'code'));
  });

  it('shows in its tokens whether somebody typed a password for this client, as Keycloak’s acr does', async () => {
    const browser = testBrowser();
    const acrOf = async (parameters: Readonly<Record<string, string>>): Promise<unknown> => {
      const code = parameterOf(await signIn(idp, browser, parameters, { username: 'ada', password: 'ada-pw' }), 'code');
      return decodeJwt(String((await redeem(idp, code)).body['id_token']))['acr'];
    };
    expect(await acrOf({})).toBe('1');
    expect(await acrOf({})).toBe('0');
    expect(await acrOf({ prompt: 'login' })).toBe('1');
  });

  it('is asked for the password again by prompt=login and max_age=0, and stays in its session', async () => {
    for (const asked of [{ prompt: 'login' }, { max_age: '0' }]) {
      const browser = testBrowser();
      const first = await signIn(idp, browser);
      const page = await browser.get(authorizeUrl(idp, asked));
      expect(page.status).toBe(200);
      expect(page.html).not.toContain('name="username"');
      expect(textOfPage(page)).toContain('ada');
      const done = await browser.submit(page, { password: 'ada-pw' });
      expect(parameterOf(done, 'session_state')).toBe(parameterOf(first, 'session_state'));
    }
  });

  it('can go on as somebody else when asked again, which ends the first session', async () => {
    const browser = testBrowser();
    const first = await signIn(idp, browser);
    const asked = await browser.get(authorizeUrl(idp, { prompt: 'login' }));
    const restart = /id="reset-login" href="([^"]+)"/.exec(asked.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const page = await browser.get(restart);
    const done = await browser.submit(page, { username: 'bob', password: 'bob-pw' });
    expect(parameterOf(done, 'session_state')).not.toBe(parameterOf(first, 'session_state'));
    expect((await redeem(idp, parameterOf(first, 'code'))).status).toBe(400);
  });

  it('gives a client that expects somebody else no code for whoever is there', async () => {
    const ada = testBrowser();
    const { body } = await redeem(idp, parameterOf(await signIn(idp, ada), 'code'));
    const hint = { prompt: 'none', id_token_hint: String(body['id_token']) };
    expect(parameterOf(await ada.get(authorizeUrl(idp, hint)), 'code')).not.toBe('');
    const bob = testBrowser();
    await signIn(idp, bob, {}, { username: 'bob', password: 'bob-pw' });
    expect(parameterOf(await bob.get(authorizeUrl(idp, hint)), 'error')).toBe('login_required');
  });

  it('answers prompt=none with a code, and a browser that is not with login_required', async () => {
    const browser = testBrowser();
    await signIn(idp, browser);
    expect(parameterOf(await browser.get(authorizeUrl(idp, { prompt: 'none' })), 'code')).not.toBe('');
    const stranger = await testBrowser().get(authorizeUrl(idp, { prompt: 'none' }));
    expect(stranger.location).toBe(
      `${callback}?error=login_required&state=st&iss=${encodeURIComponent(idp.issuer('demo'))}`,
    );
    expect(stranger.setCookies).toEqual([]);
  });
});

describe('a login that is gone', () => {
  it('begins again from the browser’s own cookie, without looking at the password', async () => {
    const browser = testBrowser();
    const page = await browser.get(authorizeUrl(idp));
    const form = new URL(actionOf(page));
    form.searchParams.set('tab_id', 'gone');
    const again = await browser.post(form.href, { username: 'ada', password: 'ada-pw' });
    expect(again.status).toBe(200);
    expect(textOfPage(again)).toContain('Login will start from the beginning');
    expect(browser.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
    const done = await browser.submit(again, { username: 'ada', password: 'ada-pw' });
    expect(parameterOf(done, 'state')).toBe('st');
  });

  it('says so to a browser without cookies', async () => {
    const page = await testBrowser().get(authorizeUrl(idp));
    const other = await testBrowser().post(actionOf(page), { username: 'ada', password: 'ada-pw' });
    expect(other.status).toBe(400);
    expect(textOfPage(other)).toContain('Restart login cookie not found');
  });
});
