import type { Json, JsonObject } from '@keyturn/protocol';

// Keycloak's own names and shapes (Admin REST API, 26.x). Members that Keyturn works with are typed and checked by
// `file/shape.ts`; every other member is kept as it stands, so that nothing of a file is lost on the way.

/** A realm as in Keycloak's exports, its `--import-realm` files and `POST /admin/realms`. */
export interface RealmRepresentation extends JsonObject {
  readonly realm: string;
  readonly enabled?: boolean;
  readonly displayName?: string;
  readonly sslRequired?: string;
  readonly accessTokenLifespan?: number;
  readonly ssoSessionIdleTimeout?: number;
  readonly ssoSessionMaxLifespan?: number;
  readonly clientSessionIdleTimeout?: number;
  readonly clientSessionMaxLifespan?: number;
  readonly eventsEnabled?: boolean;
  readonly enabledEventTypes?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly roles?: RolesRepresentation;
  readonly clientScopes?: readonly ClientScopeRepresentation[];
  readonly defaultDefaultClientScopes?: readonly string[];
  readonly defaultOptionalClientScopes?: readonly string[];
  readonly clients?: readonly ClientRepresentation[];
  readonly scopeMappings?: readonly ScopeMappingRepresentation[];
  readonly clientScopeMappings?: Readonly<Record<string, readonly ScopeMappingRepresentation[]>>;
  readonly groups?: readonly GroupRepresentation[];
  readonly users?: readonly UserRepresentation[];
  readonly identityProviders?: readonly IdentityProviderRepresentation[];
}

/** The roles of a realm and of its clients, the latter by clientId. */
export interface RolesRepresentation extends JsonObject {
  readonly realm?: readonly RoleRepresentation[];
  readonly client?: Readonly<Record<string, readonly RoleRepresentation[]>>;
}

export interface RoleRepresentation extends JsonObject {
  readonly name: string;
  readonly description?: string;
  readonly composites?: {
    readonly realm?: readonly string[];
    readonly client?: Readonly<Record<string, readonly string[]>>;
  };
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

export interface ProtocolMapperRepresentation extends JsonObject {
  readonly name: string;
  readonly protocol?: string;
  readonly protocolMapper?: string;
  readonly config?: Readonly<Record<string, string>>;
}

export interface ClientScopeRepresentation extends JsonObject {
  readonly name: string;
  readonly description?: string;
  readonly protocol?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly protocolMappers?: readonly ProtocolMapperRepresentation[];
}

export interface ClientRepresentation extends JsonObject {
  readonly clientId: string;
  readonly enabled?: boolean;
  readonly publicClient?: boolean;
  readonly bearerOnly?: boolean;
  readonly secret?: string;
  readonly serviceAccountsEnabled?: boolean;
  readonly standardFlowEnabled?: boolean;
  readonly directAccessGrantsEnabled?: boolean;
  readonly fullScopeAllowed?: boolean;
  readonly redirectUris?: readonly string[];
  readonly webOrigins?: readonly string[];
  readonly defaultClientScopes?: readonly string[];
  readonly optionalClientScopes?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly protocolMappers?: readonly ProtocolMapperRepresentation[];
}

/** Roles that tokens of one client, or with one client scope, may carry. */
export interface ScopeMappingRepresentation extends JsonObject {
  readonly client?: string;
  readonly clientScope?: string;
  readonly roles: readonly string[];
}

export interface GroupRepresentation extends JsonObject {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly realmRoles?: readonly string[];
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>;
  readonly subGroups?: readonly GroupRepresentation[];
}

export interface UserRepresentation extends JsonObject {
  readonly username: string;
  readonly enabled?: boolean;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly firstName?: string;
  readonly lastName?: string;
  /** Set on the user of a client's service account: the clientId. */
  readonly serviceAccountClientId?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly credentials?: readonly CredentialRepresentation[];
  readonly requiredActions?: readonly string[];
  readonly realmRoles?: readonly string[];
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>;
  /** Paths such as `/superusers`. */
  readonly groups?: readonly string[];
}

export interface CredentialRepresentation extends JsonObject {
  readonly type?: string;
  readonly value?: string;
  readonly temporary?: boolean;
  /** Present in exports: a hash, which no template should hold. */
  readonly secretData?: string;
  readonly credentialData?: string;
}

export interface IdentityProviderRepresentation extends JsonObject {
  readonly alias: string;
  readonly providerId?: string;
  readonly enabled?: boolean;
  readonly config?: Readonly<Record<string, string>>;
}

/** Where in a document something stands: member names and list indices, outermost first. */
export type Path = readonly (string | number)[];

/** A path as people write it: `clients[0].attributes["access.token.lifespan"]`. The document itself is `(document)`. */
export function showPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text === '' ? '(document)' : text;
}

/** Whether a value is a list, so that the compiler keeps the element type of `Json`. */
export function isJsonList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
