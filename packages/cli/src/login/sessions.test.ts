import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoginHouse, openLoginHouse, publicUrl } from './open-login-house.ts';

let house: LoginHouse;
beforeAll(async () => {
  house = await openLoginHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

describe('a login', () => {
  it('leads through the identity provider by its public name, and back to where one wanted to go', async () => {
    const { browser, page } = await house.logIn('john', { at: '/login?returnTo=/api/v1/session' });
    expect(page.status).toBe(200);
    expect(page.url).toBe(`${publicUrl}/api/v1/session`);
    expect(JSON.parse(page.html)).toMatchObject({ identity: expect.any(String), kind: 'oidc', current: true });
    const cookie = browser.cookies('keyturn.test');
    expect([...cookie.keys()]).toEqual(['__Host-keyturn_session']);
  });
});
