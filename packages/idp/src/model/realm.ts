import type { JsonObject } from '@keyturn/protocol';
import type { Document } from './documents.ts';

/**
 * A realm: its settings under the names of Keycloak's RealmRepresentation, so that the admin API can show and change
 * them as they stand. What Keycloak shows otherwise (default role, default scopes, groups) is kept by id.
 * `id` is the realm's own id and equals `realmId`. Lifespans are seconds; 0 in a client lifespan means "as the SSO one".
 */
export interface Realm extends Document, RealmSettings {
  /** The realm's name, as it stands in URLs. Unique. */
  readonly realm: string;
  /** When it was made, in epoch seconds. */
  readonly createdAt: number;
  readonly defaultRoleId: string;
  /** Client scopes that a new client gets as default and as optional. */
  readonly defaultScopeIds: readonly string[];
  readonly optionalScopeIds: readonly string[];
  /** Groups that a new user joins. */
  readonly defaultGroupIds: readonly string[];
  readonly requiredActions: readonly RequiredActionProvider[];
  /** The user profile configuration as `GET /users/profile` shows it; `unmanagedAttributePolicy` in it decides on free attributes. */
  readonly userProfile: UserProfileConfig;
  /** Members that were imported and that nothing here acts on (flows, identity providers …): shown again, never obeyed. */
  readonly unsupported: JsonObject;
}

export interface UserProfileConfig extends JsonObject {
  readonly unmanagedAttributePolicy?: 'ENABLED' | 'ADMIN_VIEW' | 'ADMIN_EDIT';
}

export interface RequiredActionProvider {
  readonly alias: string;
  readonly name: string;
  readonly providerId: string;
  readonly enabled: boolean;
  readonly defaultAction: boolean;
  readonly priority: number;
  readonly config: Readonly<Record<string, string>>;
}

/** SMTP settings with Keycloak's own names; all values are text. */
export type SmtpServer = Readonly<Record<string, string>>;

export interface RealmSettings {
  readonly displayName?: string;
  readonly displayNameHtml?: string;
  readonly notBefore: number;
  readonly defaultSignatureAlgorithm: string;
  readonly revokeRefreshToken: boolean;
  readonly refreshTokenMaxReuse: number;
  readonly accessTokenLifespan: number;
  readonly accessTokenLifespanForImplicitFlow: number;
  readonly ssoSessionIdleTimeout: number;
  readonly ssoSessionMaxLifespan: number;
  readonly ssoSessionIdleTimeoutRememberMe: number;
  readonly ssoSessionMaxLifespanRememberMe: number;
  readonly offlineSessionIdleTimeout: number;
  readonly offlineSessionMaxLifespanEnabled: boolean;
  readonly offlineSessionMaxLifespan: number;
  readonly clientSessionIdleTimeout: number;
  readonly clientSessionMaxLifespan: number;
  readonly clientOfflineSessionIdleTimeout: number;
  readonly clientOfflineSessionMaxLifespan: number;
  readonly accessCodeLifespan: number;
  readonly accessCodeLifespanUserAction: number;
  readonly accessCodeLifespanLogin: number;
  readonly actionTokenGeneratedByAdminLifespan: number;
  readonly actionTokenGeneratedByUserLifespan: number;
  readonly oauth2DeviceCodeLifespan: number;
  readonly oauth2DevicePollingInterval: number;
  readonly enabled: boolean;
  readonly sslRequired: string;
  readonly registrationAllowed: boolean;
  readonly registrationEmailAsUsername: boolean;
  readonly rememberMe: boolean;
  readonly verifyEmail: boolean;
  readonly loginWithEmailAllowed: boolean;
  readonly duplicateEmailsAllowed: boolean;
  readonly resetPasswordAllowed: boolean;
  readonly editUsernameAllowed: boolean;
  readonly bruteForceProtected: boolean;
  readonly permanentLockout: boolean;
  readonly maxTemporaryLockouts: number;
  readonly bruteForceStrategy: string;
  readonly maxFailureWaitSeconds: number;
  readonly minimumQuickLoginWaitSeconds: number;
  readonly waitIncrementSeconds: number;
  readonly quickLoginCheckMilliSeconds: number;
  readonly maxDeltaTimeSeconds: number;
  readonly failureFactor: number;
  readonly maxSecondaryAuthFailures: number;
  readonly requiredCredentials: readonly string[];
  readonly passwordPolicy?: string;
  readonly otpPolicyType: string;
  readonly otpPolicyAlgorithm: string;
  readonly otpPolicyInitialCounter: number;
  readonly otpPolicyDigits: number;
  readonly otpPolicyLookAheadWindow: number;
  readonly otpPolicyPeriod: number;
  readonly otpPolicyCodeReusable: boolean;
  readonly otpSupportedApplications: readonly string[];
  readonly webAuthnPolicyRpEntityName: string;
  readonly webAuthnPolicySignatureAlgorithms: readonly string[];
  readonly webAuthnPolicyRpId: string;
  readonly webAuthnPolicyAttestationConveyancePreference: string;
  readonly webAuthnPolicyAuthenticatorAttachment: string;
  readonly webAuthnPolicyRequireResidentKey: string;
  readonly webAuthnPolicyResidentKey: string;
  readonly webAuthnPolicyUserVerificationRequirement: string;
  readonly webAuthnPolicyCreateTimeout: number;
  readonly webAuthnPolicyAvoidSameAuthenticatorRegister: boolean;
  readonly webAuthnPolicyAcceptableAaguids: readonly string[];
  readonly webAuthnPolicyExtraOrigins: readonly string[];
  readonly webAuthnPolicyPasswordlessRpEntityName: string;
  readonly webAuthnPolicyPasswordlessSignatureAlgorithms: readonly string[];
  readonly webAuthnPolicyPasswordlessRpId: string;
  readonly webAuthnPolicyPasswordlessAttestationConveyancePreference: string;
  readonly webAuthnPolicyPasswordlessAuthenticatorAttachment: string;
  readonly webAuthnPolicyPasswordlessRequireResidentKey: string;
  readonly webAuthnPolicyPasswordlessResidentKey: string;
  readonly webAuthnPolicyPasswordlessUserVerificationRequirement: string;
  readonly webAuthnPolicyPasswordlessCreateTimeout: number;
  readonly webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister: boolean;
  readonly webAuthnPolicyPasswordlessAcceptableAaguids: readonly string[];
  readonly webAuthnPolicyPasswordlessExtraOrigins: readonly string[];
  readonly browserSecurityHeaders: Readonly<Record<string, string>>;
  readonly smtpServer: SmtpServer;
  readonly loginTheme?: string;
  readonly accountTheme?: string;
  readonly adminTheme?: string;
  readonly emailTheme?: string;
  readonly eventsEnabled: boolean;
  /** Seconds that events are kept; 0 or absent: for ever. */
  readonly eventsExpiration?: number;
  readonly eventsListeners: readonly string[];
  /** Empty: all types. */
  readonly enabledEventTypes: readonly string[];
  readonly adminEventsEnabled: boolean;
  readonly adminEventsDetailsEnabled: boolean;
  readonly internationalizationEnabled: boolean;
  readonly supportedLocales?: readonly string[];
  readonly defaultLocale?: string;
  readonly browserFlow: string;
  readonly registrationFlow: string;
  readonly directGrantFlow: string;
  readonly resetCredentialsFlow: string;
  readonly clientAuthenticationFlow: string;
  readonly dockerAuthenticationFlow: string;
  readonly firstBrokerLoginFlow: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly userManagedAccessAllowed: boolean;
  readonly organizationsEnabled: boolean;
  readonly verifiableCredentialsEnabled: boolean;
  readonly adminPermissionsEnabled: boolean;
  readonly scimApiEnabled: boolean;
  readonly clientProfiles: JsonObject;
  readonly clientPolicies: JsonObject;
}
