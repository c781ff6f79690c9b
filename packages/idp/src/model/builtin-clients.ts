import type { NewClient } from './clients.ts';
import type { IdpState } from './state.ts';

/** Roles of `realm-management` (and of the realm's client in master), with what each includes. */
export const managementRoles: Readonly<Record<string, readonly string[]>> = {
  'create-client': [],
  impersonation: [],
  'manage-authorization': [],
  'manage-clients': [],
  'manage-events': [],
  'manage-identity-providers': [],
  'manage-realm': [],
  'manage-users': [],
  'query-clients': [],
  'query-groups': [],
  'query-realms': [],
  'query-users': [],
  'view-authorization': [],
  'view-clients': ['query-clients'],
  'view-events': [],
  'view-identity-providers': [],
  'view-realm': [],
  'view-users': ['query-groups', 'query-users'],
};

/** Roles of the client `account`, with what each includes. */
export const accountRoles: Readonly<Record<string, readonly string[]>> = {
  'delete-account': [],
  'manage-account': ['manage-account-links'],
  'manage-account-links': [],
  'manage-consent': ['view-consent'],
  'view-applications': [],
  'view-consent': [],
  'view-groups': [],
  'view-profile': [],
};

/** The clients that every realm has, as Keycloak makes them. Roles and scope mappings are added by `createRealm`. */
export function builtinClients(realm: string, state: IdpState): readonly NewClient[] {
  const mapper = (name: string, protocolMapper: string, config: Readonly<Record<string, string>>) => ({
    id: state.newUuid(),
    name,
    protocol: 'openid-connect',
    protocolMapper,
    consentRequired: false,
    config,
  });
  const common = { attributes: { realm_client: 'false' }, fullScopeAllowed: false } as const;
  const logout = { ...common.attributes, 'post.logout.redirect.uris': '+' };
  return [
    {
      ...common,
      clientId: 'account',
      name: '${client_account}',
      rootUrl: '${authBaseUrl}',
      baseUrl: `/realms/${realm}/account/`,
      redirectUris: [`/realms/${realm}/account/*`],
      publicClient: true,
      attributes: logout,
    },
    {
      ...common,
      clientId: 'account-console',
      name: '${client_account-console}',
      rootUrl: '${authBaseUrl}',
      baseUrl: `/realms/${realm}/account/`,
      redirectUris: [`/realms/${realm}/account/*`],
      publicClient: true,
      attributes: { ...logout, 'pkce.code.challenge.method': 'S256' },
      protocolMappers: [mapper('audience resolve', 'oidc-audience-resolve-mapper', {})],
    },
    {
      ...common,
      clientId: 'admin-cli',
      name: '${client_admin-cli}',
      publicClient: true,
      standardFlowEnabled: false,
      directAccessGrantsEnabled: true,
      fullScopeAllowed: true,
      attributes: { ...common.attributes, 'client.use.lightweight.access.token.enabled': 'true' },
    },
    { ...common, clientId: 'broker', name: '${client_broker}', bearerOnly: true, attributes: { realm_client: 'true' } },
    {
      ...common,
      clientId: 'realm-management',
      name: '${client_realm-management}',
      bearerOnly: true,
      attributes: { realm_client: 'true' },
    },
    {
      ...common,
      clientId: 'security-admin-console',
      name: '${client_security-admin-console}',
      rootUrl: '${authAdminUrl}',
      baseUrl: `/admin/${realm}/console/`,
      redirectUris: [`/admin/${realm}/console/*`],
      webOrigins: ['+'],
      publicClient: true,
      fullScopeAllowed: true,
      attributes: {
        ...logout,
        'pkce.code.challenge.method': 'S256',
        'client.use.lightweight.access.token.enabled': 'true',
      },
      protocolMappers: [
        mapper('locale', 'oidc-usermodel-attribute-mapper', {
          'introspection.token.claim': 'true',
          'userinfo.token.claim': 'true',
          'user.attribute': 'locale',
          'id.token.claim': 'true',
          'access.token.claim': 'true',
          'claim.name': 'locale',
          'jsonType.label': 'String',
        }),
      ],
    },
  ];
}
