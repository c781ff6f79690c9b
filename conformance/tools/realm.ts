import type { RealmRepresentation } from '@keyturn/realm';
import { audienceMapper, clientOf, userOf } from '../parts/realm-parts.ts';

/** A name of its own, since the suites may share a Keycloak. */
export const realmName = 'keyturn-tools';

/** Users’ passwords are their names. The agent's tokens are for Keyturn's MCP URL and for its REST API. */
export function toolsRealm(mcpUrls: readonly string[], callbacks: readonly string[]): RealmRepresentation {
  return {
    realm: realmName,
    enabled: true,
    sslRequired: 'none',
    roles: { realm: [{ name: 'keyturn-admin' }] },
    clients: [
      clientOf('agent', {
        publicClient: true,
        secret: undefined,
        directAccessGrantsEnabled: true,
        standardFlowEnabled: true,
        redirectUris: callbacks,
        protocolMappers: [audienceMapper('keyturn'), ...mcpUrls.map((url) => audienceMapper(url, 'custom'))],
      }),
      clientOf('keyturn', {
        serviceAccountsEnabled: true,
        fullScopeAllowed: false,
        attributes: { 'standard.token.exchange.enabled': 'true' },
        protocolMappers: [audienceMapper('fixture')],
      }),
      clientOf('fixture'),
    ],
    users: [userOf(realmName, 'john'), userOf(realmName, 'admin', { roles: ['keyturn-admin'] })],
  };
}
