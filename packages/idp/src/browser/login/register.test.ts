import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, siblingOf, signIn, startDemo, withCode } from '../test-realm.ts';

let shared: TestIdp;
beforeAll(async () => {
  shared = await startDemo();
});
afterAll(() => shared.close());

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
    const page = await browser.get(siblingOf(await browser.get(authorizeUrl(idp)), 'registration'));
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
    expect((await browser.post(siblingOf(login, 'registration'), person)).status).toBe(400);
    expect((await signIn(idp, testBrowser(), {}, { username: 'grace', password: 'cobol' })).status).toBe(200);
  });

  it('takes the e-mail address for a name where the realm says so', async () => {
    const idp = await addDemo(shared, { registrationAllowed: true, registrationEmailAsUsername: true });
    const browser = testBrowser();
    const page = await browser.get(siblingOf(await browser.get(authorizeUrl(idp)), 'registration'));
    expect(page.html).not.toContain('name="username"');
    expect((await browser.submit(page, { ...person, email: 'grace.hopper@example.com' })).location).toMatch(withCode);
  });
});
