import { epochMilliseconds } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { type TestBrowser, type TestPage, testBrowser, textOfPage } from '../test-browser.ts';
import {
  addDemo,
  authorizeUrl,
  eve,
  latestLink,
  mailsOf,
  siblingOf,
  signIn,
  startDemo,
  userEve,
  withCode,
} from '../test-realm.ts';

let shared: TestIdp;
let now = Date.now();
beforeAll(async () => {
  shared = await startDemo({}, { clock: () => epochMilliseconds(now) });
});
afterAll(() => shared.close());

describe('an e-mail address that must be verified', () => {
  const settings = { verifyEmail: true, users: userEve({ emailVerified: false }) };
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
      users: userEve({ email: '', emailVerified: false }),
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
    await browser.get(siblingOf(page, 'required-action'));
    expect(await mailsOf(idp)).toHaveLength(1);
    await browser.submit(page, { resend: 'true' });
    expect(await mailsOf(idp)).toHaveLength(2);
  });
});

describe('a forgotten password', () => {
  const settings = { resetPasswordAllowed: true };
  const forgot = async (idp: TestIdp, username: string): Promise<[TestBrowser, TestPage]> => {
    const browser = testBrowser();
    const page = await browser.get(siblingOf(await browser.get(authorizeUrl(idp)), 'reset-credentials'));
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
    expect((await browser.post(siblingOf(login, 'reset-credentials'), { username: 'ada' })).status).toBe(400);
    expect(await mailsOf(idp)).toEqual([]);
  });
});
