import type { GuardedFetch } from '@keyturn/net';
import { describe, expect, it } from 'vitest';
import { createAdmin, pathOf } from './admin.ts';
import type { AdminLogin } from './admin-login.ts';
import { AdminRefused } from './admin-refusal.ts';

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An admin client whose server answers by a script; waits are noted, not waited. */
function scripted(
  answers: (url: string, count: number) => Reply,
  login: AdminLogin = { by: 'password', username: 'admin', password: 'p' },
) {
  const waits: number[] = [];
  const urls: string[] = [];
  let now = 0;
  const fetch: GuardedFetch = Object.assign(
    async (target: string | URL) => {
      const url = String(target);
      urls.push(url);
      const { status, body, headers = {} } = answers(url, urls.filter((one) => one === url).length);
      const text = body === undefined ? '' : JSON.stringify(body);
      return {
        ok: true as const,
        value: {
          status,
          headers: { get: (name: string) => headers[name] ?? null },
          body: new Uint8Array(),
          text: () => text,
          url,
        },
      };
    },
    { close: async () => undefined, [Symbol.asyncDispose]: async () => undefined },
  );
  const sleep = async (duration: number) => void waits.push(duration);
  const admin = createAdmin({ url: 'http://kc.test/auth/', login, fetch, clock: () => now, sleep });
  return { admin, waits, urls, pass: (milliseconds: number) => (now += milliseconds) };
}
const token = (url: string) => url.includes('/protocol/openid-connect/token');
const good: Reply = { status: 200, body: { access_token: 't', expires_in: 60 } };

describe('the admin client', () => {
  it('waits as long as Retry-After says, else longer each time, and tries "Bootstrap in progress" again', async () => {
    const { admin, waits } = scripted((url, count) => {
      if (token(url)) return good;
      if (count === 1)
        return { status: 503, body: { error: 'Bootstrap in progress' }, headers: { 'retry-after': '7' } };
      return count < 4 ? { status: 500 } : { status: 200, body: { realm: 'r' } };
    });
    expect(await admin.find('/r')).toEqual({ realm: 'r' });
    expect(waits).toEqual([7000, 1000, 2000]);
  });

  it('fetches a new token shortly before the old one ends, and once after a 401', async () => {
    const { admin, urls, pass } = scripted((url, count) =>
      token(url) ? good : count === 3 ? { status: 401 } : { status: 200, body: {} },
    );
    await admin.find('/r');
    await admin.find('/r');
    expect(urls.filter(token)).toHaveLength(1);
    await admin.find('/r');
    expect(urls.filter(token)).toHaveLength(2);
    pass(51_000);
    await admin.find('/r');
    expect(urls.filter(token)).toHaveLength(3);
    expect(urls[0]).toBe('http://kc.test/auth/realms/master/protocol/openid-connect/token');
  });

  it.each<[string, (url: string) => Reply, AdminLogin | undefined, string]>([
    ['a token that was given and has ended', () => ({ status: 401 }), { by: 'token', token: 'x' }, 'token-expired'],
    [
      'a wrong password',
      () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'Invalid user credentials' } }),
      undefined,
      'login-refused',
    ],
    ['a page instead of a token endpoint', () => ({ status: 200 }), undefined, 'not-an-admin-api'],
    [
      'a missing relative path',
      () => ({ status: 404, body: { error: 'Unable to find matching target resource method' } }),
      undefined,
      'not-an-admin-api',
    ],
    ['a page instead of an answer', (url) => (token(url) ? good : { status: 200 }), undefined, 'bad-answer'],
    ['an answer that is no list', (url) => (token(url) ? good : { status: 200, body: {} }), undefined, 'bad-answer'],
  ])('refuses %s by name', async (_, answers, login, why) => {
    const { admin } = login === undefined ? scripted(answers) : scripted(answers, login);
    const error: unknown = await admin.list('/r/clients', 0).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(AdminRefused);
    expect(error).toMatchObject({ refusal: { why } });
  });

  it('makes no path that climbs', () => {
    expect(pathOf('a/b', 'ü ?')).toBe('/a%2Fb/%C3%BC%20%3F');
    for (const name of ['..', '.', '']) expect(() => pathOf('r', name)).toThrow('cannot stand in a URL');
  });
});
