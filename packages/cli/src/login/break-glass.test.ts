import { codeAt, hashPassword } from '@keyturn/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoginHouse, openLoginHouse, publicUrl } from './open-login-house.ts';
import { openTestBrowser, type Shown, type TestBrowser } from './test-browser.ts';

const totpSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const password = 'correct horse battery staple';

let house: LoginHouse;
beforeAll(async () => {
  const accounts = [{ username: 'alice', passwordHash: await hashPassword(password), totpSecret }];
  house = await openLoginHouse({ settings: { breakGlass: { accounts } } });
});
afterAll(() => house[Symbol.asyncDispose]());

async function attempt(
  fields: Record<string, string>,
  browser = house.browser(),
): Promise<{ page: Shown; browser: TestBrowser }> {
  const form = await browser.visit(`${publicUrl}/login/break-glass`);
  return { browser, page: await browser.submit(form, /break-glass/, { username: 'alice', password, ...fields }) };
}
const code = (): string => codeAt(totpSecret, house.now());
/** The next time step, and the end of the 15 minutes in which failures count. */
const later = (): void => house.advance(901);

describe('break-glass', () => {
  it('lets a superuser in by password and one-time code, loudly', async () => {
    later();
    const { browser, page } = await attempt({ code: code() });
    expect(page.url).toBe(`${publicUrl}/`);
    expect(page.html).toContain('alice');
    const session = await house.fetchIn(browser, 'GET', '/api/v1/session');
    expect(session.body).toMatchObject({ kind: 'break-glass', identity: 'alice', roles: ['keyturn-admin'] });
    expect((await house.fetchIn(browser, 'GET', '/api/v1/users')).status).toBe(200);
    expect(house.log()).toContain('BREAK GLASS: somebody has logged in without the identity provider');
    expect(await house.metrics()).toContain('keyturn_break_glass_total{outcome="ok"} 1');
    expect(house.log()).not.toContain(password);
  });

  it('takes each code once, from whatever browser it comes', async () => {
    later();
    const once = code();
    expect((await attempt({ code: once })).page.url).toBe(`${publicUrl}/`);
    expect((await attempt({ code: once })).page.status).toBe(401);
  });

  it('says the same of a wrong name, password or code', async () => {
    later();
    const wrong = [{ username: 'bob' }, { password: 'wrong' }, { code: '000000' }, { code: 'abc' }];
    const pages = [];
    for (const fields of wrong) pages.push((await attempt({ code: code(), ...fields })).page);
    expect(pages.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect(new Set(pages.map(({ html }) => html)).size).toBe(1);
  });

  it('stops looking after five failures, even at the right answer, until fifteen minutes have passed', async () => {
    later();
    for (let i = 0; i < 5; i++) expect((await attempt({ code: '000000' })).page.status).toBe(401);
    expect((await attempt({ code: code() })).page.status).toBe(429);
    later();
    expect((await attempt({ code: code() })).page.url).toBe(`${publicUrl}/`);
  });

  it('judges no more than five of twenty attempts that come at once', async () => {
    later();
    const all = await Promise.all(Array.from({ length: 20 }, () => attempt({ code: '000000' })));
    expect(all.filter(({ page }) => page.status === 401).length).toBeLessThanOrEqual(5);
  });

  it('is not to be sent from another site', async () => {
    later();
    const browser = house.browser();
    const body = new URLSearchParams({ username: 'alice', password, code: code() }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' };
    const page = await browser.step(`${publicUrl}/login/break-glass`, { method: 'POST', body, headers });
    expect(page.status).toBe(403);
  });

  it('ends with its own limit, and leads nowhere: there is no token to go on with', async () => {
    later();
    const { browser } = await attempt({ code: code() });
    house.advance(3601);
    expect((await house.fetchIn(browser, 'GET', '/api/v1/session')).status).toBe(401);
  });

  it.each([
    ['a cost without rounds', 'ln=15,r=8,p=0', 43],
    ['a cost that is none', 'ln=0,r=8,p=1', 43],
    ['a cost of more than a gibibyte', 'ln=21,r=8,p=1', 43],
    ['a key of one byte', 'ln=15,r=8,p=3', 2],
  ])('does not begin with a hash that no password could be checked against: %s', async (_, cost, length) => {
    const passwordHash = `$scrypt$${cost}$${'A'.repeat(22)}$${'A'.repeat(length)}`;
    const accounts = [{ username: 'alice', passwordHash, totpSecret }];
    await expect(openLoginHouse({ settings: { breakGlass: { accounts } } })).rejects.toThrow('break-glass new');
  });

  it('is no route where it is not configured', async () => {
    await using plain = await openLoginHouse();
    expect((await plain.ask('GET', '/login/break-glass')).status).toBe(404);
  });
});

describe('while the identity provider is down', () => {
  const nowhere = {
    backchannelUrl: 'http://127.0.0.1:9',
    issuer: 'https://id.test/realms/people',
    audiences: ['keyturn'],
  };

  it('the server starts with break-glass: that and liveness work, readiness is 503, and the issuer is asked again', async () => {
    const accounts = [{ username: 'alice', passwordHash: await hashPassword(password), totpSecret }];
    await using dark = await openLoginHouse({ settings: { auth: nowhere, breakGlass: { accounts } } });
    expect((await fetch(`${dark.managementUrl}/health/live`)).status).toBe(200);
    expect((await fetch(`${dark.managementUrl}/health/ready`)).status).toBe(503);
    const browser = openTestBrowser({ [publicUrl]: dark.url });
    const form = await browser.visit(`${publicUrl}/login/break-glass`);
    const fields = { username: 'alice', password, code: codeAt(totpSecret, dark.now()) };
    expect((await browser.submit(form, /break-glass/, fields)).html).toContain('alice');
    expect((await browser.visit(`${publicUrl}/login`)).status).toBe(503);
  });

  it('without break-glass it does not start, and says why', async () => {
    await expect(openLoginHouse({ settings: { auth: nowhere } })).rejects.toThrow(/"why":"oidc"/);
  });
});
