import { createPrivateKey } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testBrowser, textOfPage } from '../../browser/test-browser.ts';
import { selfSigned } from '../../keys/certificate.ts';
import { startTestIdp, type TestIdp } from '../../testing/index.ts';
import { fixedTestRsaKeys } from '../../testing/fixed-keys.ts';

// A client metadata document behind real TLS, by the certificate of a test key that this process trusts meanwhile.
let server: Server;
let host = '';
let asked = 0;
let answer: { readonly status?: number; readonly location?: string; readonly body: string };
let idp: TestIdp;
let strict: TestIdp;
const trustedBefore = getCACertificates('default');

const realm = (attributes: Readonly<Record<string, string>>) => ({
  cimd: { users: { ann: {} }, settings: { attributes } },
});

beforeAll(async () => {
  const key = createPrivateKey({ key: Buffer.from(fixedTestRsaKeys[0] ?? '', 'base64'), format: 'der', type: 'pkcs8' });
  const base64 = selfSigned(key, 'localhost', Math.floor(Date.now() / 1000) - 60, Buffer.from([1]));
  const cert = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  setDefaultCACertificates([...trustedBefore, cert]);
  server = createServer({ key: key.export({ type: 'pkcs8', format: 'pem' }), cert }, (_request, response) => {
    asked += 1;
    const location = answer.location === undefined ? {} : { location: answer.location };
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...location }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  host = `localhost:${typeof address === 'object' ? address?.port : 0}`;
  const on = realm({ 'cimd.enabled': 'true', 'cimd.trusted.domains': host });
  idp = await startTestIdp(on, { allowPrivateHosts: ['localhost', '127.0.0.0/8'] });
  strict = await startTestIdp(on);
});
afterAll(async () => {
  await Promise.all([idp.close(), strict.close()]);
  server.close();
  setDefaultCACertificates(trustedBefore);
});
beforeEach(() => {
  asked = 0;
});

const callback = 'http://127.0.0.1:33418/cb';
const documentAt = (url: string, more: object = {}): string =>
  JSON.stringify({ client_id: url, client_name: 'Reader <b>', redirect_uris: [callback], ...more });
const login = async (at: TestIdp, clientId: string) => {
  const query = new URLSearchParams({
    ...{ client_id: clientId, redirect_uri: callback, response_type: 'code', scope: 'openid', state: 'st' },
    ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
  });
  const browser = testBrowser();
  return { browser, page: await browser.get(`${at.issuer('cimd')}/protocol/openid-connect/auth?${query.toString()}`) };
};

describe('a client that is a metadata document', () => {
  it('is fetched once, asks the person for consent by its name, and gets its tokens with PKCE', async () => {
    const url = `https://${host}/good.json`;
    answer = { body: documentAt(url) };
    const { browser, page } = await login(idp, url);
    const consent = await browser.follow(await browser.submit(page, { username: 'ann', password: 'ann' }));
    expect(textOfPage(consent)).toContain('Reader <b>');
    const done = await browser.submit(consent, { accept: 'Yes' });
    expect(done.location).toMatch(/^http:\/\/127\.0\.0\.1:33418\/cb\?/);
    const { status, body } = await idp.tokenAnswer('cimd', {
      ...{ grant_type: 'authorization_code', client_id: url, redirect_uri: callback },
      code: new URL(done.location).searchParams.get('code') ?? '',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    });
    expect([status, typeof body['access_token']]).toEqual([200, 'string']);
    expect(asked).toBe(1);
  });

  it.each([
    ['names another', (url: string) => ({ body: documentAt(`${url}?x`) })],
    [
      'holds a secret',
      (url: string) => ({ body: documentAt(url, { token_endpoint_auth_method: 'client_secret_basic' }) }),
    ],
    ['leads elsewhere', (url: string) => ({ body: documentAt(url, { redirect_uris: ['https://evil.example/'] }) })],
    ['is no JSON', () => ({ body: '<html>' })],
    ['is gone', (url: string) => ({ status: 404, body: documentAt(url) })],
    ['is too big', (url: string) => ({ body: documentAt(url, { filler: 'x'.repeat(20 * 1024 * 1024) }) })],
    [
      'redirects',
      (url: string) => ({ status: 302, location: url.replace(/[^/]*$/, 'good.json'), body: documentAt(url) }),
    ],
  ])('is unknown if its document %s', async (what, make) => {
    const url = `https://${host}/${encodeURIComponent(what)}.json`;
    answer = make(url);
    const { page } = await login(idp, url);
    expect([page.status, page.location]).toEqual([400, '']);
    expect(textOfPage(page)).toContain('Client not found.');
    // Once: it was looked at, and no redirect was followed.
    expect(asked).toBe(1);
  });

  it('is not even asked for on a private host, unless the operator allowed that by name', async () => {
    const url = `https://${host}/private.json`;
    answer = { body: documentAt(url) };
    expect((await login(strict, url)).page.status).toBe(400);
    expect(asked).toBe(0);
  });
});
