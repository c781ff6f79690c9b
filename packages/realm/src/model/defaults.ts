import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { sameValue } from '../plan/fields.ts';
import type { ObjectRef } from './objects.ts';

// What Keycloak 26.7.3 gives a new realm and a new client. Only an export needs it, to leave out what nobody chose:
// where another version has another default, the template is a line longer and as right.

const realm: JsonObject = {
  defaultSignatureAlgorithm: 'RS256',
  revokeRefreshToken: false,
  refreshTokenMaxReuse: 0,
  accessTokenLifespan: 300,
  accessTokenLifespanForImplicitFlow: 900,
  ssoSessionIdleTimeout: 1800,
  ssoSessionMaxLifespan: 36000,
  ssoSessionIdleTimeoutRememberMe: 0,
  ssoSessionMaxLifespanRememberMe: 0,
  offlineSessionIdleTimeout: 2592000,
  offlineSessionMaxLifespanEnabled: false,
  offlineSessionMaxLifespan: 5184000,
  clientSessionIdleTimeout: 0,
  clientSessionMaxLifespan: 0,
  clientOfflineSessionIdleTimeout: 0,
  clientOfflineSessionMaxLifespan: 0,
  accessCodeLifespan: 60,
  accessCodeLifespanUserAction: 300,
  accessCodeLifespanLogin: 1800,
  actionTokenGeneratedByAdminLifespan: 43200,
  actionTokenGeneratedByUserLifespan: 300,
  oauth2DeviceCodeLifespan: 600,
  oauth2DevicePollingInterval: 5,
  sslRequired: 'external',
  registrationAllowed: false,
  registrationEmailAsUsername: false,
  rememberMe: false,
  verifyEmail: false,
  loginWithEmailAllowed: true,
  duplicateEmailsAllowed: false,
  resetPasswordAllowed: false,
  editUsernameAllowed: false,
  bruteForceProtected: false,
  permanentLockout: false,
  maxTemporaryLockouts: 0,
  bruteForceStrategy: 'MULTIPLE',
  maxFailureWaitSeconds: 900,
  minimumQuickLoginWaitSeconds: 60,
  waitIncrementSeconds: 60,
  quickLoginCheckMilliSeconds: 1000,
  maxDeltaTimeSeconds: 43200,
  failureFactor: 30,
  maxSecondaryAuthFailures: 0,
  requiredCredentials: ['password'],
  otpPolicyType: 'totp',
  otpPolicyAlgorithm: 'HmacSHA1',
  otpPolicyInitialCounter: 0,
  otpPolicyDigits: 6,
  otpPolicyLookAheadWindow: 1,
  otpPolicyPeriod: 30,
  otpPolicyCodeReusable: false,
  otpSupportedApplications: ['totpAppFreeOTPName', 'totpAppGoogleName', 'totpAppMicrosoftAuthenticatorName'],
  webAuthnPolicyRpEntityName: 'keycloak',
  webAuthnPolicySignatureAlgorithms: ['ES256', 'RS256'],
  webAuthnPolicyRpId: '',
  webAuthnPolicyAttestationConveyancePreference: 'not specified',
  webAuthnPolicyAuthenticatorAttachment: 'not specified',
  webAuthnPolicyRequireResidentKey: 'not specified',
  webAuthnPolicyResidentKey: 'not specified',
  webAuthnPolicyUserVerificationRequirement: 'not specified',
  webAuthnPolicyCreateTimeout: 0,
  webAuthnPolicyAvoidSameAuthenticatorRegister: false,
  webAuthnPolicyAcceptableAaguids: [],
  webAuthnPolicyExtraOrigins: [],
  webAuthnPolicyPasswordlessRpEntityName: 'keycloak',
  webAuthnPolicyPasswordlessSignatureAlgorithms: ['ES256', 'RS256'],
  webAuthnPolicyPasswordlessRpId: '',
  webAuthnPolicyPasswordlessAttestationConveyancePreference: 'not specified',
  webAuthnPolicyPasswordlessAuthenticatorAttachment: 'not specified',
  webAuthnPolicyPasswordlessRequireResidentKey: 'not specified',
  webAuthnPolicyPasswordlessResidentKey: 'required',
  webAuthnPolicyPasswordlessUserVerificationRequirement: 'required',
  webAuthnPolicyPasswordlessCreateTimeout: 0,
  webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister: false,
  webAuthnPolicyPasswordlessAcceptableAaguids: [],
  webAuthnPolicyPasswordlessExtraOrigins: [],
  browserSecurityHeaders: {
    contentSecurityPolicyReportOnly: '',
    xContentTypeOptions: 'nosniff',
    referrerPolicy: 'no-referrer',
    xRobotsTag: 'none',
    xFrameOptions: 'SAMEORIGIN',
    contentSecurityPolicy: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
    strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  },
  smtpServer: {},
  eventsEnabled: false,
  eventsListeners: ['jboss-logging'],
  enabledEventTypes: [],
  adminEventsEnabled: false,
  adminEventsDetailsEnabled: false,
  internationalizationEnabled: false,
  browserFlow: 'browser',
  registrationFlow: 'registration',
  directGrantFlow: 'direct grant',
  resetCredentialsFlow: 'reset credentials',
  clientAuthenticationFlow: 'clients',
  dockerAuthenticationFlow: 'docker auth',
  firstBrokerLoginFlow: 'first broker login',
  attributes: {
    cibaBackchannelTokenDeliveryMode: 'poll',
    cibaExpiresIn: '120',
    cibaAuthRequestedUserHint: 'login_hint',
    oauth2DeviceCodeLifespan: '600',
    oauth2DevicePollingInterval: '5',
    parRequestUriLifespan: '60',
    cibaInterval: '5',
    realmReusableOtpCode: 'false',
  },
  userManagedAccessAllowed: false,
  organizationsEnabled: false,
  verifiableCredentialsEnabled: false,
  adminPermissionsEnabled: false,
  scimApiEnabled: false,
};

const client: JsonObject = {
  surrogateAuthRequired: false,
  enabled: true,
  alwaysDisplayInConsole: false,
  clientAuthenticatorType: 'client-secret',
  redirectUris: [],
  webOrigins: [],
  notBefore: 0,
  bearerOnly: false,
  consentRequired: false,
  standardFlowEnabled: true,
  implicitFlowEnabled: false,
  directAccessGrantsEnabled: false,
  serviceAccountsEnabled: false,
  publicClient: false,
  frontchannelLogout: false,
  protocol: 'openid-connect',
  attributes: { realm_client: 'false' },
  authenticationFlowBindingOverrides: {},
  fullScopeAllowed: true,
  nodeReRegistrationTimeout: -1,
};

const mapper: JsonObject = {
  protocol: 'openid-connect',
  consentRequired: false,
  // Added by the server to every mapper (FACTS §7).
  config: { 'introspection.token.claim': 'true' },
};

/** Members that change by themselves or repeat what is said elsewhere. */
const noise: Partial<Record<ObjectRef['type'], readonly string[]>> = {
  realm: ['id', 'defaultRole', 'clientProfiles', 'clientPolicies', 'notBefore', 'requiredCredentials', 'defaultGroups'],
  client: ['id', 'access', 'protocolMappers', 'defaultClientScopes', 'optionalClientScopes', 'origin'],
  'client-scope': ['id', 'protocolMappers'],
  'realm-role': ['id', 'containerId', 'composite', 'clientRole', 'composites'],
  'client-role': ['id', 'containerId', 'composite', 'clientRole', 'composites'],
  'client-mapper': ['id'],
  'client-scope-mapper': ['id'],
  'identity-provider-mapper': ['id'],
  group: ['id', 'path', 'parentId', 'subGroups', 'subGroupCount', 'access', 'realmRoles', 'clientRoles'],
  'identity-provider': ['internalId', 'types'],
};

const defaults: Partial<Record<ObjectRef['type'], JsonObject>> = {
  realm,
  client,
  'client-mapper': mapper,
  'client-scope-mapper': mapper,
};

/** The fields of an object that somebody chose: without Keycloak's defaults, ids and empty members. */
export function chosenFields(type: ObjectRef['type'], fields: JsonObject): JsonObject {
  const own = Object.entries(fields).filter(([name]) => noise[type]?.includes(name) !== true);
  return strip(Object.fromEntries(own), defaults[type] ?? {}) ?? {};
}

function strip(value: JsonObject, known: JsonObject): JsonObject | undefined {
  const kept = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    if (member === undefined || name === 'client.secret.creation.time') return [];
    const usual = known[name];
    if (isJsonObject(member)) {
      const inner = strip(member, isJsonObject(usual) ? usual : {});
      return inner === undefined ? [] : [[name, inner]];
    }
    return sameValue(member, usual) ? [] : [[name, member]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
