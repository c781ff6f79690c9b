import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { actionOf, testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, callback, signIn, startDemo, withCode } from '../test-realm.ts';

let shared: TestIdp;
beforeAll(async () => {
  shared = await startDemo();
});
afterAll(() => shared.close());

describe('consent', () => {
  const asks = { client_id: 'asks', scope: 'openid phone' };

  it('is asked for once, by name and in words', async () => {
    const idp = await addDemo(shared);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, asks));
    expect(textOfPage(page)).toContain('Grant Access to Asking <App>');
    expect(textOfPage(page)).toContain('Phone number');
    expect((await browser.submit(page, { accept: 'Yes' })).location).toMatch(withCode);
    expect((await browser.get(authorizeUrl(idp, asks))).location).toMatch(withCode);
    const more = await browser.get(authorizeUrl(idp, { ...asks, scope: 'openid phone address' }));
    expect(textOfPage(await browser.follow(more))).toContain('Address');
    const forced = await browser.get(authorizeUrl(idp, { ...asks, prompt: 'consent' }));
    expect((await browser.follow(forced)).html).toContain('kc-oauth');
  });

  it('that is denied is answered with access_denied', async () => {
    const idp = await addDemo(shared);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, asks));
    const denied = await browser.submit(page, { cancel: 'No' });
    expect(denied.location).toBe(
      `${callback}?error=access_denied&state=st&iss=${encodeURIComponent(idp.issuer('demo'))}`,
    );
    expect(browser.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
  });

  it('cannot be given by another site’s form', async () => {
    const idp = await addDemo(shared);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, asks));
    const forged = await browser.post(actionOf(page), { accept: 'Yes', code: 'x'.repeat(43) });
    expect(forged.location).not.toContain('code=');
  });
});
