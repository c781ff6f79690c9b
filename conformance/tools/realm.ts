import type { RealmRepresentation } from '@keyturn/realm';

/** A name of its own, since the suites may share a Keycloak. */
export const realmName = 'keyturn-tools';

const audience = (name: string, kind: 'client' | 'custom') => ({
  name: `audience-${name}`,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { [`included.${kind}.audience`]: name, 'access.token.claim': 'true', 'id.token.claim': 'false' },
});

/** Users’ passwords are their names. The agent's tokens are for Keyturn's MCP URL and for its REST API. */
export function toolsRealm(mcpUrls: readonly string[], callbacks: readonly string[]): RealmRepresentation {
  const client = (clientId: string, more: object) => ({
    clientId,
    enabled: true,
    publicClient: false,
    secret: `${clientId}-secret`,
    standardFlowEnabled: false,
    directAccessGrantsEnabled: false,
    redirectUris: [],
    ...more,
  });
  const user = (username: string, roles: readonly string[] = []) => ({
    username,
    enabled: true,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: username,
    lastName: 'Test',
    credentials: [{ type: 'password', value: username, temporary: false }],
    realmRoles: [`default-roles-${realmName}`, ...roles],
  });
  return {
    realm: realmName,
    enabled: true,
    sslRequired: 'none',
    roles: { realm: [{ name: 'keyturn-admin' }] },
    clients: [
      client('agent', {
        publicClient: true,
        secret: undefined,
        directAccessGrantsEnabled: true,
        standardFlowEnabled: true,
        redirectUris: callbacks,
        protocolMappers: [audience('keyturn', 'client'), ...mcpUrls.map((url) => audience(url, 'custom'))],
      }),
      client('keyturn', {
        serviceAccountsEnabled: true,
        fullScopeAllowed: false,
        attributes: { 'standard.token.exchange.enabled': 'true' },
        protocolMappers: [audience('fixture', 'client')],
      }),
      client('fixture', {}),
    ],
    users: [user('john'), user('admin', ['keyturn-admin'])],
  };
}
