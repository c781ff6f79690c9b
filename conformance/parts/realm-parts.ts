// What the realms of the suites are made of, as Keycloak writes it.

/** A mapper that puts a client, or any text, among the audiences of access tokens and not of ID tokens. */
export function audienceMapper(name: string, kind: 'client' | 'custom' = 'client') {
  return {
    name: `audience-${name}`,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { [`included.${kind}.audience`]: name, 'access.token.claim': 'true', 'id.token.claim': 'false' },
  };
}

/** A client with a secret, its id and `-secret`, that may do nothing but what is said. */
export function clientOf(clientId: string, more: object = {}) {
  return {
    clientId,
    enabled: true,
    publicClient: false,
    secret: `${clientId}-secret`,
    standardFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    redirectUris: [],
    webOrigins: [],
    ...more,
  };
}

/** A person whose password is their name. */
export function userOf(
  realm: string,
  username: string,
  more: { roles?: readonly string[]; groups?: readonly string[] } = {},
) {
  const { roles = [], groups } = more;
  return {
    username,
    enabled: true,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: username,
    lastName: 'Test',
    credentials: [{ type: 'password', value: username, temporary: false }],
    realmRoles: [`default-roles-${realm}`, ...roles],
    ...(groups === undefined ? {} : { groups }),
  };
}
