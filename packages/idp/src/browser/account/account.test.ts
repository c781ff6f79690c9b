import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser, textOfPage } from '../test-browser.ts';
import { authorizeUrl, parameterOf, redeem, signIn, startDemo } from '../test-realm.ts';

let idp: TestIdp;
beforeAll(async () => {
  idp = await startDemo();
});
afterAll(() => idp.close());

const account = (): string => `${idp.issuer('demo')}/account/`;
const buttonOf = (html: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(html)?.[1] ?? '';

describe('the account page', () => {
  it('asks for a login first and then says who one is', async () => {
    const browser = testBrowser();
    const done = await browser.submit(await browser.get(account()), { username: 'ada', password: 'ada-pw' });
    expect(done.location).toBe(account());
    const page = await browser.follow(done);
    expect(textOfPage(page)).toContain('Ada Lovelace');
    expect(textOfPage(page)).toContain('127.0.0.1 (this browser)');
  });

  it('signs out another browser of the same person', async () => {
    const here = testBrowser();
    const there = testBrowser();
    await signIn(idp, here);
    const other = parameterOf(await signIn(idp, there), 'session_state');
    const page = await here.get(account());
    await here.submit(page, { 'end-session': other });
    expect(parameterOf(await there.get(authorizeUrl(idp, { prompt: 'none' })), 'error')).toBe('login_required');
    expect((await here.get(account())).html).not.toContain(other);
  });

  it('removes an application that acts in one’s absence', async () => {
    const browser = testBrowser();
    const code = parameterOf(await signIn(idp, browser, { scope: 'openid offline_access' }), 'code');
    const { body } = await redeem(idp, code);
    const page = await browser.get(account());
    await browser.submit(page, { 'end-grant': buttonOf(page.html, 'end-grant') });
    const refreshed = await idp.tokenAnswer('demo', {
      grant_type: 'refresh_token',
      client_id: 'app',
      client_secret: 'app-secret',
      refresh_token: String(body['refresh_token']),
    });
    expect(refreshed.status).toBe(400);
  });

  it('ends nothing of other people, and nothing for a form that is not its own', async () => {
    const ada = testBrowser();
    const bob = testBrowser();
    await signIn(idp, ada);
    const session = parameterOf(await signIn(idp, bob, {}, { username: 'bob', password: 'bob-pw' }), 'session_state');
    const page = await ada.get(account());
    await ada.submit(page, { 'end-session': session });
    expect(parameterOf(await bob.get(authorizeUrl(idp, { prompt: 'none' })), 'code')).not.toBe('');
    const forged = await bob.post(account(), { 'end-session': session, token: buttonOf(page.html, 'token') });
    expect(forged.status).toBe(400);
  });
});
