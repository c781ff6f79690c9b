import { claimMappers } from '../../claims/collect.ts';
import { type Answer, forbidden, json } from '../frame/answer.ts';
import type { AdminCall } from '../frame/call.ts';
import { anyRole } from '../frame/permissions.ts';
import type { ServerRoutes } from '../frame/routes.ts';
import { isKeyProvider, keyProviders, keyProviderType } from '../representation/component.ts';
import { enforcedPolicies } from '../../browser/login/password-policy.ts';
import { defaultRequiredActions } from '../../model/realm-defaults.ts';
import { eventTypes } from './event-types.ts';

/** The Keycloak whose behaviour this server has; clients choose their requests by it. */
export const keycloakVersion = '26.7.3';

/** Features that Keycloak 26.7.3 has switched on. Clients ask for some of them by name before they use them. */
const enabledFeatures = [
  ...['ACCOUNT_API', 'ACCOUNT_V3', 'ADMIN_API', 'ADMIN_FINE_GRAINED_AUTHZ_V2', 'ADMIN_V2', 'AUTHORIZATION', 'CIBA'],
  ...['CLIENT_AUTH_FEDERATED', 'CLIENT_POLICIES', 'DEVICE_FLOW', 'DPOP', 'HOSTNAME_V2', 'IDENTITY_BROKERING_API_V1'],
  ...['IMPERSONATION', 'JWT_AUTHORIZATION_GRANT', 'KERBEROS', 'KUBERNETES_SERVICE_ACCOUNTS', 'LOGIN_V2', 'LOG_MDC'],
  ...['OPENTELEMETRY', 'ORGANIZATION', 'PAR', 'PASSKEYS', 'PERSISTENT_USER_SESSIONS', 'RECOVERY_CODES'],
  ...['ROLLING_UPDATES_V2', 'STEP_UP_AUTHENTICATION', 'STEP_UP_AUTHENTICATION_SAML', 'TOKEN_EXCHANGE_STANDARD_V2'],
  ...['TWITTER_BROKER', 'UPDATE_EMAIL', 'USER_EVENT_METRICS', 'WEB_AUTHN', 'WORKFLOWS'],
];

/** `GET /admin/serverinfo`: what this server is. System facts are for administrators of master only. */
export function registerServerInfo(server: ServerRoutes): void {
  server.get('/admin/serverinfo', serverInfo);
}

function serverInfo(call: AdminCall): Answer {
  const realms = [...call.context.state.realms.all()];
  const creator = call.admin.hasMasterRole('create-realm') || call.admin.hasMasterRole('admin');
  if (!creator && !realms.some((realm) => call.admin.has(realm, anyRole))) return forbidden;
  const master = realms.find((realm) => realm.realm === 'master');
  const trusted =
    call.admin.hasMasterRole('admin') ||
    (master !== undefined && call.admin.has(master, ['view-realm', 'manage-realm']));
  return json({ ...(trusted ? systemFacts(call) : {}), ...facts() });
}

function systemFacts(call: AdminCall): object {
  const { state } = call.context;
  const memory = process.memoryUsage();
  const uptimeMillis = Math.round(process.uptime() * 1000);
  return {
    // Names and places of this machine are nobody's business: the members are there, their values are not.
    systemInfo: {
      version: keycloakVersion,
      serverTime: new Date(state.clock()).toUTCString(),
      uptime: `${Math.floor(uptimeMillis / 60_000)} minutes`,
      uptimeMillis,
      javaVersion: '',
      javaVendor: '',
      javaVm: '',
      javaVmVersion: '',
      javaRuntime: `Keyturn on Node.js ${process.version}`,
      javaHome: '',
      osName: '',
      osArchitecture: '',
      osVersion: '',
      fileEncoding: 'UTF-8',
      userName: '',
      userDir: '',
      userTimezone: 'UTC',
      userLocale: 'en',
    },
    cpuInfo: { processorCount: 1 },
    memoryInfo: {
      total: memory.heapTotal,
      used: memory.heapUsed,
      free: memory.heapTotal - memory.heapUsed,
      totalFormated: `${memory.heapTotal >> 20} MB`,
      usedFormated: `${memory.heapUsed >> 20} MB`,
      freeFormated: `${(memory.heapTotal - memory.heapUsed) >> 20} MB`,
      freePercentage: Math.round(100 - (100 * memory.heapUsed) / memory.heapTotal),
    },
  };
}

function facts(): object {
  const providers = (ids: readonly string[]): object => ({
    internal: false,
    providers: Object.fromEntries(ids.map((id) => [id, { order: 0 }])),
  });
  return {
    profileInfo: { name: 'default', disabledFeatures: [], previewFeatures: [], experimentalFeatures: [] },
    features: enabledFeatures.map((name) => ({ name, label: name, type: 'DEFAULT', enabled: true, dependencies: [] })),
    cryptoInfo: {
      cryptoProvider: 'node:crypto',
      supportedKeystoreTypes: [],
      clientSignatureSymmetricAlgorithms: ['HS256', 'HS384', 'HS512'],
      clientSignatureAsymmetricAlgorithms: [
        'RS256',
        'RS384',
        'RS512',
        'PS256',
        'PS384',
        'PS512',
        'ES256',
        'ES384',
        'ES512',
        'EdDSA',
      ],
    },
    themes: {
      common: [{ name: 'keycloak' }],
      login: [{ name: 'keycloak' }, { name: 'keycloak.v2' }],
      account: [{ name: 'keycloak.v3' }],
      admin: [{ name: 'keycloak.v2' }],
      email: [{ name: 'keycloak' }],
    },
    socialProviders: [],
    identityProviders: [],
    clientInstallations: {
      'openid-connect': [
        {
          id: 'keycloak-oidc-keycloak-json',
          protocol: 'openid-connect',
          downloadOnly: false,
          displayType: 'Keycloak OIDC JSON',
          helpText: '',
          filename: 'keycloak.json',
          mediaType: 'application/json',
        },
      ],
    },
    providers: {
      'client-authenticator': providers([
        'client-jwt',
        'client-secret',
        'client-secret-jwt',
        'client-x509',
        'federated-jwt',
      ]),
      'login-protocol': providers(['openid-connect']),
      keys: providers(keyProviders),
      'protocol-mapper': providers(Object.keys(claimMappers)),
      'required-action': providers(defaultRequiredActions.map((it) => it.providerId)),
      // Terraform refuses a password policy that is not listed here.
      'password-policy': providers(enforcedPolicies),
      eventsListener: providers(['email', 'jboss-logging']),
      'client-signature': providers(['ES256', 'PS256', 'RS256']),
    },
    componentTypes: {
      [keyProviderType]: keyProviders
        .filter(isKeyProvider)
        .map((id) => ({ id, helpText: '', properties: [], metadata: {} })),
    },
    protocolMapperTypes: {
      'openid-connect': Object.keys(claimMappers).map((id) => ({
        id,
        name: id,
        category: 'Token mapper',
        helpText: '',
        priority: 0,
        properties: [],
      })),
    },
    builtinProtocolMappers: { 'openid-connect': [] },
    passwordPolicies: enforcedPolicies.map((id) => ({
      id,
      displayName: id,
      configType: 'String',
      multipleSupported: false,
    })),
    parameterizedScopeTypes: [],
    enums: {
      eventType: eventTypes,
      operationType: ['CREATE', 'UPDATE', 'DELETE', 'ACTION'],
    },
  };
}
