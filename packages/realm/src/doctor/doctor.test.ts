import type { GuardedFetch } from '@keyturn/net';
import type { Json } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { createFakeKeycloak } from '../testing/fake-keycloak.ts';
import { adminOf, applyFile, realmFrom } from '../testing/fixture.ts';
import { type DoctorSettings, exitCodeOf } from './check.ts';
import { checks, runDoctor } from './doctor.ts';
import { showFindings } from './show.ts';

const base = 'http://localhost:8041';
const issuer = `${base}/realms/aip`;
const tokenUrl = `${issuer}/protocol/openid-connect/token`;
const now = Date.parse('2026-11-22T12:00:00Z');

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly text?: string;
  readonly date?: string;
}
type Site = Readonly<Record<string, Reply | undefined>>;

const discovery = (at = base, named = issuer) => ({
  status: 200,
  body: {
    issuer: named,
    jwks_uri: `${at}/realms/aip/protocol/openid-connect/certs`,
    token_endpoint: `${at}/realms/aip/protocol/openid-connect/token`,
    introspection_endpoint: `${at}/realms/aip/protocol/openid-connect/token/introspect`,
  },
});
const jwks = {
  status: 200,
  body: {
    keys: [
      { kty: 'RSA', use: 'sig', alg: 'RS256' },
      { kty: 'RSA', use: 'enc', alg: 'RSA-OAEP' },
    ],
  },
};
const whole: Site = {
  [`${issuer}/.well-known/openid-configuration`]: discovery(),
  [issuer]: { status: 200, body: { realm: 'aip', public_key: 'x' } },
  [`${issuer}/protocol/openid-connect/certs`]: jwks,
  [tokenUrl]: {
    status: 400,
    body: { error: 'invalid_request', error_description: 'Missing form parameter: grant_type' },
  },
};

function fetchFrom(site: Site): GuardedFetch {
  const fetch = async (target: string | URL) => {
    const reply = site[String(target)];
    if (reply === undefined)
      return {
        ok: false as const,
        refusal: { why: 'dns' as const, url: String(target), host: 'nowhere', code: 'ENOTFOUND' },
      };
    const text = reply.text ?? (reply.body === undefined ? '<html>' : JSON.stringify(reply.body));
    const get = (name: string) => (name === 'date' ? (reply.date ?? null) : null);
    return {
      ok: true as const,
      value: { status: reply.status, headers: { get }, body: new Uint8Array(), text: () => text, url: '' },
    };
  };
  return Object.assign(fetch, {
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  });
}

async function look(site: Site, settings: Partial<DoctorSettings> = {}) {
  const findings = await runDoctor({
    settings: { keycloakUrl: base, realm: 'aip', ...settings },
    fetch: fetchFrom(site),
    clock: () => now,
  });
  return findings.filter(({ severity }) => severity === 'warning' || severity === 'error').map(({ check }) => check);
}

const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
const goodClaims = {
  iss: issuer,
  aud: ['aip-gateway', 'account'],
  azp: 'aip-agent-1',
  typ: 'Bearer',
  exp: now / 1000 + 300,
};

describe('what can be seen from outside', () => {
  it('is whole where nothing is wrong', async () => {
    expect(await look(whole, { audience: 'aip-gateway', subjects: ['aip-agent-1'], token: jwt(goodClaims) })).toEqual(
      [],
    );
  });

  const broken: readonly [string, Site, Partial<DoctorSettings>, string][] = [
    [
      'Keycloak is down',
      { ...whole, [`${issuer}/.well-known/openid-configuration`]: undefined },
      { jwksUrl: `${issuer}/protocol/openid-connect/certs` },
      'issuer',
    ],
    [
      'the realm is not there',
      {
        ...whole,
        [`${issuer}/.well-known/openid-configuration`]: { status: 404, body: { error: 'Realm does not exist' } },
      },
      {},
      'issuer',
    ],
    ['the issuer is another', whole, { issuer: 'https://id.example.com/realms/aip' }, 'issuer'],
    [
      'the issuer follows the host',
      {
        ...whole,
        'http://keycloak.svc:8080/realms/aip/.well-known/openid-configuration': discovery(
          'http://keycloak.svc:8080',
          'http://keycloak.svc:8080/realms/aip',
        ),
        'http://keycloak.svc:8080/realms/aip/protocol/openid-connect/certs': jwks,
      },
      { insideUrl: 'http://keycloak.svc:8080' },
      'alias',
    ],
    ['the key address is blocked', whole, { jwksUrl: 'http://keycloak.svc:8080/certs' }, 'keys'],
    [
      'the key address holds no key',
      { ...whole, 'http://x.localhost/certs': { status: 200, body: { keys: [] } } },
      { jwksUrl: 'http://x.localhost/certs' },
      'keys',
    ],
    ['another program holds the port', { ...whole, [issuer]: { status: 404 } }, {}, 'port'],
    ['a login proxy stands in front', { ...whole, [tokenUrl]: { status: 200 } }, {}, 'login-proxy'],
    [
      'clocks are apart',
      {
        ...whole,
        [`${issuer}/.well-known/openid-configuration`]: { ...discovery(), date: 'Sun, 22 Nov 2026 12:01:00 GMT' },
      },
      {},
      'clock',
    ],
    [
      'health has moved with the relative path',
      {
        'http://localhost:9000/auth/health/ready': { status: 200, body: { status: 'UP' } },
        'http://localhost:9000/health/ready': { status: 404 },
        'http://localhost:8041/auth/realms/aip': whole[issuer],
        'http://localhost:8041/auth/realms/aip/.well-known/openid-configuration': discovery(
          'http://localhost:8041/auth',
          'http://localhost:8041/auth/realms/aip',
        ),
        'http://localhost:8041/auth/realms/aip/protocol/openid-connect/certs': jwks,
        'http://localhost:8041/auth/realms/aip/protocol/openid-connect/token': whole[tokenUrl],
      },
      { keycloakUrl: 'http://localhost:8041/auth', managementUrl: 'http://localhost:9000' },
      'health',
    ],
    [
      'the token is of another issuer',
      whole,
      { token: jwt({ ...goodClaims, iss: 'http://localhost:8090/realms/aip' }) },
      'token',
    ],
    ['the token has another audience', whole, { audience: 'other', token: jwt(goodClaims) }, 'token'],
    ['the token’s identity is not allowed', whole, { subjects: ['aip-agent-2'], token: jwt(goodClaims) }, 'token'],
    ['an ID token was pasted', whole, { token: jwt({ ...goodClaims, typ: 'ID' }) }, 'token'],
    ['an opaque token was pasted', whole, { token: 'ktn_x' }, 'token'],
    ['the token has expired', whole, { token: jwt({ ...goodClaims, exp: 1 }) }, 'token'],
    [
      'the secret is another',
      {
        ...whole,
        [tokenUrl]: {
          status: 401,
          body: { error: 'unauthorized_client', error_description: 'Invalid client or Invalid client credentials' },
        },
      },
      { clientId: 'web', clientSecret: 'x' },
      'client-secret',
    ],
    [
      'introspection by a stranger',
      {
        ...whole,
        [`${tokenUrl}/introspect`]: { status: 200, body: { active: false } },
        [tokenUrl]: {
          status: 401,
          body: { error: 'unauthorized_client', error_description: 'Client not enabled to retrieve service account' },
        },
      },
      { token: jwt(goodClaims), clientId: 'web', clientSecret: 'x' },
      'introspection',
    ],
    [
      'back channel without a full URL',
      whole,
      { serverEnv: { KC_HOSTNAME_BACKCHANNEL_DYNAMIC: 'true', KC_HOSTNAME_STRICT: 'false' } },
      'server-settings',
    ],
    [
      'V1 features are on',
      whole,
      { serverEnv: { KC_FEATURES: 'token-exchange,admin-fine-grained-authz' } },
      'server-settings',
    ],
    [
      '--reuse-values dropped the key address',
      whole,
      { gatewaySettings: { KEYCLOAK_ISSUER: issuer } },
      'gateway-settings',
    ],
    [
      'a service is configured with an alias',
      whole,
      {
        issuer,
        gatewaySettings: { KEYCLOAK_ISSUER: 'https://identity.example.com/realms/aip', KEYCLOAK_JWKS_URL: 'x' },
      },
      'gateway-settings',
    ],
    [
      'verification is switched off',
      whole,
      { gatewaySettings: { KEYCLOAK_ISSUER: issuer, KEYCLOAK_JWKS_URL: 'x', VERIFY_AUDIENCE: 'false' } },
      'gateway-settings',
    ],
    [
      'a source without audience',
      {
        ...whole,
        'http://localhost:8040/api/v1/sources': {
          status: 200,
          body: { sources: [{ slug: 'menu', default_audience: '' }] },
        },
      },
      { keyturnUrl: 'http://localhost:8040', token: jwt(goodClaims) },
      'sources',
    ],
    [
      'the breaker is open',
      {
        ...whole,
        'http://localhost:9100/metrics': { status: 200, text: '# HELP x\nkeyturn_circuit_breaker_state 2\n' },
      },
      { keyturnManagementUrl: 'http://localhost:9100' },
      'breaker',
    ],
    [
      '--reuse-values dropped the role lists',
      whole,
      { gatewaySettings: { oidcIssuerURL: issuer, oidcAudience: 'a' } },
      'gateway-settings',
    ],
  ];
  it.each(broken)('%s', async (_, site, settings, check) => {
    expect(
      [...new Set(await look(site, settings))].filter((id) => id !== 'server-settings' || check === 'server-settings'),
    ).toEqual([check]);
  });

  it('plain HTTP outside this machine', async () => {
    const there: Site = Object.fromEntries(
      Object.entries(whole).map(([url, reply]) => [
        url.replaceAll('localhost', 'id.example.com'),
        reply === undefined
          ? undefined
          : (JSON.parse(JSON.stringify(reply).replaceAll('localhost', 'id.example.com')) as Reply),
      ]),
    );
    expect(await look(there, { keycloakUrl: 'http://id.example.com:8041' })).toEqual(['plain-http', 'plain-http']);
  });

  it('addresses in discovery that lead outside again', async () => {
    const site = { ...whole, 'http://keycloak.svc:8080/realms/aip/.well-known/openid-configuration': discovery() };
    expect(new Set(await look(site, { insideUrl: 'http://keycloak.svc:8080' }))).toEqual(new Set(['back-channel']));
  });
});

const exchanging = {
  clientId: 'x',
  fullScopeAllowed: false,
  attributes: { 'standard.token.exchange.enabled': 'true' },
};
const realm = {
  realm: 'aip',
  enabled: true,
  eventsEnabled: true,
  enabledEventTypes: ['TOKEN_EXCHANGE', 'TOKEN_EXCHANGE_ERROR'],
  clients: [exchanging],
};

async function lookInside(file: Json, settings: Partial<DoctorSettings> = {}, serverInfo?: object) {
  const fake = createFakeKeycloak();
  await applyFile(fake, file);
  if (serverInfo !== undefined) fake.serverInfo = { ...serverInfo };
  const findings = await runDoctor({
    settings: { keycloakUrl: base, realm: 'aip', ...settings },
    fetch: fetchFrom(whole),
    clock: () => now,
    admin: adminOf(fake),
  });
  return {
    fake,
    findings,
    wrong: findings.filter(({ severity }) => severity === 'warning' || severity === 'error').map(({ check }) => check),
  };
}

describe('what the admin API shows', () => {
  it('is whole where nothing is wrong', async () => {
    expect((await lookInside(realm)).wrong).toEqual([]);
  });

  const clientWith = (client: object) => ({ ...realm, clients: [{ ...exchanging, ...client }] });
  const broken: readonly [string, Json, Partial<DoctorSettings>, string][] = [
    ['full scope at an exchanging client', clientWith({ fullScopeAllowed: true }), {}, 'full-scope'],
    ['events switched off', { ...realm, eventsEnabled: false }, {}, 'events'],
    ['events of other types only', { ...realm, enabledEventTypes: ['LOGIN'] }, {}, 'events'],
    [
      'a PAT that the session caps',
      clientWith({ attributes: { 'standard.token.exchange.enabled': 'true', 'access.token.lifespan': '31536000' } }),
      {},
      'pat-lifespan',
    ],
    ['a user without a name', { ...realm, users: [{ username: 'johndoe', enabled: true }] }, {}, 'incomplete-users'],
    [
      'an audience mapper in ID tokens',
      clientWith({
        protocolMappers: [{ name: 'a', protocolMapper: 'oidc-audience-mapper', config: { 'id.token.claim': 'true' } }],
      }),
      {},
      'id-token-audience',
    ],
    [
      'a realm file that was not applied',
      realm,
      { realmFile: realmFrom({ ...realm, clients: [exchanging, { clientId: 'new' }] }) },
      'realm-file',
    ],
  ];
  it.each(broken)('%s', async (_, file, settings, check) => {
    expect((await lookInside(file, settings)).wrong).toEqual([check]);
  });

  it.each(['**********', '${KEYCLOAK_CLIENT_SECRET}'])('a secret that is %s', async (secret) => {
    const { fake } = await lookInside(realm);
    const client = fake.realms.get('aip')?.clients.at(-1);
    if (client !== undefined) client['secret'] = secret;
    const findings = await runDoctor({
      settings: { keycloakUrl: base, realm: 'aip' },
      fetch: fetchFrom(whole),
      clock: () => now,
      admin: adminOf(fake),
    });
    expect(findings.filter(({ severity }) => severity === 'error').map(({ check }) => check)).toEqual([
      'secret-stand-in',
    ]);
  });

  it('the wrong name of the exchange switch, and a client without basic', async () => {
    const { fake } = await lookInside(realm);
    const stored = fake.realms.get('aip');
    const client = stored?.clients.at(-1);
    if (stored === undefined || client === undefined) throw new Error('made above');
    client['attributes'] = { 'oauth2.token.exchange.grant.enabled': 'true' };
    stored.assigned.get(client.id)?.default.clear();
    const findings = await runDoctor({
      settings: { keycloakUrl: base, realm: 'aip' },
      fetch: fetchFrom(whole),
      clock: () => now,
      admin: adminOf(fake),
    });
    expect(
      findings.filter(({ severity }) => severity === 'error' || severity === 'warning').map(({ check }) => check),
    ).toEqual(['exchange-attribute', 'basic-scope']);
  });

  it('V1 features, a missing V2 and a server too old', async () => {
    const info = (version: string, name: string, enabled: boolean) => ({
      systemInfo: { version },
      features: [{ name, enabled }],
    });
    expect((await lookInside(realm, {}, info('26.7.3', 'TOKEN_EXCHANGE', true))).wrong).toEqual(['v1-leftovers']);
    expect((await lookInside(realm, {}, info('26.7.3', 'TOKEN_EXCHANGE_STANDARD_V2', false))).wrong).toEqual([
      'exchange-feature',
    ]);
    expect((await lookInside(realm, {}, info('26.1.0', 'X', true))).wrong).toEqual(['exchange-feature']);
  });

  it('an audience of a source that is no client, and a login client that hears of no logout', async () => {
    const { fake } = await lookInside({
      ...realm,
      clients: [exchanging, { clientId: 'site', standardFlowEnabled: true, redirectUris: ['http://a/*'] }],
    });
    const site = {
      ...whole,
      'http://localhost:8040/api/v1/sources': {
        status: 200,
        body: {
          sources: [
            { slug: 'menu', default_audience: 'nowhere' },
            { slug: 'ok', default_audience: 'x' },
          ],
        },
      },
    };
    const settings = { keycloakUrl: base, realm: 'aip', keyturnUrl: 'http://localhost:8040', token: jwt(goodClaims) };
    const findings = await runDoctor({ settings, fetch: fetchFrom(site), clock: () => now, admin: adminOf(fake) }, [
      'sources',
      'logout',
    ]);
    expect(findings.map(({ check, severity }) => `${check} ${severity}`)).toEqual(['logout note', 'sources error']);
  });

  it('a missing role is an error of the check that could not look, not health', async () => {
    const { fake } = await lookInside(realm);
    fake.intercept = (call) => (call.startsWith('GET /aip/clients') ? { status: 403 } : undefined);
    const findings = await runDoctor(
      {
        settings: { keycloakUrl: base, realm: 'aip' },
        fetch: fetchFrom(whole),
        clock: () => now,
        admin: adminOf(fake),
      },
      ['full-scope'],
    );
    expect(findings).toMatchObject([
      { severity: 'error', found: expect.stringContaining('lacks the role view-clients') },
    ]);
  });
});

describe('the doctor', () => {
  it('echoes no token and no secret', async () => {
    const token = jwt({ ...goodClaims, aud: 'x' });
    const site = { ...whole, [tokenUrl]: { status: 401, body: { error: 'invalid_client' } } };
    const findings = await runDoctor({
      settings: { keycloakUrl: base, realm: 'aip', token, audience: 'y', clientId: 'web', clientSecret: 'hush-hush' },
      fetch: fetchFrom(site),
      clock: () => now,
    });
    const text = JSON.stringify(findings) + showFindings(findings, { all: true });
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.split('.')[1]);
    expect(text).not.toContain('hush-hush');
  });

  it('says for each fault why it matters and what mends it', async () => {
    const { findings } = await lookInside({ ...realm, eventsEnabled: false });
    expect(showFindings(findings)).toContain('WARNING events: eventsEnabled: off\n        why:  details.reason');
    expect(showFindings(findings)).toContain('        mend: add the recipe events');
    expect(exitCodeOf(findings)).toBe(1);
  });

  it('leaves with 2 for errors, 1 for warnings and 0 otherwise, and names each check once', () => {
    const finding = (severity: 'ok' | 'note' | 'error') => ({ check: 'x', why: '', looked: '', found: '', severity });
    expect(exitCodeOf([finding('ok'), finding('error')])).toBe(2);
    expect(exitCodeOf([finding('ok'), finding('note')])).toBe(0);
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });
});
