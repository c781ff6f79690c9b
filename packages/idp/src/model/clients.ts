import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Client } from './client.ts';
import type { Realm } from './realm.ts';
import type { ModelRefusal } from './refusal.ts';
import { forgetRole, rolesOf } from './roles.ts';
import { endClientSessions } from './sessions.ts';
import type { IdpState } from './state.ts';
import type { User } from './user.ts';
import { createUser, deleteUser } from './users.ts';

/** What a new client may say of itself; everything else is Keycloak's default. */
export type NewClient = Partial<Omit<Client, 'realmId'>>;

/** Clients that every realm has and that cannot be deleted. `<name>-realm` clients of master are built in as well. */
export const builtinClientIds: readonly string[] = [
  'account',
  'account-console',
  'admin-cli',
  'broker',
  'realm-management',
  'security-admin-console',
];

/**
 * Creates a client with Keycloak's defaults: full scope, the realm's default client scopes of its protocol unless it
 * names its own, a secret if it is confidential, and the service account's user if it has one.
 */
export function createClient(state: IdpState, realm: Realm, given: NewClient): Result<Client, ModelRefusal> {
  const id = given.id ?? state.newUuid();
  const clientId = given.clientId === undefined || given.clientId === '' ? id : given.clientId;
  if (state.clients.one(realm.id, 'clientId', clientId) !== undefined || state.clients.get(id) !== undefined) {
    return refuse({ why: 'exists', what: 'client', name: clientId });
  }
  const protocol = given.protocol ?? 'openid-connect';
  const assignable = (ids: readonly string[]): readonly string[] =>
    ids.filter((it) => state.scopes.get(it)?.protocol === protocol);
  const publicClient = given.publicClient ?? false;
  const bearerOnly = given.bearerOnly ?? false;
  const secret = given.secret ?? (publicClient || bearerOnly ? undefined : newSecret(state));
  const client: Client = {
    surrogateAuthRequired: false,
    enabled: true,
    alwaysDisplayInConsole: false,
    clientAuthenticatorType: 'client-secret',
    redirectUris: [],
    webOrigins: [],
    notBefore: 0,
    consentRequired: false,
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    frontchannelLogout: false,
    authenticationFlowBindingOverrides: {},
    fullScopeAllowed: true,
    nodeReRegistrationTimeout: -1,
    protocolMappers: [],
    defaultScopeIds: assignable(realm.defaultScopeIds),
    optionalScopeIds: assignable(realm.optionalScopeIds),
    scopeRoleIds: [],
    ...given,
    attributes: { realm_client: 'false', ...given.attributes },
    publicClient,
    bearerOnly,
    protocol,
    id,
    realmId: realm.id,
    clientId,
    ...(secret === undefined ? {} : { secret }),
  };
  return state.transaction(() => {
    state.clients.put(client);
    if (client.serviceAccountsEnabled) enableServiceAccount(state, realm, client);
    return ok(state.clients.get(id) ?? client);
  });
}

/** A client by its `client_id`, exactly and with case. */
export function findClient(state: IdpState, realmId: string, clientId: string): Client | undefined {
  return state.clients.one(realmId, 'clientId', clientId);
}

/** Replaces a client. A changed `clientId` must be free; a service account appears and vanishes with its switch. */
export function updateClient(state: IdpState, realm: Realm, changed: Client): Result<Client, ModelRefusal> {
  const holder = findClient(state, realm.id, changed.clientId);
  if (holder !== undefined && holder.id !== changed.id) {
    return refuse({ why: 'exists', what: 'client', name: changed.clientId });
  }
  return state.transaction(() => {
    state.clients.put(changed);
    const account = serviceAccountOf(state, changed);
    if (changed.serviceAccountsEnabled) enableServiceAccount(state, realm, changed);
    else if (account !== undefined) disableServiceAccount(state, changed, account);
    return ok(state.clients.get(changed.id) ?? changed);
  });
}

/** Deletes a client with its roles, its service account and its part in sessions; built-in ones stay. */
export function deleteClient(state: IdpState, client: Client): Result<void, ModelRefusal> {
  if (builtinClientIds.includes(client.clientId))
    return refuse({ why: 'built-in', what: 'client', name: client.clientId });
  forgetClient(state, client);
  return ok(undefined);
}

/** As `deleteClient`, whatever it is: for a realm's own client in master. */
export function forgetClient(state: IdpState, client: Client): void {
  state.transaction(() => {
    for (const role of rolesOf(state, client.realmId, client.id)) forgetRole(state, role);
    const account = serviceAccountOf(state, client);
    if (account !== undefined) deleteUser(state, account);
    endClientSessions(state, client);
    for (const user of state.users.ofRealm(client.realmId)) {
      if (user.consents.some((it) => it.clientUuid === client.id)) {
        state.users.put({ ...user, consents: user.consents.filter((it) => it.clientUuid !== client.id) });
      }
    }
    state.clients.delete(client.id);
  });
}

/** The user behind a client's service account. */
export function serviceAccountOf(state: IdpState, client: Client): ReturnType<IdpState['users']['get']> {
  return state.users.one(client.realmId, 'serviceAccount', client.id);
}

// Keycloak adds the scope `service_account` and the user the moment the switch is turned on.
function enableServiceAccount(state: IdpState, realm: Realm, client: Client): void {
  const scope = state.scopes.one(realm.id, 'name', 'service_account');
  if (scope !== undefined && !client.defaultScopeIds.includes(scope.id)) {
    state.clients.put({ ...client, defaultScopeIds: [...client.defaultScopeIds, scope.id] });
  }
  if (serviceAccountOf(state, client) !== undefined) return;
  createUser(state, realm, {
    username: `service-account-${client.clientId.toLowerCase()}`,
    enabled: true,
    serviceAccountClientUuid: client.id,
  });
}

// With the switch the user goes, and the scope that came with it.
function disableServiceAccount(state: IdpState, client: Client, account: User): void {
  deleteUser(state, account);
  const scope = state.scopes.one(client.realmId, 'name', 'service_account');
  state.clients.put({ ...client, defaultScopeIds: client.defaultScopeIds.filter((id) => id !== scope?.id) });
}

const secretAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A client secret as Keycloak 26.7 makes it: 86 characters. */
export function newSecret(state: IdpState): string {
  return Array.from(state.random(86), (byte) => secretAlphabet.charAt(byte & 63)).join('');
}
