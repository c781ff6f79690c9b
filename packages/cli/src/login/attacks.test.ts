import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoginHouse, openLoginHouse, publicUrl } from './open-login-house.ts';
import type { Shown, TestBrowser } from './test-browser.ts';

let house: LoginHouse;
beforeAll(async () => {
  house = await openLoginHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const cookieOf = (browser: TestBrowser): string =>
  [...browser.cookies('keyturn.test')].map(([name, value]) => `${name}=${value}`).join('; ');

/** Logs in at the identity provider and stops before its answer reaches Keyturn: gives that answer's address. */
async function answerFor(username: string, browser: TestBrowser, start = '/login'): Promise<URL> {
  const begun = await browser.step(`${publicUrl}${start}`);
  const form = await browser.step(begun.next ?? '');
  const action = /<form[^>]*action="([^"]+)"/.exec(form.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
  const body = new URLSearchParams({ username, password: username, credentialId: '' }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answered = await browser.step(action, { method: 'POST', body, headers });
  return new URL(answered.next ?? '');
}

const isLoggedIn = (browser: TestBrowser): boolean => browser.cookies('keyturn.test').has('__Host-keyturn_session');
/** What a page says if it refuses. */
const refusal = (page: Shown): string => (page.status >= 400 ? page.html : `not refused: ${page.status} ${page.url}`);

describe('a mix-up', () => {
  it('of authorization servers is noticed: the answer names another issuer, or none', async () => {
    for (const iss of ['https://evil.example/realms/people', undefined]) {
      const browser = house.browser();
      const answer = await answerFor('john', browser);
      if (iss === undefined) answer.searchParams.delete('iss');
      else answer.searchParams.set('iss', iss);
      expect(refusal(await browser.visit(answer.href))).toContain('not one to be trusted');
      expect(isLoggedIn(browser)).toBe(false);
    }
  });
});

describe('a code', () => {
  it('of another login does not work in mine: PKCE and nonce belong to the browser that began', async () => {
    const [attacker, victim] = [house.browser(), house.browser()];
    const stolen = await answerFor('john', victim);
    const mine = await answerFor('jane', attacker);
    mine.searchParams.set('code', stolen.searchParams.get('code') ?? '');
    expect(refusal(await attacker.visit(mine.href))).toContain('The identity provider said no');
    expect(isLoggedIn(attacker)).toBe(false);
  });

  it('works once: a second time even the first session of it is over at the identity provider', async () => {
    const browser = house.browser();
    const answer = await answerFor('john', browser);
    expect((await browser.visit(answer.href)).status).toBe(200);
    expect(refusal(await browser.visit(answer.href))).toContain('no longer counts');
  });

  it('of another client is not redeemed', async () => {
    const browser = house.browser();
    const begun = await browser.step(`${publicUrl}/login`);
    const at = new URL(begun.next ?? '');
    at.searchParams.set('client_id', 'elsewhere');
    const form = await browser.step(at.href);
    const action = /<form[^>]*action="([^"]+)"/.exec(form.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const answered = await browser.step(action, {
      method: 'POST',
      body: new URLSearchParams({ username: 'john', password: 'john', credentialId: '' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(refusal(await browser.visit(answered.next ?? ''))).toContain('The identity provider said no');
  });
});

describe('a state', () => {
  it('of another browser is refused: nobody is logged in as the attacker by a link', async () => {
    const [attacker, victim] = [house.browser(), house.browser()];
    const link = await answerFor('jane', attacker);
    await victim.step(`${publicUrl}/login`);
    expect(refusal(await victim.visit(link.href))).toContain('another browser');
    expect(refusal(await house.browser().visit(link.href))).toContain('no longer counts');
    expect(isLoggedIn(victim)).toBe(false);
  });

  it('that was never given, is missing, or comes twice is refused', async () => {
    const browser = house.browser();
    const answer = await answerFor('john', browser);
    for (const states of [['x'.repeat(43)], [], ['a', answer.searchParams.get('state') ?? '']]) {
      const changed = new URL(answer.href);
      changed.searchParams.delete('state');
      for (const state of states) changed.searchParams.append('state', state);
      expect(refusal(await browser.visit(changed.href))).toContain('no longer counts');
    }
  });

  it('is worth nothing after ten minutes', async () => {
    const browser = house.browser();
    const begun = await browser.step(`${publicUrl}/login`);
    const state = new URL(begun.next ?? '').searchParams.get('state') ?? '';
    house.advance(601);
    expect(
      refusal(await browser.visit(`${publicUrl}/login/callback?state=${state}&code=x&iss=${house.issuer}`)),
    ).toContain('no longer counts');
  });
});

describe('a nonce', () => {
  it('that was changed on the way to the identity provider makes the ID token worthless', async () => {
    const browser = house.browser();
    const begun = await browser.step(`${publicUrl}/login`);
    const at = new URL(begun.next ?? '');
    at.searchParams.set('nonce', 'swapped');
    const form = await browser.visit(at.href);
    const page = await browser.submit(form, /login-actions/, { username: 'john', password: 'john' });
    expect(refusal(page)).toContain('not one to be trusted');
    expect(isLoggedIn(browser)).toBe(false);
  });
});

describe('session fixation', () => {
  it('does not work: a planted cookie is not the session after the login, and is no session before', async () => {
    const browser = house.browser();
    const planted = 'A'.repeat(43);
    browser.cookies('keyturn.test').set('__Host-keyturn_session', planted);
    await house.logIn('john', { browser });
    expect(cookieOf(browser)).not.toContain(planted);
    const reply = await house.ask('GET', '/api/v1/tools', { headers: { cookie: `__Host-keyturn_session=${planted}` } });
    expect(reply.body).toMatchObject({ status: 401, code: 'session_ended' });
  });

  it('with a living session of the attacker ends that session', async () => {
    const attacker = await house.logIn('jane');
    const planted = cookieOf(attacker.browser);
    const victim = house.browser();
    victim.cookies('keyturn.test').set('__Host-keyturn_session', planted.split('=')[1] ?? '');
    await house.logIn('john', { browser: victim });
    expect((await house.ask('GET', '/api/v1/tools', { headers: { cookie: planted } })).status).toBe(401);
  });
});

describe('cookie tossing', () => {
  it('is refused: of two cookies of the name neither counts, wherever the planted one stands', async () => {
    const { browser } = await house.logIn('john');
    const own = cookieOf(browser);
    const attacker = cookieOf((await house.logIn('jane')).browser);
    for (const cookie of [`${attacker}; ${own}`, `${own}; ${attacker}`]) {
      const reply = await house.ask('GET', '/api/v1/tools', { headers: { cookie } });
      expect(reply.body).toMatchObject({ status: 401, code: 'session_ended' });
    }
  });

  it('under the name without the prefix, which a neighbour could set, has no effect', async () => {
    const { browser } = await house.logIn('john');
    const secret = cookieOf(browser).split('=')[1] ?? '';
    const reply = await house.ask('GET', '/api/v1/tools', { headers: { cookie: `keyturn_session=${secret}` } });
    expect(reply.status).toBe(401);
  });
});

describe('an open redirect', () => {
  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/..//evil.example',
    '/%0d%0aLocation:%20https://evil.example'.replaceAll('%0d%0a', '\r\n'),
    'javascript:alert(1)',
    '/login?returnTo=//evil.example',
    `/${'x'.repeat(3000)}`,
  ])('to %j leads to the start page', async (to) => {
    const { page } = await house.logIn('john', { at: `/login?returnTo=${encodeURIComponent(to)}` });
    expect(new URL(page.url).origin).toBe(publicUrl);
    expect(new URL(page.url).pathname).toBe('/');
  });
});

describe('a forged request', () => {
  const send = (cookie: string, headers: Record<string, string>, method = 'DELETE', path = '/api/v1/sessions') =>
    house.ask(method, path, { headers: { cookie, ...headers } });

  it('from another site changes nothing, whatever it brings', async () => {
    const { browser } = await house.logIn('john');
    const cookie = cookieOf(browser);
    const session = await house.ask('GET', '/api/v1/session', { headers: { cookie } });
    const token = { 'x-csrf-token': String(session.body['csrf_token']) };
    const forged: Record<string, string>[] = [
      {},
      { 'x-csrf-token': 'wrong' },
      { 'x-csrf-token': '' },
      { 'sec-fetch-site': 'cross-site' },
      { ...token, 'sec-fetch-site': 'cross-site' },
      { ...token, 'sec-fetch-site': 'same-site' },
      { ...token, 'sec-fetch-site': 'none' },
      { ...token, origin: 'null' },
      { ...token, origin: 'https://evil.example' },
      { ...token, origin: 'https://keyturn.test.evil.example' },
      { ...token, origin: 'http://keyturn.test' },
    ];
    for (const headers of forged) {
      const reply = await send(cookie, headers);
      expect(reply.status, JSON.stringify(headers)).toBe(403);
    }
    const other = await house.logIn('jane');
    const hers = await house.ask('GET', '/api/v1/session', { headers: { cookie: cookieOf(other.browser) } });
    expect((await send(cookie, { 'x-csrf-token': String(hers.body['csrf_token']) })).status).toBe(403);
    expect((await house.ask('GET', '/api/v1/session', { headers: { cookie } })).status).toBe(200);
    expect((await send(cookie, { ...token, origin: publicUrl, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('of every state-changing route with a cookie needs the token', async () => {
    const { browser } = await house.logIn('admin');
    const headers = { cookie: cookieOf(browser), origin: publicUrl };
    const routes = [
      ['POST', '/api/v1/sources'],
      ['POST', '/api/v1/tools/execute'],
      ['POST', '/api/v1/users'],
      ['DELETE', '/api/v1/sessions'],
      ['DELETE', '/api/v1/sources/x'],
      ['PATCH', '/api/v1/sources/x'],
    ] as const;
    for (const [method, path] of routes) {
      const json = { headers: { ...headers, 'content-type': 'application/json' }, body: '{}' };
      const reply = await house.ask(method, path, method === 'DELETE' ? { headers } : json);
      expect([reply.status, reply.body['code']], `${method} ${path}`).toEqual([403, 'csrf']);
    }
  });

  it('to log somebody out needs the token of the page', async () => {
    const { browser } = await house.logIn('john');
    const headers = {
      cookie: cookieOf(browser),
      'content-type': 'application/x-www-form-urlencoded',
      origin: publicUrl,
    };
    expect((await house.ask('POST', '/logout', { headers, body: 'csrf_token=x' })).status).toBe(403);
    expect((await house.ask('GET', '/logout', { headers: { cookie: cookieOf(browser) } })).status).toBe(200);
    expect((await house.ask('GET', '/api/v1/session', { headers: { cookie: cookieOf(browser) } })).status).toBe(200);
  });
});
