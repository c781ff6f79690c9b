import { epochMilliseconds } from '@keyturn/protocol';
import type { RealmRepresentation } from '@keyturn/realm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { actionOf, type TestBrowser, type TestPage, testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, callback, mailsOf, parameterOf, signIn, startDemo } from '../test-realm.ts';

let shared: TestIdp;
let now = Date.now();
beforeAll(async () => {
  shared = await startDemo({}, { clock: () => epochMilliseconds(now) });
});
afterAll(() => shared.close());

const userOf = (more: object): NonNullable<RealmRepresentation['users']> => [
  {
    username: 'eve',
    enabled: true,
    email: 'eve@example.com',
    emailVerified: true,
    firstName: 'Eve',
    lastName: 'Moneypenny',
    credentials: [{ type: 'password', value: 'eve-pw' }],
    ...more,
  },
];
const eve = { username: 'eve', password: 'eve-pw' };

/** The address of another step of the login that a page belongs to. */
function sibling(page: TestPage, step: string): string {
  const url = new URL(actionOf(page));
  url.pathname = url.pathname.replace(/[^/]+$/, step);
  url.searchParams.delete('session_code');
  return url.href;
}

/** A redirect to the client with a code. */
const withCode = /^http:\/\/localhost:3000\/callback\?state=st&session_state=[^&]+&iss=[^&]+&code=/;

const latestLink = async (idp: TestIdp): Promise<string> => (await mailsOf(idp))[0]?.links[0] ?? '';

describe('a user who must change the password', () => {
  it('is led to a page for it, and back to the client after it', async () => {
    const idp = await addDemo(shared, { users: userOf({ requiredActions: ['UPDATE_PASSWORD'] }) });
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
      users: userOf({ requiredActions: ['UPDATE_PASSWORD'] }),
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
    const idp = await addDemo(shared, { users: userOf({}) });
    const browser = testBrowser();
    await signIn(idp, browser, {}, eve);
    const asked = await browser.get(authorizeUrl(idp, { kc_action: 'UPDATE_PASSWORD', prompt: 'none' }));
    expect(parameterOf(asked, 'error')).toBe('interaction_required');
  });
});

describe('an e-mail address that must be verified', () => {
  const settings = { verifyEmail: true, users: userOf({ emailVerified: false }) };
  const start = async (idp: TestIdp): Promise<[TestBrowser, TestPage]> => {
    const browser = testBrowser();
    return [browser, await browser.follow(await signIn(idp, browser, {}, eve))];
  };

  it('is verified by the click in the mail, which goes on with the login in the same browser', async () => {
    const idp = await addDemo(shared, settings);
    const [browser, page] = await start(idp);
    expect(textOfPage(page)).toContain('You need to verify your email address');
    const [mail, ...more] = await mailsOf(idp);
    expect(more).toEqual([]);
    expect([mail?.to, mail?.subject]).toEqual(['eve@example.com', 'Verify email']);
    expect((await browser.get(mail?.links[0] ?? '')).location).toMatch(withCode);
  });

  it('waits for a button in another browser, and signs nobody in there', async () => {
    const idp = await addDemo(shared, settings);
    await start(idp);
    const link = await latestLink(idp);
    const other = testBrowser();
    const asked = await other.get(link);
    expect(asked.html).toContain('id="kc-proceed"');
    const done = await other.submit(asked, {});
    expect(textOfPage(done)).toContain('Your email address has been verified.');
    expect(other.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
    expect((await signIn(idp, testBrowser(), {}, eve)).location).toMatch(withCode);
  });

  it('is verified once by a link, and not at all by one that is old or touched', async () => {
    const idp = await addDemo(shared, settings);
    const [browser] = await start(idp);
    const link = await latestLink(idp);
    const touched = link.replace(/key=[^&]{60}/, (key) => key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A'));
    expect((await browser.get(touched)).status).toBe(400);
    now += 301_000;
    expect((await browser.get(link)).status).toBe(400);
    now -= 301_000;
    expect((await browser.get(link)).status).toBe(302);
    expect((await testBrowser().get(link)).status).toBe(400);
  });

  it('is passed over for somebody without one', async () => {
    const optional = { attributes: [{ name: 'username' }] };
    const idp = await addDemo(shared, {
      verifyEmail: true,
      users: userOf({ email: '', emailVerified: false }),
      components: {
        'org.keycloak.userprofile.UserProfileProvider': [
          { providerId: 'declarative-user-profile', config: { 'kc.user.profile.config': [JSON.stringify(optional)] } },
        ],
      },
    });
    expect((await signIn(idp, testBrowser(), {}, eve)).location).toMatch(withCode);
  });

  it('gets another mail when asked, not with every reload', async () => {
    const idp = await addDemo(shared, settings);
    const [browser, page] = await start(idp);
    await browser.get(sibling(page, 'required-action'));
    expect(await mailsOf(idp)).toHaveLength(1);
    await browser.submit(page, { resend: 'true' });
    expect(await mailsOf(idp)).toHaveLength(2);
  });
});

describe('a forgotten password', () => {
  const settings = { resetPasswordAllowed: true };
  const forgot = async (idp: TestIdp, username: string): Promise<[TestBrowser, TestPage]> => {
    const browser = testBrowser();
    const page = await browser.get(sibling(await browser.get(authorizeUrl(idp)), 'reset-credentials'));
    expect(page.html).toContain('<form id="kc-reset-password-form"');
    return [browser, await browser.submit(page, { username })];
  };

  it('is replaced by way of the mail, and the login goes on', async () => {
    const idp = await addDemo(shared, settings);
    const [browser] = await forgot(idp, 'ada');
    const page = await browser.follow(await browser.get(await latestLink(idp)));
    expect((await browser.submit(page, { 'password-new': 'fresh', 'password-confirm': 'fresh' })).location).toMatch(
      withCode,
    );
    expect((await signIn(idp, testBrowser(), {}, { username: 'ada', password: 'fresh' })).location).toMatch(withCode);
  });

  it('can be replaced in another browser, which is not signed in by it', async () => {
    const idp = await addDemo(shared, settings);
    await forgot(idp, 'ada@example.com');
    const other = testBrowser();
    const asked = await other.get(await latestLink(idp));
    const page = await other.follow(await other.submit(asked, {}));
    const done = await other.submit(page, { 'password-new': 'fresh', 'password-confirm': 'fresh' });
    expect(textOfPage(done)).toContain('Your account has been updated.');
    expect(other.cookies.has('KEYCLOAK_IDENTITY')).toBe(false);
  });

  it('is answered alike for people that there are and that there are not', async () => {
    const idp = await addDemo(shared, settings);
    const [, known] = await forgot(idp, 'ada');
    const [, unknown] = await forgot(idp, 'nobody');
    expect(textOfPage(known)).toContain('You should receive an email shortly with further instructions.');
    expect(textOfPage(unknown)).toBe(textOfPage(known));
    expect(await mailsOf(idp)).toHaveLength(1);
  });

  it('makes older links worthless once it is replaced', async () => {
    const idp = await addDemo(shared, settings);
    await forgot(idp, 'ada');
    const old = await latestLink(idp);
    const [browser] = await forgot(idp, 'ada');
    const page = await browser.follow(await browser.get(await latestLink(idp)));
    await browser.submit(page, { 'password-new': 'fresh', 'password-confirm': 'fresh' });
    expect((await testBrowser().get(old)).status).toBe(400);
  });

  it('cannot be asked for where the realm does not allow it', async () => {
    const idp = await addDemo(shared);
    const browser = testBrowser();
    const login = await browser.get(authorizeUrl(idp));
    expect(login.html).not.toContain('kc-forgot-password');
    expect((await browser.post(sibling(login, 'reset-credentials'), { username: 'ada' })).status).toBe(400);
    expect(await mailsOf(idp)).toEqual([]);
  });
});

describe('registration', () => {
  const person = {
    username: 'grace',
    email: 'grace@example.com',
    firstName: 'Grace',
    lastName: 'Hopper',
    password: 'cobol',
    'password-confirm': 'cobol',
  };

  it('makes an account and signs its owner in', async () => {
    const idp = await addDemo(shared, { registrationAllowed: true });
    const browser = testBrowser();
    const page = await browser.get(sibling(await browser.get(authorizeUrl(idp)), 'registration'));
    expect(page.html).toContain('<form id="kc-register-form"');
    expect((await browser.submit(page, person)).location).toMatch(withCode);
    expect((await signIn(idp, testBrowser(), {}, { username: 'grace', password: 'cobol' })).location).toMatch(withCode);
  });

  it('names every fault at its field and keeps what was typed, but no password', async () => {
    const idp = await addDemo(shared, { registrationAllowed: true });
    const browser = testBrowser();
    const page = await browser.follow(await browser.get(authorizeUrl(idp, { prompt: 'create' })));
    const refused = await browser.submit(page, {
      ...person,
      username: 'ada',
      email: 'nonsense\r\nbcc: everybody@example.com',
      lastName: '',
      'password-confirm': 'other',
    });
    const text = textOfPage(refused);
    expect(text).toContain('Invalid email address.');
    expect(text).toContain('Please specify last name.');
    expect(text).toContain("Password confirmation doesn't match.");
    expect(refused.html).toContain('value="Grace"');
    expect(refused.html).not.toContain('cobol');
    const taken = await browser.submit(refused, { ...person, username: 'ada' });
    expect(textOfPage(taken)).toContain('Username already exists.');
  });

  it('is closed unless the realm opens it', async () => {
    const idp = await addDemo(shared);
    const browser = testBrowser();
    const login = await browser.get(authorizeUrl(idp));
    expect((await browser.post(sibling(login, 'registration'), person)).status).toBe(400);
    expect((await signIn(idp, testBrowser(), {}, { username: 'grace', password: 'cobol' })).status).toBe(200);
  });

  it('takes the e-mail address for a name where the realm says so', async () => {
    const idp = await addDemo(shared, { registrationAllowed: true, registrationEmailAsUsername: true });
    const browser = testBrowser();
    const page = await browser.get(sibling(await browser.get(authorizeUrl(idp)), 'registration'));
    expect(page.html).not.toContain('name="username"');
    expect((await browser.submit(page, { ...person, email: 'grace.hopper@example.com' })).location).toMatch(withCode);
  });
});

describe('consent', () => {
  const asks = { client_id: 'asks', scope: 'openid phone' };

  it('is asked for once, by name and in words', async () => {
    const idp = await addDemo(shared);
    const browser = testBrowser();
    const page = await browser.follow(await signIn(idp, browser, asks));
    expect(textOfPage(page)).toContain('Grant access to Asking <App>');
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

describe('a profile that is not complete', () => {
  it('is completed before the login goes on', async () => {
    const idp = await addDemo(shared, { users: userOf({ lastName: '' }) });
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
    const idp = await addDemo(shared, { users: userOf({ requiredActions: ['CONFIGURE_TOTP'] }) });
    const page = await signIn(idp, testBrowser(), {}, eve);
    expect(page.status).toBe(400);
    expect(textOfPage(page)).toContain('CONFIGURE_TOTP');
  });
});

describe('brute force', () => {
  it('locks the account for a while, which looks like a wrong password', async () => {
    const settings = { bruteForceProtected: true, failureFactor: 2, quickLoginCheckMilliSeconds: 0 };
    const idp = await addDemo(shared, settings);
    const wrong = { username: 'ada', password: 'no' };
    const first = await signIn(idp, testBrowser(), {}, wrong);
    await signIn(idp, testBrowser(), {}, wrong);
    const locked = await signIn(idp, testBrowser());
    expect(locked.status).toBe(200);
    expect(textOfPage(locked)).toBe(textOfPage(first));
    now += 61_000;
    expect((await signIn(idp, testBrowser())).location).toMatch(withCode);
  });
});

describe('a realm that is switched off', () => {
  it('shows no login', async () => {
    const idp = await addDemo(shared, { enabled: false });
    const page = await testBrowser().get(authorizeUrl(idp));
    expect(page.status).toBe(400);
    expect(textOfPage(page)).toContain('Realm not enabled');
  });
});
