import { epochMilliseconds } from '@keyturn/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { type TestBrowser, type TestPage, testBrowser, textOfPage } from '../test-browser.ts';
import { startDemo } from '../test-realm.ts';

let idp: TestIdp;
let now = Date.now();
beforeAll(async () => {
  idp = await startDemo({}, { clock: () => epochMilliseconds(now) });
});
afterAll(() => idp.close());
beforeEach(() => {
  now += 60_000;
});

const ada = { username: 'ada', password: 'ada-pw' };

async function begin(
  clientId = 'tv',
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, string>> }> {
  const answer = await fetch(`${idp.issuer('demo')}/protocol/openid-connect/auth/device`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      scope: 'openid',
      ...(clientId === 'tv' ? {} : { client_secret: `${clientId}-secret` }),
    }),
  });
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, string>> };
}

const poll = async (deviceCode: string, clientId = 'tv') => {
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: clientId,
    device_code: deviceCode,
  };
  const { status, body } = await idp.tokenAnswer('demo', form);
  return { status, error: body['error'], body };
};

async function approve(browser: TestBrowser, userCode: string, answer: 'accept' | 'cancel'): Promise<TestPage> {
  const page = await browser.get(`${idp.issuer('demo')}/device`);
  const login = await browser.submit(page, { device_user_code: userCode.toLowerCase().replace('-', ' ') });
  const consent = await browser.follow(await browser.submit(login, ada));
  expect(textOfPage(consent)).toContain(userCode);
  return await browser.follow(await browser.submit(consent, { [answer]: 'x' }));
}

describe('a device', () => {
  it('gets its codes and where to type them', async () => {
    const { status, body } = await begin();
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'device_code',
      'user_code',
      'verification_uri',
      'verification_uri_complete',
      'expires_in',
      'interval',
    ]);
    expect(body['user_code']).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(body['verification_uri']).toBe(`${idp.issuer('demo')}/device`);
    expect([body['expires_in'], body['interval']]).toEqual([600, 5]);
  });

  it('waits, is told to slow down, and gets its tokens once when somebody has approved', async () => {
    const { body } = await begin();
    const code = body['device_code'] ?? '';
    expect((await poll(code)).error).toBe('authorization_pending');
    now += 2000;
    expect((await poll(code)).error).toBe('slow_down');
    const done = await approve(testBrowser(), body['user_code'] ?? '', 'accept');
    expect(textOfPage(done)).toContain('Device Login Successful');
    now += 5000;
    const answer = await poll(code);
    expect(answer.status).toBe(200);
    expect(String(answer.body['id_token'])).toMatch(/^eyJ/);
    now += 5000;
    expect((await poll(code)).error).toBe('expired_token');
  });

  it('is told when somebody said no', async () => {
    const { body } = await begin();
    const done = await approve(testBrowser(), body['user_code'] ?? '', 'cancel');
    expect(textOfPage(done)).toContain('Consent denied');
    expect((await poll(body['device_code'] ?? '')).error).toBe('access_denied');
  });

  it('is asked about even in a browser that is signed in', async () => {
    const browser = testBrowser();
    await approve(browser, (await begin()).body['user_code'] ?? '', 'accept');
    const second = (await begin()).body;
    const next = await browser.get(second['verification_uri_complete'] ?? '');
    expect((await browser.follow(next)).html).toContain('kc-oauth');
    expect((await poll(second['device_code'] ?? '')).error).toBe('authorization_pending');
  });

  it('waits no longer than its code lives', async () => {
    const { body } = await begin();
    now += 600_000;
    expect((await poll(body['device_code'] ?? '')).error).toBe('expired_token');
    const browser = testBrowser();
    const page = await browser.get(`${idp.issuer('demo')}/device`);
    const refused = await browser.submit(page, { device_user_code: body['user_code'] ?? '' });
    expect(textOfPage(refused)).toContain('Invalid code, please try again.');
  });

  it('needs the switch of its client, and no other client gets what it waits for', async () => {
    const off = await begin('app');
    expect([off.status, off.body['error']]).toEqual([400, 'unauthorized_client']);
    expect(off.body['error_description']).toContain('The flow is disabled for the client.');
    const { body } = await begin();
    expect((await poll(body['device_code'] ?? '', 'spa')).error).toBe('unauthorized_client');
  });
});
