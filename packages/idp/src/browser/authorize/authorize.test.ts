import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../../testing/index.ts';
import { testBrowser, textOfPage } from '../test-browser.ts';
import { addDemo, authorizeUrl, callback, parameterOf, redeem, signIn, startDemo } from '../test-realm.ts';

let idp: TestIdp;
beforeAll(async () => {
  idp = await startDemo();
});
afterAll(() => idp.close());

const ask = async (parameters: Readonly<Record<string, string>>) =>
  await testBrowser().get(authorizeUrl(idp, parameters));
const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url');

describe('an authorization request that cannot be trusted to lead back', () => {
  it.each([
    [{ redirect_uri: 'http://evil.example.com/cb' }, 'Invalid parameter: redirect_uri'],
    [{ redirect_uri: `${callback}?code=x` }, 'Invalid parameter: redirect_uri'],
    [{ redirect_uri: `${callback}#x` }, 'Invalid parameter: redirect_uri'],
    [{ redirect_uri: '' }, 'Invalid parameter: redirect_uri'],
    [{ client_id: 'nobody' }, 'Client not found.'],
    [{ client_id: '' }, 'Invalid Request'],
    [{ request_uri: 'urn:ietf:params:oauth:request_uri:unknown' }, 'Invalid Request'],
  ])('is answered on a page: %j', async (parameters, message) => {
    const page = await ask(parameters);
    expect(page.status).toBe(400);
    expect(page.location).toBe('');
    expect(page.html).toMatch(new RegExp(`id="kc-error-message"[^>]*><p class="instruction">${message}`));
  });

  it('is explained to whoever sets the client up, in the log and without its query', async () => {
    const lines: unknown[] = [];
    const keep = (facts: object, message: string): void => void lines.push({ message, ...facts });
    await using logged = await startDemo({}, { log: { debug: keep, info: keep, warn: keep, error: keep } });
    await testBrowser().get(authorizeUrl(logged, { redirect_uri: 'http://localhost:3001/callback?code=secret' }));
    expect(lines).toContainEqual({
      message: 'authorization request refused: invalid_redirect_uri',
      realm: 'demo',
      clientId: 'app',
      redirectUri: 'http://localhost:3001/callback',
      registered: [callback],
    });
  });

  it('is one with two redirect addresses, whichever is registered', async () => {
    const page = await testBrowser().get(`${authorizeUrl(idp)}&redirect_uri=http%3A%2F%2Fevil.example.com%2F`);
    expect(page.status).toBe(400);
  });
});

describe('a faulty authorization request', () => {
  const answer = (parameters: string): string =>
    `${callback}?${parameters}&state=st&iss=${encodeURIComponent(idp.issuer('demo'))}`;

  it.each([
    [{ response_type: 'banana' }, 'error=unsupported_response_type'],
    [{ response_type: 'code banana' }, 'error=unsupported_response_type'],
    [{ response_type: 'none' }, 'error=unsupported_response_type'],
    [{ response_mode: 'banana' }, 'error=invalid_request&error_description=Invalid+parameter%3A+response_mode'],
    [{ scope: 'openid nope' }, 'error=invalid_scope&error_description=Invalid+scopes%3A+openid+nope'],
    [{ prompt: 'none login' }, 'error=invalid_request&error_description=Invalid+parameter%3A+prompt'],
    [{ max_age: 'soon' }, 'error=invalid_request&error_description=Invalid+parameter%3A+max_age'],
    [
      { code_challenge: challenge, code_challenge_method: 'S512' },
      'error=invalid_request&error_description=Invalid+parameter%3A+code_challenge_method',
    ],
    [{ code_challenge: 'short' }, 'error=invalid_request&error_description=Invalid+parameter%3A+code_challenge'],
    [{ code_challenge_method: 'S256' }, 'error=invalid_request&error_description=Missing+parameter%3A+code_challenge'],
    [{ client_id: 'spa' }, 'error=invalid_request&error_description=Missing+parameter%3A+code_challenge_method'],
    [
      { client_id: 'spa', code_challenge: challenge, code_challenge_method: 'plain' },
      'error=invalid_request&error_description=Invalid+parameter%3A+code+challenge+method+is+not+matching+the+configured+one',
    ],
  ])('is answered to the client with state and issuer: %j', async (parameters, expected) => {
    const page = await ask(parameters);
    expect(page.status).toBe(302);
    expect(page.location).toBe(answer(expected));
  });

  it('is answered in the fragment where the implicit flow was asked for', async () => {
    const page = await ask({ response_type: 'id_token token' });
    expect(page.location).toMatch(`${callback}#error=unauthorized_client&error_description=Client+is+not+allowed`);
  });

  it('is one with a parameter twice', async () => {
    const page = await testBrowser().get(`${authorizeUrl(idp)}&scope=email`);
    expect(parameterOf(page, 'error_description')).toBe('duplicated parameter');
  });

  it('is one without response_type', async () => {
    const url = new URL(authorizeUrl(idp));
    url.searchParams.delete('response_type');
    const page = await testBrowser().get(url.href);
    expect(parameterOf(page, 'error_description')).toBe('Missing parameter: response_type');
  });
});

describe('an answer', () => {
  it('travels in the fragment or by form when asked to', async () => {
    const browser = testBrowser();
    await signIn(idp, browser);
    const fragment = await browser.get(authorizeUrl(idp, { response_mode: 'fragment' }));
    expect(fragment.location).toMatch(`${callback}#state=st&session_state=`);
    const posted = await browser.get(authorizeUrl(idp, { response_mode: 'form_post', state: '"><b>' }));
    expect(posted.status).toBe(200);
    expect(posted.html).toContain(`action="${callback}"`);
    expect(posted.html).toContain('name="state" value="&quot;&gt;&lt;b&gt;"');
    expect(posted.html).toMatch(/name="code" value="[0-9a-f-]{36}\./);
    // The one page with a script: it submits the form, and the button does where scripts are off.
    const script = /<script>(.*?)<\/script>/.exec(posted.html)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(posted.headers['content-security-policy']).toContain(`script-src 'sha256-${hash}'`);
    expect(posted.html).toContain('<button name="continue" type="submit">');
  });

  it('names the issuer, so that a client that talks to several cannot be mixed up (RFC 9207)', async () => {
    const done = await signIn(idp);
    expect(parameterOf(done, 'iss')).toBe(idp.issuer('demo'));
    const refused = await ask({ scope: 'nope' });
    expect(parameterOf(refused, 'iss')).toBe(idp.issuer('demo'));
  });

  it('keeps the query of the client’s own address', async () => {
    const other = await addDemo(idp, {
      clients: [{ clientId: 'app', secret: 's', redirectUris: [`${callback}*`] }],
    });
    const done = await signIn(other, testBrowser(), { redirect_uri: `${callback}?tenant=1` });
    expect(done.location).toMatch(`${callback}?tenant=1&state=st&session_state=`);
  });
});

describe('a pushed request', () => {
  const push = async (fields: Readonly<Record<string, string>>): Promise<string> => {
    const answer = await fetch(`${idp.issuer('demo')}/protocol/openid-connect/ext/par/request`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'app', client_secret: 'app-secret', ...fields }),
    });
    const body = (await answer.json()) as { readonly request_uri: string };
    return body.request_uri;
  };
  const withUri = (uri: string, clientId = 'app'): string =>
    `${idp.issuer('demo')}/protocol/openid-connect/auth?${new URLSearchParams({ client_id: clientId, request_uri: uri }).toString()}`;
  const request = { redirect_uri: callback, response_type: 'code', scope: 'openid', state: 'pushed' };

  it('is followed once, and only for its own client', async () => {
    const uri = await push(request);
    const browser = testBrowser();
    const page = await browser.get(withUri(uri));
    const done = await browser.submit(page, { username: 'ada', password: 'ada-pw' });
    expect(parameterOf(done, 'state')).toBe('pushed');
    expect((await redeem(idp, parameterOf(done, 'code'))).status).toBe(200);
    expect((await testBrowser().get(withUri(uri))).status).toBe(400);
    expect((await testBrowser().get(withUri(await push(request), 'spa'))).status).toBe(400);
  });

  it('is judged like any other', async () => {
    const page = await testBrowser().get(withUri(await push({ ...request, redirect_uri: 'http://evil.example.com/' })));
    expect(page.status).toBe(400);
    expect(textOfPage(page)).toContain('Invalid parameter: redirect_uri');
  });
});

describe('a resource in an authorization request', () => {
  const mcp = 'https://mcp.example.com/mcp';
  const other = 'https://other.example.com/';
  const mapper = (audience: string) => ({
    name: audience,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
  });
  const clients = [
    { clientId: 'app', secret: 'app-secret', redirectUris: [callback], protocolMappers: [mapper(mcp), mapper(other)] },
  ];
  const on = { clients, attributes: { 'resource.indicators.enabled': 'true' } };
  const tokensFor = async (realm: TestIdp, resource: string, more: Readonly<Record<string, string>> = {}) =>
    await redeem(realm, parameterOf(await signIn(realm, testBrowser(), { resource }), 'code'), more);

  it('is what the tokens are for, and the token request cannot widen it', async () => {
    const realm = await addDemo(idp, on);
    const { body } = await tokensFor(realm, mcp);
    expect(decodeJwt(String(body['access_token'])).aud).toBe(mcp);
    expect((await tokensFor(realm, mcp, { resource: other })).body['error']).toBe('invalid_target');
    expect((await tokensFor(realm, 'https://nobody.example.com/')).body['error']).toBe('invalid_target');
    const bad = await testBrowser().get(authorizeUrl(realm, { resource: '/mcp' }));
    expect(parameterOf(bad, 'error')).toBe('invalid_target');
  });

  it('is ignored unless the realm has that switched on', async () => {
    const { body } = await tokensFor(await addDemo(idp, { clients }), mcp);
    expect(decodeJwt(String(body['access_token'])).aud).toEqual(expect.arrayContaining([mcp, other]));
  });
});
