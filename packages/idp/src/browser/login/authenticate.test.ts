import { epochMilliseconds } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, signIn, startDemo, withCode } from '../test-realm.ts';

let shared: TestIdp;
let now = Date.now();
beforeAll(async () => {
  shared = await startDemo({}, { clock: () => epochMilliseconds(now) });
});
afterAll(() => shared.close());

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
