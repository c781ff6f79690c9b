import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, eve, parameterOf, signIn, startDemo, userEve, withCode } from '../test-realm.ts';

let shared: TestIdp;
beforeAll(async () => {
  shared = await startDemo();
});
afterAll(() => shared.close());

describe('a user who must change the password', () => {
  it('is led to a page for it, and back to the client after it', async () => {
    const idp = await addDemo(shared, { users: userEve({ requiredActions: ['UPDATE_PASSWORD'] }) });
    const browser = testBrowser();
    const next = await signIn(idp, browser, {}, eve);
    expect(next.status).toBe(302);
    const url = new URL(next.location);
    expect(`${url.origin}${url.pathname}`).toBe(`${idp.issuer('demo')}/login-actions/required-action`);
    expect([...url.searchParams.keys()]).toEqual(['execution', 'client_id', 'tab_id', 'client_data']);
    const page = await browser.follow(next);
    expect(page.html).toContain('<form id="kc-passwd-update-form"');

    const differing = await browser.submit(page, { 'password-new': 'new-pw', 'password-confirm': 'other' });
    expect(textOfPage(differing)).toContain("Passwords don't match.");
    expect(differing.html).toContain('aria-describedby="input-error-password-confirm"');
    expect(
      (await browser.submit(differing, { 'password-new': 'new-pw', 'password-confirm': 'new-pw' })).location,
    ).toMatch(withCode);

    expect((await signIn(idp, testBrowser(), {}, eve)).status).toBe(200);
    expect((await signIn(idp, testBrowser(), {}, { username: 'eve', password: 'new-pw' })).location).toMatch(withCode);
  });

  it('is held to the realm’s password policy', async () => {
    const idp = await addDemo(shared, {
      users: userEve({ requiredActions: ['UPDATE_PASSWORD'] }),
      passwordPolicy: 'length(8) and digits(1) and notUsername(undefined)',
    });
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, {}, eve));
    const short = await browser.submit(page, { 'password-new': 'abc', 'password-confirm': 'abc' });
    expect(textOfPage(short)).toContain('Invalid password: minimum length 8.');
    const plain = await browser.submit(page, { 'password-new': 'abcdefghij', 'password-confirm': 'abcdefghij' });
    expect(textOfPage(plain)).toContain('must contain at least 1 numerical digits');
  });

  it('gets no code for a silent request', async () => {
    const idp = await addDemo(shared, { users: userEve({}) });
    const browser = testBrowser();
    await signIn(idp, browser, {}, eve);
    const asked = await browser.get(authorizeUrl(idp, { kc_action: 'UPDATE_PASSWORD', prompt: 'none' }));
    expect(parameterOf(asked, 'error')).toBe('interaction_required');
  });
});

describe('a profile that is not complete', () => {
  it('is completed before the login goes on', async () => {
    const idp = await addDemo(shared, { users: userEve({ lastName: '' }) });
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, {}, eve));
    expect(page.html).toContain('<form id="kc-update-profile-form"');
    const profile = { email: 'eve@example.com', firstName: 'Eve', lastName: 'Moneypenny', username: 'admin' };
    expect((await browser.submit(page, profile)).location).toMatch(withCode);
    // The user name was not the user's to change.
    expect((await signIn(idp, testBrowser(), {}, eve)).location).toMatch(withCode);
  });
});

describe('a required action without a page', () => {
  it('is named, and lets nobody past', async () => {
    const idp = await addDemo(shared, { users: userEve({ requiredActions: ['CONFIGURE_TOTP'] }) });
    const page = await signIn(idp, testBrowser(), {}, eve);
    expect(page.status).toBe(400);
    expect(textOfPage(page)).toContain('CONFIGURE_TOTP');
  });
});
