import type {
  ClientRepresentation,
  ProtocolMapperRepresentation,
  RealmRepresentation,
  UserRepresentation,
} from '@keyturn/realm';

/** A client of a test realm, in the words of a test. */
export interface TestClient {
  /** Makes the client confidential; without it the client is public. */
  readonly secret?: string;
  /** Allows `client_credentials`. */
  readonly serviceAccount?: boolean;
  /** Allows the password grant. */
  readonly passwordGrant?: boolean;
  /** Allows the authorization code flow to these URIs. */
  readonly redirectUris?: readonly string[];
  /** Audiences that every token of this client carries. */
  readonly audiences?: readonly string[];
  /** Allows token exchange (`standard.token.exchange.enabled`). */
  readonly exchange?: boolean;
  /** Full scope; on as in Keycloak. */
  readonly fullScope?: boolean;
  /** Seconds; default: the realm's. */
  readonly accessTokenLifespan?: number;
  /** Names of roles of this client. */
  readonly roles?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly mappers?: readonly ProtocolMapperRepresentation[];
}

/** A user of a test realm: complete enough for the password grant. */
export interface TestUser {
  /** Default: the user's name. */
  readonly password?: string;
  /** Default: `<name>@example.com`, verified. */
  readonly email?: string;
  readonly roles?: readonly string[];
  /** By client. */
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>;
  /** Paths. */
  readonly groups?: readonly string[];
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
}

export interface TestRealm {
  readonly clients?: Readonly<Record<string, TestClient>>;
  readonly users?: Readonly<Record<string, TestUser>>;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** Anything else of a RealmRepresentation. */
  readonly settings?: Omit<RealmRepresentation, 'realm' | 'clients' | 'users' | 'roles' | 'groups'>;
}

/** A realm representation from a test's few words; every user gets the default role. */
export function buildTestRealm(name: string, realm: TestRealm = {}): RealmRepresentation {
  const clients = Object.entries(realm.clients ?? {});
  const clientRoles = clients.flatMap(([clientId, it]) =>
    it.roles === undefined ? [] : [[clientId, it.roles.map((role) => ({ name: role }))] as const],
  );
  return {
    enabled: true,
    ...realm.settings,
    realm: name,
    roles: { realm: (realm.roles ?? []).map((role) => ({ name: role })), client: Object.fromEntries(clientRoles) },
    groups: (realm.groups ?? []).map((group) => ({ name: group.replace(/^\//, '') })),
    clients: clients.map(([clientId, it]) => clientOf(clientId, it)),
    users: Object.entries(realm.users ?? {}).map(([username, it]) => userOf(name, username, it)),
  };
}

function clientOf(clientId: string, it: TestClient): ClientRepresentation {
  const audiences = (it.audiences ?? []).map((audience) => ({
    name: `audience-${audience}`,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': audience, 'access.token.claim': 'true', 'id.token.claim': 'false' },
  }));
  const attributes = {
    ...(it.exchange === true ? { 'standard.token.exchange.enabled': 'true' } : {}),
    ...(it.accessTokenLifespan === undefined ? {} : { 'access.token.lifespan': String(it.accessTokenLifespan) }),
    ...it.attributes,
  };
  return {
    clientId,
    enabled: true,
    publicClient: it.secret === undefined,
    ...(it.secret === undefined ? {} : { secret: it.secret }),
    serviceAccountsEnabled: it.serviceAccount ?? false,
    directAccessGrantsEnabled: it.passwordGrant ?? false,
    standardFlowEnabled: it.redirectUris !== undefined,
    redirectUris: it.redirectUris ?? [],
    webOrigins: ['+'],
    fullScopeAllowed: it.fullScope ?? true,
    attributes,
    protocolMappers: [...audiences, ...(it.mappers ?? [])],
  };
}

function userOf(realm: string, username: string, it: TestUser): UserRepresentation {
  const [first = username, last = 'Test'] = username.split(/[.-]/);
  return {
    username,
    enabled: true,
    email: it.email ?? `${username}@example.com`,
    emailVerified: true,
    firstName: first,
    lastName: last,
    credentials: [{ type: 'password', value: it.password ?? username }],
    realmRoles: [`default-roles-${realm.toLowerCase()}`, ...(it.roles ?? [])],
    clientRoles: it.clientRoles ?? {},
    groups: it.groups ?? [],
    attributes: it.attributes ?? {},
  };
}
