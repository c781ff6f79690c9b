/** The realm that both servers are measured on: a service account, and a user whose token is exchanged. */
export const benchRealm = {
  realm: 'keyturn-bench',
  enabled: true,
  accessTokenLifespan: 3600,
  clients: [
    { clientId: 'service', secret: 'service-secret', serviceAccountsEnabled: true, standardFlowEnabled: false },
    {
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [audience('exchanger')],
    },
    {
      clientId: 'exchanger',
      secret: 'exchanger-secret',
      attributes: { 'standard.token.exchange.enabled': 'true' },
      protocolMappers: [audience('upstream')],
    },
    { clientId: 'upstream', secret: 'upstream-secret' },
  ],
  users: [
    {
      username: 'johndoe',
      enabled: true,
      email: 'johndoe@example.com',
      emailVerified: true,
      firstName: 'John',
      lastName: 'Doe',
      credentials: [{ type: 'password', value: 'password' }],
      realmRoles: ['default-roles-keyturn-bench'],
    },
  ],
};

function audience(client: string) {
  const config = { 'included.client.audience': client, 'access.token.claim': 'true', 'id.token.claim': 'false' };
  return { name: `audience-${client}`, protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper', config };
}
