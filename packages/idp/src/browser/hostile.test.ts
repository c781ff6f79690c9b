import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../testing/index.ts';
import { actionOf, testBrowser, textOfPage } from './test-browser.ts';
import { addDemo, authorizeUrl, mailsOf, parameterOf, redeem, signIn, startDemo } from './test-realm.ts';

let idp: TestIdp;
beforeAll(async () => {
  idp = await startDemo({ resetPasswordAllowed: true });
});
afterAll(() => idp.close());

const ada = { username: 'ada', password: 'ada-pw' };
const mallory = { username: 'bob', password: 'bob-pw' };

describe('login CSRF', () => {
  it('fails: a login form of one browser does nothing in another', async () => {
    const attacker = await testBrowser().get(authorizeUrl(idp));
    const victim = testBrowser();
    const answer = await victim.post(actionOf(attacker), mallory);
    expect(answer.status).toBe(400);
    expect(victim.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
  });

  it('fails in a browser that has a login of its own under way', async () => {
    const attacker = await testBrowser().get(authorizeUrl(idp));
    const victim = testBrowser();
    await victim.get(authorizeUrl(idp));
    await victim.post(actionOf(attacker), mallory);
    expect(victim.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
  });

  it('fails with the right tab and a wrong session code: the password is not even looked at', async () => {
    const victim = testBrowser();
    const page = await victim.get(authorizeUrl(idp));
    const forged = new URL(actionOf(page));
    forged.searchParams.set('session_code', 'x'.repeat(43));
    const answer = await victim.post(forged.href, ada);
    expect(answer.status).toBe(200);
    expect(victim.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
  });
});

describe('session fixation', () => {
  it('gains nothing: the session’s id and cookies are new with the login', async () => {
    const attacker = testBrowser();
    const planted = await attacker.get(authorizeUrl(idp));
    const root = attacker.cookies.get('AUTH_SESSION_ID') ?? '';
    const victim = testBrowser();
    for (const [name, value] of attacker.cookies) victim.cookies.set(name, value);
    const done = await victim.submit(planted, ada);
    expect(done.status).toBe(302);
    expect(parameterOf(done, 'session_state')).not.toContain(root);
    const after = await attacker.get(authorizeUrl(idp, { prompt: 'none' }));
    expect(parameterOf(after, 'error')).toBe('login_required');
  });

  it('gains nothing between the password and the steps after it', async () => {
    const attacker = testBrowser();
    const planted = await attacker.get(authorizeUrl(idp, { client_id: 'asks' }));
    const victim = testBrowser();
    for (const [name, value] of attacker.cookies) victim.cookies.set(name, value);
    const next = await victim.submit(planted, ada);
    expect(new URL(next.location).pathname).toMatch(/required-action$/);
    expect(victim.cookies.get('AUTH_SESSION_ID')).not.toBe(attacker.cookies.get('AUTH_SESSION_ID'));
    // The attacker knows the tab and the code of the planted page, and even sees the new address.
    expect((await attacker.get(next.location)).html).not.toContain('kc-oauth');
    expect((await attacker.post(actionOf(planted), ada)).location).not.toContain('code=');
  });

  it('does not take a cookie of the attacker’s making for a login', async () => {
    const victim = testBrowser();
    victim.cookies.set('AUTH_SESSION_ID', '../../../x');
    const page = await victim.get(authorizeUrl(idp));
    expect(victim.cookies.get('AUTH_SESSION_ID')).toMatch(/^[\w-]{32}$/);
    expect((await victim.submit(page, ada)).status).toBe(302);
  });
});

describe('cookies and tokens of another realm', () => {
  it('count for nothing', async () => {
    const other = await addDemo(idp);
    const browser = testBrowser();
    const code = parameterOf(await signIn(idp, browser), 'code');
    expect(parameterOf(await browser.get(authorizeUrl(other, { prompt: 'none' })), 'error')).toBe('login_required');
    const answer = await redeem(other, code);
    expect(answer.status).toBe(400);
  });
});

describe('a sealed text', () => {
  it('cannot be used for anything but what it was sealed for', async () => {
    const browser = testBrowser();
    await browser.get(authorizeUrl(idp));
    const restart = browser.cookies.get('KC_RESTART') ?? '';
    expect(restart).not.toBe('');
    browser.cookies.set('KEYCLOAK_IDENTITY', restart);
    expect(parameterOf(await browser.get(authorizeUrl(idp, { prompt: 'none' })), 'error')).toBe('login_required');
    const link = `${idp.issuer('demo')}/login-actions/action-token?key=${restart}`;
    expect((await browser.get(link)).status).toBe(400);

    await signIn(idp, browser);
    const identity = browser.cookies.get('KEYCLOAK_IDENTITY') ?? '';
    const asKey = await browser.get(`${idp.issuer('demo')}/login-actions/action-token?key=${identity}`);
    expect(asKey.status).toBe(400);
    const asForm = await browser.post(`${idp.issuer('demo')}/account/`, { token: identity, 'end-session': 'x' });
    expect(textOfPage(asForm)).toContain('expired');
  });

  it('is refused when a single letter was changed', async () => {
    const browser = testBrowser();
    await signIn(idp, browser);
    const good = browser.cookies.get('KEYCLOAK_IDENTITY') ?? '';
    const at = good.length - 10;
    browser.cookies.set('KEYCLOAK_IDENTITY', good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1));
    expect(parameterOf(await browser.get(authorizeUrl(idp, { prompt: 'none' })), 'error')).toBe('login_required');
  });
});

describe('secrets', () => {
  it('never stand in an address: neither passwords nor cookies nor tokens', async () => {
    const browser = testBrowser();
    const page = await browser.get(authorizeUrl(idp));
    const done = await browser.submit(page, ada);
    for (const address of [actionOf(page), done.location]) {
      for (const secret of ['ada-pw', 'app-secret', ...browser.cookies.values()]) expect(address).not.toContain(secret);
      expect(address).not.toMatch(/eyJ[\w-]+\.eyJ/);
    }
  });
});

describe('a forged Host header', () => {
  const forgot = async (host: string): Promise<number> => {
    const before = (await mailsOf(idp)).length;
    const browser = testBrowser();
    const page = await browser.get(authorizeUrl(idp));
    const action = new URL(actionOf(page));
    action.pathname = action.pathname.replace('authenticate', 'reset-credentials');
    await browser.post(action.href, { username: 'ada' }, { host });
    return (await mailsOf(idp)).length - before;
  };

  it('never reaches a mail to somebody else', async () => {
    expect(await forgot('evil.example.com')).toBe(0);
    expect(await forgot('127.0.0.1.evil.com')).toBe(0);
    expect(await forgot('localhost')).toBe(1);
  });

  it('cannot open the development mailbox to another site', async () => {
    const { status } = await testBrowser().get(`${idp.url}/dev/mail.json`, { host: 'evil.example.com' });
    expect(status).toBe(404);
    const proxied = await testBrowser().get(`${idp.url}/dev/mail.json`, { 'x-forwarded-for': '127.0.0.1' });
    expect(proxied.status).toBe(404);
  });
});
