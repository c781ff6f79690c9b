import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdp } from '../testing/index.ts';
import { testBrowser } from './test-browser.ts';
import { callback, parameterOf, startDemo } from './test-realm.ts';

// A certified relying party: whatever of the standards our own tests have misread, it reads in its own way.

let idp: TestIdp;
beforeAll(async () => {
  idp = await startDemo({ oauth2DevicePollingInterval: 1 });
});
afterAll(() => idp.close());

const ada = { username: 'ada', password: 'ada-pw' };
const discover = async (clientId: string, secret?: string): Promise<client.Configuration> =>
  await client.discovery(
    new URL(idp.issuer('demo')),
    clientId,
    undefined,
    secret === undefined ? client.None() : client.ClientSecretBasic(secret),
    { execute: [client.allowInsecureRequests] },
  );

interface Asked {
  readonly parameters: Readonly<Record<string, string>>;
  readonly checks: client.AuthorizationCodeGrantChecks;
}

async function newRequest(scope = 'openid email'): Promise<Asked> {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  return {
    parameters: {
      redirect_uri: callback,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    },
    checks: { pkceCodeVerifier, expectedState, expectedNonce },
  };
}

describe('openid-client', () => {
  it('completes code flow, userinfo, refresh and logout', async () => {
    const config = await discover('app', 'app-secret');
    const { parameters, checks } = await newRequest();
    const browser = testBrowser();
    const page = await browser.get(client.buildAuthorizationUrl(config, parameters).href);
    const done = await browser.submit(page, ada);
    const tokens = await client.authorizationCodeGrant(config, new URL(done.location), { ...checks, maxAge: 60 });
    const claims = tokens.claims();
    expect(claims?.['email']).toBe('ada@example.com');
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '');
    expect(userinfo['preferred_username']).toBe('ada');
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(fresh.claims()?.sub).toBe(claims?.sub);
    const end = client.buildEndSessionUrl(config, {
      id_token_hint: fresh.id_token ?? '',
      post_logout_redirect_uri: callback,
      state: 'bye',
    });
    expect((await browser.get(end.href)).location).toBe(`${callback}?state=bye`);
    await expect(client.refreshTokenGrant(config, fresh.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('completes the code flow as a public client, by pushed request, and by form', async () => {
    const config = await discover('spa');
    const first = await newRequest();
    const browser = testBrowser();
    const page = await browser.get(client.buildAuthorizationUrl(config, first.parameters).href);
    const done = await browser.submit(page, ada);
    await client.authorizationCodeGrant(config, new URL(done.location), first.checks);

    const pushed = await newRequest();
    const url = await client.buildAuthorizationUrlWithPAR(config, pushed.parameters);
    await client.authorizationCodeGrant(config, new URL((await browser.get(url.href)).location), pushed.checks);

    const posted = await newRequest();
    const asked = client.buildAuthorizationUrl(config, { ...posted.parameters, response_mode: 'form_post' });
    const form = (await browser.get(asked.href)).html;
    const fields = [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    const answer = new Request(callback, { method: 'POST', body: new URLSearchParams(fields) });
    const tokens = await client.authorizationCodeGrant(config, answer, posted.checks);
    expect(tokens.claims()?.nonce).toBe(posted.checks.expectedNonce);
  });

  it('binds a code and its tokens to a DPoP key', async () => {
    const config = await discover('spa');
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const { parameters, checks } = await newRequest();
    const browser = testBrowser();
    const bound = { ...parameters, dpop_jkt: await DPoP.calculateThumbprint() };
    const done = await browser.submit(await browser.get(client.buildAuthorizationUrl(config, bound).href), ada);
    const tokens = await client.authorizationCodeGrant(config, new URL(done.location), checks, {}, { DPoP });
    expect(tokens.token_type.toLowerCase()).toBe('dpop');
    const again = await newRequest();
    const asked = { ...again.parameters, dpop_jkt: await DPoP.calculateThumbprint() };
    const next = await browser.get(client.buildAuthorizationUrl(config, asked).href);
    await expect(client.authorizationCodeGrant(config, new URL(next.location), again.checks)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('completes the device flow', async () => {
    const config = await discover('tv');
    const waiting = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
    const browser = testBrowser();
    const login = await browser.get(waiting.verification_uri_complete ?? '');
    const consent = await browser.follow(await browser.submit(login, ada));
    await browser.submit(consent, { accept: 'Yes' });
    const tokens = await client.pollDeviceAuthorizationGrant(config, waiting);
    expect(tokens.claims()?.sub).toBeTypeOf('string');
  });

  it('is not mixed up: it refuses an answer of another issuer, and its own answers name theirs', async () => {
    const config = await discover('app', 'app-secret');
    const { parameters, checks } = await newRequest();
    const browser = testBrowser();
    const page = await browser.get(client.buildAuthorizationUrl(config, parameters).href);
    const answer = new URL((await browser.submit(page, ada)).location);
    const foreign = new URL(answer);
    foreign.searchParams.set('iss', 'https://evil.example.com');
    await expect(client.authorizationCodeGrant(config, foreign, checks)).rejects.toMatchObject({
      code: 'OAUTH_INVALID_RESPONSE',
    });
    const silent = new URL(answer);
    silent.searchParams.delete('iss');
    await expect(client.authorizationCodeGrant(config, silent, checks)).rejects.toMatchObject({
      code: 'OAUTH_INVALID_RESPONSE',
    });
    expect(parameterOf({ ...page, location: answer.href }, 'iss')).toBe(idp.issuer('demo'));
  });
});
