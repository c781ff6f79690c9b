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

describe('a profile with attributes of the realm’s own', () => {
  const users = { view: ['admin', 'user'], edit: ['admin', 'user'] };
  const profile = {
    attributes: [
      { name: 'username', permissions: users },
      { name: 'email', permissions: users },
      { name: 'department', displayName: 'Department', required: { roles: ['user'] }, permissions: users },
      { name: 'badge', permissions: { view: ['admin'], edit: ['admin'] } },
    ],
  };
  const settings = {
    users: userEve({ attributes: { badge: ['42'] } }),
    components: {
      'org.keycloak.userprofile.UserProfileProvider': [
        { providerId: 'declarative-user-profile', config: { 'kc.user.profile.config': [JSON.stringify(profile)] } },
      ],
    },
  };

  it('asks for those that are required and its people’s to give, and for no others', async () => {
    const idp = await addDemo(shared, settings);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, {}, eve));
    expect(page.html).toContain('<label for="department">Department</label>');
    expect(page.html).not.toContain('badge');
    expect(page.html).not.toContain('lastName');
    const without = await browser.submit(page, { email: 'eve@example.com', department: '' });
    expect(textOfPage(without)).toContain('Please specify this field.');
    const done = await browser.submit(without, { email: 'eve@example.com', department: 'Q', badge: '43' });
    expect(done.location).toMatch(withCode);
    expect((await signIn(idp, testBrowser(), {}, eve)).location).toMatch(withCode);
  });
});

describe('the realm’s terms', () => {
  const terms = [{ alias: 'TERMS_AND_CONDITIONS', name: 'Terms', providerId: 'TERMS_AND_CONDITIONS', enabled: true }];
  const settings = { requiredActions: terms, users: userEve({ requiredActions: ['TERMS_AND_CONDITIONS'] }) };

  it('let those go on who accept them, once', async () => {
    const idp = await addDemo(shared, settings);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, {}, eve));
    expect((await browser.submit(page, { accept: 'true' })).location).toMatch(withCode);
    expect((await signIn(idp, testBrowser(), {}, eve)).location).toMatch(withCode);
  });

  it('send those back who do not', async () => {
    const idp = await addDemo(shared, settings);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, {}, eve));
    expect(parameterOf(await browser.submit(page, { cancel: 'true' }), 'error')).toBe('access_denied');
  });
});

describe('an action that an application starts', () => {
  it('is done by a person who is signed in, and reported to the application', async () => {
    const idp = await addDemo(shared, { users: userEve({}) });
    const browser = testBrowser();
    await signIn(idp, browser, {}, eve);
    const next = await browser.get(authorizeUrl(idp, { kc_action: 'UPDATE_PASSWORD' }));
    const page = await browser.follow(next);
    const done = await browser.submit(page, { 'password-new': 'new-pw', 'password-confirm': 'new-pw' });
    expect(parameterOf(done, 'kc_action_status')).toBe('success');
    expect((await signIn(idp, testBrowser(), {}, { ...eve, password: 'new-pw' })).location).toMatch(withCode);
  });

  it('that has no page changes nothing', async () => {
    const idp = await addDemo(shared, { users: userEve({}) });
    const done = await signIn(idp, testBrowser(), { kc_action: 'delete_account' }, eve);
    expect(parameterOf(done, 'code')).not.toBe('');
    expect(parameterOf(done, 'kc_action_status')).toBe('error');
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
