import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser, textOfPage } from '../test-browser.ts';
import { authorizeUrl, callback, demoRealm, parameterOf, signIn, startDemo } from '../test-realm.ts';

let idp: TestIdp;
let key: CryptoKey;
let served = '';
const files = createServer((_request, response) => void response.end(served));
let filesUrl = '';

const unsigned = (claims: object): string =>
  `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
const signed = async (claims: Record<string, unknown>, by: CryptoKey = key): Promise<string> =>
  await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).setExpirationTime('5m').sign(by);

beforeAll(async () => {
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  const address = files.address();
  filesUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/object`;
  const pair = await generateKeyPair('ES256');
  key = pair.privateKey;
  const jwks = JSON.stringify({ keys: [await exportJWK(pair.publicKey)] });
  const base = { enabled: true, protocol: 'openid-connect', redirectUris: [callback], publicClient: true };
  const own = { 'use.jwks.string': 'true', 'jwks.string': jwks };
  idp = await startDemo({
    clients: [
      ...(demoRealm().clients ?? []),
      { ...base, clientId: 'strict', attributes: { ...own, 'request.object.signature.alg': 'ES256' } },
      { ...base, clientId: 'only', attributes: { 'request.object.required': 'request or request_uri' } },
      { ...base, clientId: 'far', attributes: { 'request.uris': filesUrl } },
    ],
  });
});
afterAll(async () => {
  await idp.close();
  files.close();
});

const ask = async (parameters: Readonly<Record<string, string>>) =>
  await testBrowser().get(authorizeUrl(idp, parameters));

describe('a request object', () => {
  it('says what the query leaves open, and wins where both speak', async () => {
    const request = unsigned({ client_id: 'app', state: 'inside', nonce: 'n', max_age: 60 });
    const page = await signIn(idp, testBrowser(), { request });
    expect(parameterOf(page, 'state')).toBe('inside');
  });

  it('leads nowhere that its client has not registered', async () => {
    const page = await ask({ request: unsigned({ redirect_uri: 'http://evil.example.com/' }) });
    expect(page.status).toBe(400);
    expect(textOfPage(page)).toContain('Invalid parameter: redirect_uri');
    // The address in the object counts, so one in the query that is wrong does no harm.
    const mended = unsigned({ redirect_uri: callback });
    expect((await ask({ redirect_uri: 'http://evil.example.com/', request: mended })).status).toBe(200);
  });

  it('signed by the client is taken where it must be, and none that is unsigned, foreign or old', async () => {
    const stranger = await generateKeyPair('ES256');
    const claims = { client_id: 'strict', state: 'inside' };
    expect((await ask({ client_id: 'strict', request: await signed(claims) })).status).toBe(200);
    const old = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).setExpirationTime(1).sign(key);
    for (const request of [unsigned(claims), await signed(claims, stranger.privateKey), old]) {
      const page = await ask({ client_id: 'strict', request });
      expect([page.status, page.location]).toEqual([400, '']);
    }
  });

  it.each([
    ['garbage', 'garbage'],
    ['e30.e30.', 'no algorithm'],
    [`${unsigned({ client_id: 'app' })}c2ln`, 'an unsigned one with a signature'],
    [unsigned({ client_id: 'spa' }), 'one of another client'],
    [unsigned({ response_type: 'token' }), 'one for another flow'],
  ])('is not followed: %s (%s)', async (request) => {
    const page = await ask({ request });
    expect([page.status, page.location]).toEqual([400, '']);
  });

  it('is asked for where the client may not do without', async () => {
    expect((await ask({ client_id: 'only' })).status).toBe(400);
    expect((await ask({ client_id: 'only', request: unsigned({ client_id: 'only' }) })).status).toBe(200);
  });

  it('is fetched from the registered address, and from no other', async () => {
    served = unsigned({ client_id: 'far', login_hint: 'ada-from-afar' });
    const page = await ask({ client_id: 'far', request_uri: filesUrl });
    expect(page.html).toContain('ada-from-afar');
    for (const request_uri of [`${filesUrl}?x`, 'http://169.254.169.254/', 'file:///etc/passwd']) {
      expect((await ask({ client_id: 'far', request_uri })).status).toBe(400);
    }
    expect((await ask({ client_id: 'far', request_uri: filesUrl, request: served })).status).toBe(400);
  });
});
