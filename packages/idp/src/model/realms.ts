import { ok, type Result, refuse } from '@keyturn/protocol';
import { accountRoles, builtinClients, managementRoles } from './builtin-clients.ts';
import { builtinScopes } from './builtin-scopes.ts';
import type { Client } from './client.ts';
import { createClient, findClient, forgetClient } from './clients.ts';
import type { Realm, RealmSettings } from './realm.ts';
import { defaultRequiredActions, defaultSettings, defaultUserProfile } from './realm-defaults.ts';
import { createDefaultKeys } from './realm-keys.ts';
import type { ModelRefusal } from './refusal.ts';
import type { Role } from './role.ts';
import { createRole, findRole, rolesOf } from './roles.ts';
import { createScope } from './scopes.ts';
import type { IdpState } from './state.ts';

export interface NewRealm extends Partial<RealmSettings> {
  readonly realm: string;
  readonly id?: string;
  /** False for a representation that brings `clientScopes` of its own: Keycloak then makes no built-in ones. */
  readonly builtinScopes?: boolean;
}

/**
 * Creates a realm with all that Keycloak gives a new one: default role, built-in clients with their roles, client
 * scopes, key providers, and its management client in master. Off unless `enabled` is given, as in Keycloak.
 */
export function createRealm(state: IdpState, given: NewRealm): Result<Realm, ModelRefusal> {
  if (given.realm === '' || reservedCharacter(given.realm) !== undefined) {
    return refuse({ why: 'invalid', field: 'realm', message: 'Realm name contains invalid characters' });
  }
  const { id = state.newUuid(), builtinScopes: withScopes = true, ...settings } = given;
  if (findRealm(state, given.realm) !== undefined || state.realms.get(id) !== undefined) {
    return refuse({ why: 'exists', what: 'realm', name: given.realm });
  }
  return state.transaction(() => {
    const defaultRole = must(
      createRole(state, id, {
        name: `default-roles-${given.realm.toLowerCase()}`,
        description: '${role_default-roles}',
      }),
    );
    const realm: Realm = {
      ...defaultSettings,
      ...settings,
      attributes: { ...defaultSettings.attributes, ...settings.attributes },
      id,
      realmId: id,
      createdAt: state.now(),
      defaultRoleId: defaultRole.id,
      defaultScopeIds: [],
      optionalScopeIds: [],
      defaultGroupIds: [],
      requiredActions: defaultRequiredActions,
      userProfile: defaultUserProfile,
      unsupported: {},
    };
    state.realms.put(realm);
    const offline = must(createRole(state, id, { name: 'offline_access', description: '${role_offline-access}' }));
    const uma = must(createRole(state, id, { name: 'uma_authorization', description: '${role_uma_authorization}' }));
    const scoped = withScopes ? createBuiltinScopes(state, realm, offline) : realm;
    const clients = builtinClients(given.realm, state).map((it) =>
      must(createClient(state, scoped, { nodeReRegistrationTimeout: 0, ...it })),
    );
    const account = clientNamed(clients, 'account');
    const accountRole = createRoleSet(state, account, accountRoles);
    createRoleSet(state, clientNamed(clients, 'broker'), { 'read-token': [] });
    const management = createRoleSet(state, clientNamed(clients, 'realm-management'), managementRoles);
    must(
      createRole(state, id, {
        name: 'realm-admin',
        description: '${role_realm-admin}',
        clientUuid: clientNamed(clients, 'realm-management').id,
        compositeIds: [...management.values()].map((role) => role.id),
      }),
    );
    const idOf = (name: string): string => accountRole.get(name)?.id ?? '';
    state.roles.put({
      ...defaultRole,
      compositeIds: [offline.id, uma.id, idOf('view-profile'), idOf('manage-account')],
    });
    const console = clientNamed(clients, 'account-console');
    state.clients.put({ ...console, scopeRoleIds: [idOf('manage-account'), idOf('view-groups')] });
    createDefaultKeys(state, id);
    linkToMaster(state, scoped);
    return ok(state.realms.get(id) ?? scoped);
  });
}

/** The first character that no realm's name may hold, as Keycloak has it; `.` and `..` are no names in a URL. */
export function reservedCharacter(name: string): string | undefined {
  return /^\.{1,2}$/.test(name) ? '.' : /[:/?#[\]@!$&()*+,;=\\\p{Cc}]/u.exec(name)?.[0];
}

/** A realm by the name in its URLs. */
export function findRealm(state: IdpState, name: string): Realm | undefined {
  for (const realm of state.realms.all()) if (realm.realm === name) return realm;
  return undefined;
}

/** Replaces a realm's settings. A new name must be free, and moves the default role and the client in master along. */
export function updateRealm(state: IdpState, changed: Realm): Result<Realm, ModelRefusal> {
  const holder = findRealm(state, changed.realm);
  if (holder !== undefined && holder.id !== changed.id) {
    return refuse({ why: 'exists', what: 'realm', name: changed.realm });
  }
  return state.transaction(() => {
    const before = state.realms.get(changed.id);
    if (before !== undefined && before.realm !== changed.realm) renameInMaster(state, before.realm, changed.realm);
    return ok(state.realms.put(changed));
  });
}

/** Deletes a realm and everything in it. Master stays. */
export function deleteRealm(state: IdpState, realm: Realm): Result<void, ModelRefusal> {
  if (realm.realm === 'master') return refuse({ why: 'built-in', what: 'realm', name: 'master' });
  state.transaction(() => {
    for (const collection of [
      state.sessions,
      state.offlineSessions,
      state.singleUse,
      state.revocations,
      state.loginFailures,
      state.initialAccess,
      state.components,
      state.keys,
      state.users,
      state.groups,
      state.clients,
      state.roles,
      state.scopes,
    ]) {
      for (const it of collection.ofRealm(realm.id)) collection.delete(it.id);
    }
    state.events.clear(realm.id);
    state.adminEvents.clear(realm.id);
    const master = findRealm(state, 'master');
    const inMaster = master === undefined ? undefined : findClient(state, master.id, `${realm.realm}-realm`);
    if (inMaster !== undefined) forgetClient(state, inMaster);
    state.realms.delete(realm.id);
  });
  return ok(undefined);
}

function createBuiltinScopes(state: IdpState, realm: Realm, offlineRole: Role): Realm {
  const assigned = { default: [] as string[], optional: [] as string[], none: [] as string[] };
  for (const scope of builtinScopes) {
    const made = must(
      createScope(state, realm.id, {
        name: scope.name,
        description: scope.description,
        protocol: scope.protocol,
        attributes: scope.attributes,
        protocolMappers: scope.mappers.map((mapper) => ({
          id: state.newUuid(),
          name: mapper.name,
          protocol: scope.protocol,
          protocolMapper: mapper.protocolMapper,
          consentRequired: false,
          config: mapper.config,
        })),
      }),
    );
    if (scope.name === 'offline_access') state.scopes.put({ ...made, scopeRoleIds: [offlineRole.id] });
    assigned[scope.assignment].push(made.id);
  }
  return state.realms.put({ ...realm, defaultScopeIds: assigned.default, optionalScopeIds: assigned.optional });
}

function createRoleSet(
  state: IdpState,
  client: Client,
  names: Readonly<Record<string, readonly string[]>>,
): ReadonlyMap<string, Role> {
  const made = new Map<string, Role>();
  for (const name of Object.keys(names)) {
    const description = `\${role_${name}}`;
    made.set(name, must(createRole(state, client.realmId, { name, description, clientUuid: client.id })));
  }
  for (const [name, included] of Object.entries(names)) {
    const role = made.get(name);
    if (role === undefined || included.length === 0) continue;
    const compositeIds = included.flatMap((it) => made.get(it)?.id ?? []);
    made.set(name, state.roles.put({ ...role, compositeIds }));
  }
  return made;
}

// Every realm has a client `<name>-realm` in master, and master's role `admin` includes all of its roles.
function linkToMaster(state: IdpState, realm: Realm): void {
  const master = findRealm(state, 'master');
  if (master === undefined) return;
  if (realm.id === master.id) {
    const createRealmRole = must(
      createRole(state, master.id, { name: 'create-realm', description: '${role_create-realm}' }),
    );
    must(
      createRole(state, master.id, {
        name: 'admin',
        description: '${role_admin}',
        compositeIds: [createRealmRole.id],
      }),
    );
  }
  const client = must(
    createClient(state, master, {
      clientId: `${realm.realm}-realm`,
      name: `${realm.realm} Realm`,
      bearerOnly: true,
      fullScopeAllowed: false,
      attributes: { realm_client: 'true' },
      defaultScopeIds: [],
      optionalScopeIds: [],
    }),
  );
  const roles = createRoleSet(state, client, managementRoles);
  const admin = findRole(state, master.id, 'admin');
  if (admin === undefined) return;
  state.roles.put({ ...admin, compositeIds: [...admin.compositeIds, ...[...roles.values()].map((role) => role.id)] });
}

function renameInMaster(state: IdpState, before: string, now: string): void {
  const master = findRealm(state, 'master');
  const client = master === undefined ? undefined : findClient(state, master.id, `${before}-realm`);
  if (client !== undefined) state.clients.put({ ...client, clientId: `${now}-realm`, name: `${now} Realm` });
}

/** The client in master whose roles let master's users manage this realm, with those roles by name. */
export function managementClientInMaster(
  state: IdpState,
  realm: Realm,
): { readonly client: Client; readonly roles: readonly Role[] } | undefined {
  const master = findRealm(state, 'master');
  const client = master === undefined ? undefined : findClient(state, master.id, `${realm.realm}-realm`);
  return client === undefined ? undefined : { client, roles: rolesOf(state, client.realmId, client.id) };
}

function clientNamed(clients: readonly Client[], clientId: string): Client {
  const found = clients.find((it) => it.clientId === clientId);
  if (found === undefined) throw new Error(`built-in client ${clientId} is missing`);
  return found;
}

// The parts of a new realm cannot clash with anything: a refusal here is a bug.
function must<T>(result: Result<T, ModelRefusal>): T {
  if (!result.ok) throw new Error(`new realm: ${JSON.stringify(result.refusal)}`);
  return result.value;
}
