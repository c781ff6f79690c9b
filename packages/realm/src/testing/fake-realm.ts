import type { JsonObject } from '@keyturn/protocol';
import { textOf } from '../model/members.ts';

/** An object as the fake keeps it: mutable, with an id. */
export type Stored = Record<string, unknown> & { id: string };

export interface FakeRealm {
  representation: Stored;
  scopes: Stored[];
  clients: Stored[];
  /** Realm roles and client roles; `containerId` is the realm's id or the client's. `members` are ids of roles. */
  roles: (Stored & { members: Set<string> })[];
  groups: (Stored & { parentId?: string; roles: Set<string> })[];
  users: (Stored & { roles: Set<string>; groups: Set<string> })[];
  providers: Stored[];
  defaultScopes: Set<string>;
  optionalScopes: Set<string>;
  defaultGroups: Set<string>;
  /** By `client:<id>` or `scope:<id>`: ids of roles. */
  scopeMappings: Map<string, Set<string>>;
  /** By client id: scope ids. */
  assigned: Map<string, { default: Set<string>; optional: Set<string> }>;
  profiles: JsonObject[];
  policies: JsonObject[];
}

/** A new realm with the built-in things that Keycloak puts into each: fewer than the real one, of every kind. */
export function createFakeRealm(representation: JsonObject, newId: () => string): FakeRealm {
  const name = textOf(representation['realm']);
  const id = newId();
  const realm: FakeRealm = {
    representation: {
      accessTokenLifespan: 300,
      ssoSessionIdleTimeout: 1800,
      ssoSessionMaxLifespan: 36000,
      sslRequired: 'external',
      eventsEnabled: false,
      enabledEventTypes: [],
      enabled: false,
      ...representation,
      attributes: { cibaExpiresIn: '120', ...(representation['attributes'] as object) },
      id,
    },
    scopes: [],
    clients: [],
    roles: [],
    groups: [],
    users: [],
    providers: [],
    defaultScopes: new Set(),
    optionalScopes: new Set(),
    defaultGroups: new Set(),
    scopeMappings: new Map(),
    assigned: new Map(),
    profiles: [],
    policies: [],
  };
  for (const scope of ['profile', 'email', 'basic', 'roles', 'offline_access', 'service_account']) {
    const uid = newId();
    realm.scopes.push({ id: uid, name: scope, protocol: 'openid-connect', attributes: {}, protocolMappers: [] });
    if (scope === 'offline_access') realm.optionalScopes.add(uid);
    else if (scope !== 'service_account') realm.defaultScopes.add(uid);
  }
  for (const role of [`default-roles-${name}`, 'offline_access', 'uma_authorization']) {
    realm.roles.push({
      id: newId(),
      name: role,
      containerId: id,
      clientRole: false,
      attributes: {},
      members: new Set(),
    });
  }
  for (const clientId of ['account', 'realm-management']) {
    const uid = newId();
    realm.clients.push({ id: uid, clientId, enabled: true, attributes: {}, protocolMappers: [] });
    realm.assigned.set(uid, { default: new Set(realm.defaultScopes), optional: new Set(realm.optionalScopes) });
    realm.roles.push({
      id: newId(),
      name: `view-${clientId}`,
      containerId: uid,
      clientRole: true,
      attributes: {},
      members: new Set(),
    });
  }
  return realm;
}
