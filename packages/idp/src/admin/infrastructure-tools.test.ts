import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIdp, type TestIdp } from '../testing/index.ts';

// Terraform's provider and keycloak-config-cli are not offered by the registries that our tests use. These are the
// requests that they make, in the shape in which they make them; each answer was compared with Keycloak 26.7.3.
let idp: TestIdp;
let token: string;

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
  /** The last segment of the Location header. */
  readonly id: string;
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${idp.url}/admin${path}`, {
    method,
    headers: { authorization: `bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const type = answer.headers.get('content-type');
  return {
    status: answer.status,
    type,
    body: type?.includes('json') === true && text !== '' ? JSON.parse(text) : text,
    id: answer.headers.get('location')?.split('/').at(-1) ?? '',
  };
}

beforeAll(async () => {
  idp = await startTestIdp();
  token = await idp.adminToken();
});
afterAll(async () => await idp.close());

// The provider sends every field of its schema, given or not.
const terraformRealm = {
  ...{ realm: 'infra', id: 'infra', enabled: true, displayName: 'Infra', displayNameHtml: '' },
  ...{ userManagedAccessAllowed: false, registrationAllowed: false, registrationEmailAsUsername: false },
  ...{ editUsernameAllowed: false, resetPasswordAllowed: false, rememberMe: false, verifyEmail: false },
  ...{ loginWithEmailAllowed: true, duplicateEmailsAllowed: false, sslRequired: 'external', smtpServer: {} },
  ...{ defaultSignatureAlgorithm: '', revokeRefreshToken: false, refreshTokenMaxReuse: 0 },
  ...{ internationalizationEnabled: false, supportedLocales: [], defaultLocale: '' },
  attributes: { team: 'platform', frontendUrl: '' },
  ...{ bruteForceProtected: false, permanentLockout: false, failureFactor: 30, waitIncrementSeconds: 60 },
  ...{ quickLoginCheckMilliSeconds: 1000, minimumQuickLoginWaitSeconds: 60, maxFailureWaitSeconds: 900 },
  ...{ maxDeltaTimeSeconds: 43_200, passwordPolicy: 'upperCase(1) and length(8) and notUsername(undefined)' },
};

const terraformClient = {
  ...{ clientId: 'web', name: 'web', protocol: 'openid-connect', clientAuthenticatorType: 'client-secret' },
  ...{ enabled: true, description: '', publicClient: false, bearerOnly: false, standardFlowEnabled: true },
  ...{ implicitFlowEnabled: false, directAccessGrantsEnabled: false, serviceAccountsEnabled: true },
  ...{ frontchannelLogout: false, authorizationServicesEnabled: false, redirectUris: ['http://localhost/cb'] },
  ...{ webOrigins: [], adminUrl: '', baseUrl: '', fullScopeAllowed: true, consentRequired: false },
  attributes: {
    ...{ 'pkce.code.challenge.method': '', 'access.token.lifespan': '', login_theme: '', 'use.refresh.tokens': 'true' },
    ...{ 'backchannel.logout.url': '', 'oauth2.device.authorization.grant.enabled': 'false' },
  },
  authenticationFlowBindingOverrides: { browser: '', direct_grant: '' },
  alwaysDisplayInConsole: false,
};

describe('Terraform’s provider', () => {
  it('asks the server for its version, themes and password policies before it plans', async () => {
    const { body } = await call('GET', '/serverinfo');
    expect(body).toMatchObject({
      systemInfo: { version: '26.7.3' },
      providers: { 'password-policy': { providers: { upperCase: {}, length: {}, notUsername: {} } } },
      themes: { login: [{ name: 'keycloak' }, { name: 'keycloak.v2' }], account: [{ name: 'keycloak.v3' }] },
    });
  });

  it('makes a realm, reads it back as it sent it, and changes it', async () => {
    expect(await call('POST', '/realms', terraformRealm)).toMatchObject({ status: 201, id: 'infra' });
    const { body } = await call('GET', '/realms/infra');
    const { attributes, supportedLocales: _none, ...plain } = terraformRealm;
    expect(body).toMatchObject(plain);
    expect(body).toMatchObject({ attributes: { team: attributes.team } });
    expect(body).not.toHaveProperty('supportedLocales');
    const changed = { ...terraformRealm, displayName: 'Changed', browserFlow: 'browser' };
    expect((await call('PUT', '/realms/infra', changed)).status).toBe(204);
    expect((await call('GET', '/realms/infra')).body).toMatchObject({ displayName: 'Changed' });
  });

  it('makes a client with every field empty, and takes no empty text for a setting', async () => {
    const { id } = await call('POST', '/realms/infra/clients', terraformClient);
    const { body } = await call('GET', `/realms/infra/clients/${id}`);
    expect(body).toMatchObject({
      clientId: 'web',
      redirectUris: ['http://localhost/cb'],
      serviceAccountsEnabled: true,
    });
    expect((body as typeof terraformClient).attributes).not.toHaveProperty('access.token.lifespan');
    expect((await call('GET', `/realms/infra/clients/${id}/client-secret`)).body).toMatchObject({ type: 'secret' });
    expect((await call('PUT', `/realms/infra/clients/${id}`, { ...terraformClient, id })).status).toBe(204);
  });

  it('makes an audience mapper of two fields of which one is empty', async () => {
    const { id: scope } = await call('POST', '/realms/infra/client-scopes', {
      ...{ name: 'orders', description: '', protocol: 'openid-connect' },
      attributes: { 'display.on.consent.screen': 'true', 'consent.screen.text': '', 'gui.order': '' },
    });
    const mappers = `/realms/infra/client-scopes/${scope}/protocol-mappers/models`;
    const { id } = await call('POST', mappers, {
      ...{ name: 'aud', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
      config: { 'included.client.audience': '', 'included.custom.audience': 'api', 'access.token.claim': 'true' },
    });
    expect((await call('GET', `${mappers}/${id}`)).body).toMatchObject({
      config: {
        'included.custom.audience': 'api',
        'access.token.claim': 'true',
        'introspection.token.claim': 'true',
      },
    });
    expect(JSON.stringify((await call('GET', `${mappers}/${id}`)).body)).not.toContain('included.client.audience');
    expect((await call('PUT', `/realms/infra/default-optional-client-scopes/${scope}`)).status).toBe(204);
    expect((await call('GET', '/realms/infra/default-optional-client-scopes')).body).toEqual(
      expect.arrayContaining([{ id: scope, name: 'orders', protocol: 'openid-connect' }]),
    );
  });

  it('sets a text of a language, alone', async () => {
    const key = '/realms/infra/localization/en/greeting';
    await fetch(`${idp.url}/admin${key}`, {
      method: 'PUT',
      headers: { authorization: `bearer ${token}`, 'content-type': 'text/plain' },
      body: 'Hello',
    });
    expect((await call('GET', key)).body).toBe('Hello');
    expect((await call('GET', '/realms/infra/localization/en')).body).toEqual({ greeting: 'Hello' });
    expect((await call('DELETE', key)).status).toBe(204);
    expect((await call('GET', key)).status).toBe(404);
  });
});

describe('keycloak-config-cli', () => {
  it('keeps what it did in realm attributes, which a later run reads', async () => {
    const attributes = {
      'de.adorsys.keycloak.config.import-checksum-default': 'abc',
      'de.adorsys.keycloak.config.state-default-clients-0': '["web"]',
    };
    expect((await call('PUT', '/realms/infra', { realm: 'infra', attributes })).status).toBe(204);
    expect((await call('GET', '/realms/infra')).body).toMatchObject({ attributes });
  });

  it('raises and lowers required actions', async () => {
    const path = '/realms/infra/authentication/required-actions';
    const aliases = async (): Promise<readonly string[]> =>
      ((await call('GET', path)).body as readonly { readonly alias: string }[]).map((it) => it.alias);
    const before = await aliases();
    const [first = '', second = ''] = before;
    expect((await call('POST', `${path}/${second}/raise-priority`)).status).toBe(204);
    expect((await aliases()).slice(0, 2)).toEqual([second, first]);
    expect((await call('POST', `${path}/${second}/raise-priority`)).status).toBe(204);
    expect((await call('POST', `${path}/${second}/lower-priority`)).status).toBe(204);
    expect(await aliases()).toEqual(before);
  });

  it('reads the providers that flows are made of', async () => {
    const path = '/realms/infra/authentication';
    const idsOf = async (kind: string): Promise<readonly string[]> =>
      ((await call('GET', `${path}/${kind}`)).body as readonly { readonly id: string }[]).map((it) => it.id);
    expect(await idsOf('authenticator-providers')).toEqual(expect.arrayContaining(['auth-cookie', 'auth-otp-form']));
    expect(await idsOf('form-providers')).toEqual(['registration-page-form']);
    expect(await idsOf('client-authenticator-providers')).toContain('client-secret');
    expect((await call('GET', `${path}/config-description/auth-otp-form`)).body).toMatchObject({ name: 'OTP Form' });
  });
});

describe('kcadm', () => {
  it('reads an error of the token endpoint only where its type is JSON and nothing more', async () => {
    const answer = await fetch(`${idp.issuer('master')}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'no' }),
    });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect((await call('GET', '/realms/infra')).type).toBe('application/json;charset=UTF-8');
    expect((await call('GET', '/realms/nowhere')).type).toBe('application/json');
  });

  it('clears caches, of which there are none', async () => {
    for (const cache of ['realm', 'user', 'keys']) {
      expect((await call('POST', `/realms/infra/clear-${cache}-cache`)).status).toBe(204);
    }
  });
});
