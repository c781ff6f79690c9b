import type { Document } from './documents.ts';

/** A protocol mapper: one rule that puts claims into tokens. Belongs to a client or to a client scope. */
export interface ProtocolMapper {
  readonly id: string;
  readonly name: string;
  readonly protocol: string;
  /** The mapper's type, such as `oidc-audience-mapper`. */
  readonly protocolMapper: string;
  readonly consentRequired: boolean;
  readonly config: Readonly<Record<string, string>>;
}

/** A client under the names of Keycloak's ClientRepresentation; scopes and role mappings are kept by id. */
export interface Client extends Document {
  readonly clientId: string;
  readonly name?: string;
  readonly description?: string;
  readonly type?: string;
  readonly rootUrl?: string;
  readonly adminUrl?: string;
  readonly baseUrl?: string;
  readonly surrogateAuthRequired: boolean;
  readonly enabled: boolean;
  readonly alwaysDisplayInConsole: boolean;
  /** `client-secret`, `client-jwt` (private_key_jwt), `client-secret-jwt`, `client-x509` (unsupported). */
  readonly clientAuthenticatorType: string;
  readonly secret?: string;
  readonly registrationAccessToken?: string;
  readonly redirectUris: readonly string[];
  readonly webOrigins: readonly string[];
  readonly notBefore: number;
  readonly bearerOnly: boolean;
  readonly consentRequired: boolean;
  readonly standardFlowEnabled: boolean;
  readonly implicitFlowEnabled: boolean;
  readonly directAccessGrantsEnabled: boolean;
  readonly serviceAccountsEnabled: boolean;
  readonly publicClient: boolean;
  readonly frontchannelLogout: boolean;
  readonly protocol: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly authenticationFlowBindingOverrides: Readonly<Record<string, string>>;
  readonly fullScopeAllowed: boolean;
  readonly nodeReRegistrationTimeout: number;
  readonly protocolMappers: readonly ProtocolMapper[];
  readonly defaultScopeIds: readonly string[];
  readonly optionalScopeIds: readonly string[];
  /** Scope mappings: the roles that tokens of this client may carry when full scope is off. */
  readonly scopeRoleIds: readonly string[];
}

/** A client scope: a name that tokens may carry, with mappers and role scope mappings of its own. */
export interface ClientScope extends Document {
  readonly name: string;
  readonly description?: string;
  readonly protocol: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly protocolMappers: readonly ProtocolMapper[];
  readonly scopeRoleIds: readonly string[];
}
