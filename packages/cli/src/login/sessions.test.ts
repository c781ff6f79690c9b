import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoginHouse, openLoginHouse, publicUrl } from './open-login-house.ts';
import type { TestBrowser } from './test-browser.ts';

let house: LoginHouse;
beforeAll(async () => {
  house = await openLoginHouse();
  const [client] = (await house.administer('GET', '/clients?clientId=keyturn-login')) as { id: string }[];
  const attributes = {
    'backchannel.logout.url': `${house.url}/backchannel-logout`,
    'backchannel.logout.session.required': 'true',
  };
  await house.administer('PUT', `/clients/${client?.id ?? ''}`, { clientId: 'keyturn-login', attributes });
});
afterAll(() => house[Symbol.asyncDispose]());

const cookieOf = (browser: TestBrowser): string =>
  [...browser.cookies('keyturn.test')].map(([name, value]) => `${name}=${value}`).join('; ');
const status = async (browser: TestBrowser, path = '/api/v1/tools'): Promise<number> =>
  (await house.ask('GET', path, { headers: { cookie: cookieOf(browser), 'sec-fetch-mode': 'cors' } })).status;
const eventually = async (happened: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 300 && !(await happened()); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await happened()).toBe(true);
};

const refreshes = async ({ administer }: LoginHouse): Promise<number> =>
  ((await administer('GET', '/events?type=REFRESH_TOKEN&max=1000')) as unknown[]).length;

describe('a login', () => {
  it('leads through the identity provider by its public name, and back to where one wanted to go', async () => {
    const { browser, page } = await house.logIn('john', { at: '/login?returnTo=/api/v1/session' });
    expect(page.url).toBe(`${publicUrl}/api/v1/session`);
    expect(JSON.parse(page.html)).toMatchObject({ kind: 'oidc', current: true, issuer: house.issuer });
    expect([...browser.cookies('keyturn.test').keys()]).toEqual(['__Host-keyturn_session']);
  });

  it('sets a cookie that only this host gets, over https, and no script can read', async () => {
    const browser = house.browser();
    const started = await browser.step(`${publicUrl}/login`);
    expect(started.headers.get('set-cookie')).toMatch(
      /^__Host-keyturn_login=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
    );
    const asked = new URL(started.next ?? '');
    expect(asked.origin).toBe('https://id.test');
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${publicUrl}/login/callback`,
      scope: 'openid profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('gives a new secret each time, and ends the session that the browser came with', async () => {
    const { browser } = await house.logIn('jane');
    const before = cookieOf(browser);
    await browser.visit(`${publicUrl}/login`);
    const after = cookieOf(browser);
    expect(after).not.toBe(before);
    expect((await house.ask('GET', '/api/v1/tools', { headers: { cookie: before } })).status).toBe(401);
    expect(await status(browser)).toBe(200);
  });

  it('keeps neither tokens nor the secret readable in the log', async () => {
    const { browser } = await house.logIn('john');
    expect(house.log()).not.toContain(cookieOf(browser).split('=')[1]);
    expect(house.log()).not.toMatch(/eyJ[\w-]{20}/);
  });
});

describe('a session', () => {
  it('is a way into REST routes, with the roles of its user, and never into MCP', async () => {
    const { browser } = await house.logIn('chef');
    const headers = { cookie: cookieOf(browser), 'sec-fetch-mode': 'cors' };
    const session = await house.ask('GET', '/api/v1/session', { headers });
    expect(session.body['roles']).toContain('chef');
    const mcp = await house.ask('POST', '/mcp', {
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    expect(mcp.status).toBe(401);
  });

  it('does not speak where a token is shown: the token counts', async () => {
    const { browser } = await house.logIn('john');
    const reply = await house.ask('GET', '/api/v1/tools', { token: 'bad', headers: { cookie: cookieOf(browser) } });
    expect(reply.status).toBe(401);
  });

  it('ends when it has been idle, and when it is old, however busy', async () => {
    await using own = await openLoginHouse({
      settings: {
        login: { clientId: 'keyturn-login', clientSecret: 'login-secret', sessionIdle: 600, sessionMax: 1500 },
      },
    });
    const { browser } = await own.logIn('john');
    const cookie = cookieOf(browser);
    const ask = async () => (await own.ask('GET', '/api/v1/tools', { headers: { cookie } })).status;
    for (let i = 0; i < 2; i++) {
      own.advance(550);
      expect(await ask()).toBe(200);
    }
    own.advance(450);
    expect(await ask()).toBe(401);
    const { browser: idle } = await own.logIn('john');
    own.advance(601);
    expect((await own.ask('GET', '/api/v1/tools', { headers: { cookie: cookieOf(idle) } })).status).toBe(401);
  });

  it('is refreshed once, however many requests come when its access token has run out', async () => {
    const { browser } = await house.logIn('john');
    const before = await refreshes(house);
    house.advance(400);
    const answers = await Promise.all(Array.from({ length: 20 }, () => status(browser)));
    expect(answers.every((one) => one === 200)).toBe(true);
    expect(await refreshes(house)).toBe(before + 1);
  });

  it('ends when its user has been disabled, at the next refresh', async () => {
    const { browser } = await house.logIn('jane');
    const id = await house.userId('jane');
    await house.administer('PUT', `/users/${id}`, { enabled: false });
    house.advance(301);
    expect(await status(browser)).toBe(401);
    await house.administer('PUT', `/users/${id}`, { enabled: true });
  });

  it('tells pages to log in and come back, scripts 401, and htmx where to go', async () => {
    const page = await house.ask('GET', '/api/v1/tools?tag=x', { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('location')]).toEqual([302, '/login?returnTo=%2Fapi%2Fv1%2Ftools%3Ftag%3Dx']);
    const script = await house.ask('GET', '/api/v1/tools', {
      headers: { accept: 'text/html', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
    });
    expect([script.status, script.body['code']]).toEqual([401, 'no_token']);
    const htmx = await house.ask('GET', '/api/v1/tools', {
      headers: { 'hx-request': 'true', 'hx-current-url': `${publicUrl}/page?x=1` },
    });
    expect([htmx.status, htmx.headers.get('hx-redirect')]).toEqual([401, '/login?returnTo=%2Fpage%3Fx%3D1']);
    const evil = await house.ask('GET', '/api/v1/tools', {
      headers: { 'hx-request': 'true', 'hx-current-url': 'https://evil.example/x' },
    });
    expect(evil.headers.get('hx-redirect')).toBe('/login?returnTo=%2F');
  });
});

describe('logging out', () => {
  it('ends the session here and at the identity provider, and comes back', async () => {
    const { browser } = await house.logIn('john');
    const cookie = cookieOf(browser);
    const start = await browser.visit(`${publicUrl}/`);
    const end = await browser.submit(start, /^\/logout$/);
    expect(end.url.split('?')[0]).toBe(`${publicUrl}/`);
    expect(end.html).toContain('You are not logged in');
    expect((await house.ask('GET', '/api/v1/tools', { headers: { cookie } })).status).toBe(401);
    const again = await browser.visit(`${publicUrl}/login`);
    expect(again.html, 'the identity provider asks for the password again').toContain('kc-form-login');
  });

  it('everywhere ends every browser’s session, and only this user’s', async () => {
    const [one, two, other] = [await house.logIn('john'), await house.logIn('john'), await house.logIn('jane')];
    const listed = await house.fetchIn(one.browser, 'GET', '/api/v1/sessions');
    expect((listed.body as unknown as { current: boolean }[]).filter(({ current }) => current)).toHaveLength(1);
    const ended = await house.fetchIn(one.browser, 'DELETE', '/api/v1/sessions');
    expect(Number(ended.body['ended'])).toBeGreaterThanOrEqual(2);
    expect([await status(one.browser), await status(two.browser), await status(other.browser)]).toEqual([
      401, 401, 200,
    ]);
    const again = await two.browser.visit(`${publicUrl}/login`);
    expect(again.html, 'the identity provider has ended its session too').toContain('kc-form-login');
  });

  it('of one session leaves the others, and nobody can end somebody else’s', async () => {
    const [one, two, jane] = [await house.logIn('john'), await house.logIn('john'), await house.logIn('jane')];
    const session = await house.fetchIn(two.browser, 'GET', '/api/v1/session');
    const path = `/api/v1/sessions/${String(session.body['id'])}`;
    expect((await house.fetchIn(jane.browser, 'DELETE', path)).status).toBe(404);
    expect((await house.fetchIn(one.browser, 'DELETE', path)).status).toBe(204);
    expect([await status(one.browser), await status(two.browser)]).toEqual([200, 401]);
  });

  it('at the identity provider ends that session here, by its sid', async () => {
    const [one, two] = [await house.logIn('chef'), await house.logIn('chef')];
    const sessions = (await house.administer('GET', `/users/${await house.userId('chef')}/sessions`)) as {
      id: string;
    }[];
    expect(sessions.length).toBeGreaterThanOrEqual(2);
    // The browser of the second logs out there, by itself.
    const there = await two.browser.visit(`https://id.test/realms/people/protocol/openid-connect/logout`);
    await two.browser.submit(there, /logout/);
    await eventually(async () => (await status(two.browser)) === 401);
    expect(await status(one.browser)).toBe(200);
  });

  it('by an administrator there ends all of a user’s, by sub', async () => {
    const [one, two] = [await house.logIn('chef'), await house.logIn('chef')];
    await house.administer('POST', `/users/${await house.userId('chef')}/logout`);
    await eventually(async () => (await status(one.browser)) === 401 && (await status(two.browser)) === 401);
    expect(await status((await house.logIn('chef')).browser)).toBe(200);
  });

  it('answers a script with JSON and htmx with where to go', async () => {
    const { browser } = await house.logIn('john');
    const reply = await house.fetchIn(browser, 'POST', '/logout', {});
    expect([reply.status, reply.body]).toEqual([200, { logged_out: true }]);
    expect(await status(browser)).toBe(401);
  });
});

describe('with a second replica', () => {
  it('a session is known to both, refreshed by one, and ended for both', async () => {
    // One file, as two processes would have one database.
    const { mkdtempSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(`${tmpdir()}/keyturn-login-`);
    const store = { url: `sqlite:${folder}/keyturn.db` };
    {
      await using one = await openLoginHouse({ settings: { store } });
      await using two = await openLoginHouse({ settings: { store }, beside: one });
      const { browser } = await one.logIn('john');
      const cookie = cookieOf(browser);
      one.advance(400);
      two.advance(400);
      const asked = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? one : two).ask('GET', '/api/v1/tools', { headers: { cookie } }),
        ),
      );
      expect(asked.map((reply) => reply.status)).toEqual(Array.from({ length: 10 }, () => 200));
      expect(await refreshes(one)).toBe(1);
      await one.fetchIn(browser, 'DELETE', '/api/v1/sessions');
      expect((await two.ask('GET', '/api/v1/tools', { headers: { cookie } })).status).toBe(401);
    }
    rmSync(folder, { recursive: true, force: true });
  });
});
