import { describe, expect, it } from 'vitest';
import { parseRealmDeclaration, showRealmFileFault } from '../file/parse.ts';

function expand(text: string) {
  const parsed = parseRealmDeclaration(text, { path: 'realm.yaml', env: { S: 's3cret' } });
  if (!parsed.ok) throw new Error(parsed.refusal.map(showRealmFileFault).join('\n'));
  return parsed.value;
}
const clientOf = (text: string, clientId: string) =>
  expand(text).representation.clients?.find((client) => client.clientId === clientId);
const faults = (text: string) => {
  const parsed = parseRealmDeclaration(text, { path: 'realm.yaml', env: {} });
  return parsed.ok ? [] : parsed.refusal.map(showRealmFileFault);
};

describe('the recipe agent', () => {
  const text = 'realm: aip\nrecipes:\n  - agent: { clientId: aip-agent-1, secret: "${S}" }\n';
  it('is the guide’s service account and audience mapper, but keeps the audience out of ID tokens', () => {
    expect(clientOf(text, 'aip-agent-1')).toEqual({
      clientId: 'aip-agent-1',
      enabled: true,
      publicClient: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      directAccessGrantsEnabled: false,
      clientAuthenticatorType: 'client-secret',
      secret: 's3cret',
      protocolMappers: [
        {
          name: 'audience-aip-gateway',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: {
            'included.custom.audience': 'aip-gateway',
            'id.token.claim': 'false',
            'access.token.claim': 'true',
          },
        },
      ],
    });
  });
  it('turns full scope off only when strict', () => {
    expect(clientOf('realm: a\nrecipes: [{agent: {clientId: x, strict: true, roles: [app-user]}}]', 'x')).toMatchObject(
      { fullScopeAllowed: false },
    );
    expect(
      expand('realm: a\nrecipes: [{agent: {clientId: x, strict: true, roles: [app-user]}}]').representation
        .scopeMappings,
    ).toEqual([{ client: 'x', roles: ['app-user'] }]);
  });
});

describe('the recipe login-client', () => {
  const logoutUrl = (options: string) =>
    clientOf(`realm: a\nrecipes: [{login-client: {${options}}}]`, 'myclient')?.attributes?.['backchannel.logout.url'];
  it('has Keyturn told of logouts where logins come back to Keyturn, and others where they say', () => {
    const keyturn = 'redirectUris: ["https://keyturn.example.com/login/callback"]';
    expect(logoutUrl(keyturn)).toBe('https://keyturn.example.com/backchannel-logout');
    expect(logoutUrl(`${keyturn}, backchannelLogoutUrl: "https://b.example/out"`)).toBe('https://b.example/out');
    expect(logoutUrl('redirectUris: ["https://app.example.com/*"]')).toBeUndefined();
  });
});

describe('the recipe pat-issuer', () => {
  it('has full scope off, the right switch and no idle or session attribute that Keycloak refuses', () => {
    const client = clientOf('realm: volundr\nrecipes: [pat-issuer]', 'volundr-pat-issuer');
    expect(client).toMatchObject({
      fullScopeAllowed: false,
      serviceAccountsEnabled: false,
      attributes: { 'standard.token.exchange.enabled': 'true', 'access.token.lifespan': '31536000' },
    });
    expect(Object.keys(client?.attributes ?? {})).toHaveLength(2);
  });
  it('raises the realm’s session maximum only where a token is to outlive it', () => {
    expect(expand('realm: v\nrecipes: [pat-issuer]').representation.ssoSessionMaxLifespan).toBe(31_536_000);
    expect(
      expand('realm: v\nrecipes: [{pat-issuer: {lifetime: 3600}}]').representation.ssoSessionMaxLifespan,
    ).toBeUndefined();
    expect(
      expand('realm: v\nrecipes: [{pat-issuer: {kind: reference}}]').representation.ssoSessionMaxLifespan,
    ).toBeUndefined();
  });
  it('puts the issuer into the audience of the clients that people use, which must exist', () => {
    const { representation, extended } = expand(
      'realm: v\nrecipes: [pat-issuer]\nclients: [{clientId: volundr-cli, publicClient: true}]',
    );
    expect([...extended]).toEqual(['volundr-web']);
    expect(representation.clients?.find((client) => client.clientId === 'volundr-cli')).toMatchObject({
      publicClient: true,
      protocolMappers: [{ config: { 'included.client.audience': 'volundr-pat-issuer' } }],
    });
  });
});

describe('the recipe token-exchange', () => {
  it('gives the requester a default scope with an audience mapper for each upstream, and no built-in scope is lost', () => {
    const { representation } = expand(
      'realm: t\nrecipes: [{token-exchange: {upstreams: [pizzeria-backend, {audience: bar, scope: s, optional: true}]}}]',
    );
    expect(
      representation.clientScopes?.map((scope) => [
        scope.name,
        scope.protocolMappers?.[0]?.config?.['included.client.audience'],
      ]),
    ).toEqual([
      ['pizzeria-audience', 'pizzeria-backend'],
      ['s', 'bar'],
    ]);
    expect(representation.clients?.find((client) => client.clientId === 'tools-provider-token-exchange')).toMatchObject(
      { fullScopeAllowed: false, defaultClientScopes: ['pizzeria-audience'], optionalClientScopes: ['s'] },
    );
  });
});

describe('recipes together', () => {
  it('add up, and the file’s own word holds over theirs', () => {
    const text = `realm: t
ssoSessionMaxLifespan: 7200
recipes: [pat-issuer, events, {token-exchange: {clientId: x, upstreams: [a]}}, {token-exchange: {clientId: x, upstreams: [b], roles: ['r', 'realm-management:view-users']}}]
clients: [{clientId: x, description: mine, defaultClientScopes: [c], fullScopeAllowed: true}]`;
    const { representation } = expand(text);
    expect(representation.ssoSessionMaxLifespan).toBe(7200);
    expect(representation.eventsEnabled).toBe(true);
    const client = representation.clients?.find(({ clientId }) => clientId === 'x');
    expect(client).toMatchObject({
      description: 'mine',
      fullScopeAllowed: true,
      defaultClientScopes: ['a-audience', 'b-audience', 'c'],
    });
    expect(representation.clientScopeMappings).toEqual({
      'realm-management': [{ client: 'x', roles: ['view-users'] }],
    });
    expect('recipes' in representation).toBe(false);
  });
});

describe('a fault in a recipe', () => {
  it.each([
    [
      'recipes: [agnet]',
      'realm.yaml:2:11: recipes[0]: names no recipe; there are pat-issuer, agent, reviewer, token-exchange, login-client, mcp, events',
    ],
    [
      'recipes: [{agent: {clientID: x}}]',
      'realm.yaml:2:19: recipes[0].agent.clientId: Invalid input: expected string, received undefined',
    ],
    ['recipes: {agent: {}}', 'realm.yaml:2:10: recipes: must be a list, each entry one recipe with its options'],
    [
      'recipes: [{mcp: {url: "https://m.test/mcp", registration: dcr}}]',
      'realm.yaml:2:17: recipes[0].mcp.trustedHosts: registration needs trustedHosts: without them either nobody or everybody could register',
    ],
  ])('%s', (line, message) => {
    expect(faults(`realm: a\n${line}`)[0]).toBe(message);
  });
});

it('every part of every recipe names the guide’s step that it replaces', () => {
  const { used } = expand(
    'realm: a\nrecipes: [pat-issuer, {agent: {clientId: a}}, {reviewer: {clientId: r}}, {token-exchange: {upstreams: [u]}}, {login-client: {redirectUris: ["http://a/*"]}}, {mcp: {url: "https://m.test/mcp", registration: cimd, trustedHosts: [m.test]}}, events]',
  );
  expect(used.map(({ name }) => name)).toEqual([
    'pat-issuer',
    'agent',
    'reviewer',
    'token-exchange',
    'login-client',
    'mcp',
    'events',
  ]);
  for (const { parts } of used) for (const part of parts) expect(part.replaces).toMatch(/\w+.*[,:]/);
});
