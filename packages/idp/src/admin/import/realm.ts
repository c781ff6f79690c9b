import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import {
  createClient,
  createRealm,
  createScope,
  deleteRealm,
  findClient,
  findRealm,
  groupByPath,
  type IdpState,
  type ModelRefusal,
  type Realm,
  updateClient,
} from '../../model/index.ts';
import { builtinScopes } from '../../model/builtin-scopes.ts';
import type { ShapeFault } from '../json/shape.ts';
import type { ClientRepresentation } from '../representation/client.ts';
import { readInnerMapper } from '../representation/mapper.ts';
import { type RealmRepresentation, realmReader, settingsOf, unsupportedOf } from '../representation/realm.ts';
import { allOrNothing, type Must } from './all-or-nothing.ts';
import { changedClientOf, type ClientRefusal, newClientOf, scopeIdsOf } from './client.ts';
import { importComponents } from './components.ts';
import { importGroup } from './groups.ts';
import { compositeIdsOf, putRole, roleNamed } from './roles.ts';
import { importScopeMappings } from './scope-mappings.ts';
import { importUser, type PreparedUser, prepareUsers } from './users.ts';

export type RealmRefusal = ModelRefusal | ClientRefusal | { readonly why: 'unreadable'; readonly fault: ShapeFault };

/** A realm that was made from a representation. */
export interface ImportedRealm {
  readonly realm: Realm;
  /** Members that are stored or passed over without any effect; the importer says so once. */
  readonly unsupported: readonly string[];
}

/**
 * Makes a realm from a parsed realm file. Members that Keycloak does not know are named among the unsupported ones,
 * where the admin API would refuse them. `replace` deletes a realm of that name first, with its users and sessions.
 */
export async function importRealm(
  context: IdpContext,
  file: JsonObject,
  ifExists: 'skip' | 'replace',
): Promise<Result<ImportedRealm | 'skipped', RealmRefusal>> {
  const faults: ShapeFault[] = [];
  const given = realmReader(file, [], faults) ?? {};
  const wrong = faults.find((it) => it.why === 'wrong-type');
  if (wrong !== undefined) return refuse({ why: 'unreadable', fault: wrong });
  const before = findRealm(context.state, given.realm ?? '');
  if (before !== undefined && ifExists === 'skip') return ok('skipped');
  const unknown = faults.map((it) => it.at.join('.'));
  const made = await createRealmFrom(context, given, before);
  return made.ok ? ok({ ...made.value, unsupported: [...unknown, ...made.value.unsupported] }) : made;
}

/** Makes a realm from its representation: all of it or nothing. `replaced` goes in the same step. */
export async function createRealmFrom(
  context: IdpContext,
  given: RealmRepresentation,
  replaced?: Realm,
): Promise<Result<ImportedRealm, RealmRefusal>> {
  const users = await prepareUsers(context, given.users ?? []);
  return allOrNothing<ImportedRealm, RealmRefusal>(context.state, (must) => {
    if (replaced !== undefined) must(deleteRealm(context.state, replaced));
    return build(context.state, given, users, must);
  });
}

function build(
  state: IdpState,
  given: RealmRepresentation,
  users: readonly PreparedUser[],
  must: Must<RealmRefusal>,
): ImportedRealm {
  const ownScopes = (given.clientScopes ?? []).length > 0;
  const made = must(
    createRealm(state, {
      ...settingsOf(given),
      realm: given.realm ?? '',
      ...(given.id === undefined || given.id === '' ? {} : { id: given.id }),
      builtinScopes: !ownScopes,
    }),
  );
  const unsupported = Object.keys(unsupportedOf(given));
  // What was read as JSON is JSON.
  state.realms.put({ ...made, unsupported: unsupportedOf(given) as JsonObject });
  const current = (): Realm => state.realms.get(made.id) ?? made;

  if (ownScopes) importScopes(state, current(), given, must);
  else assignDefaultScopes(state, current(), given);
  for (const role of given.roles?.realm ?? []) must(putRole(state, made, role));
  for (const client of given.clients ?? []) unsupported.push(...importClient(state, current(), client, must));
  importClientRoles(state, current(), given, must);
  importComposites(state, current(), given, must);
  importScopeMappings(state, current(), given);
  for (const group of given.groups ?? []) importGroup(state, made, group, must);
  importDefaults(state, current(), given);
  unsupported.push(...importComponents(state, current(), given.components ?? {}));
  for (const user of users) {
    importUser(state, current(), user, must);
    for (const type of user.read.unsupported) unsupported.push(`users.${user.given.username}.credentials.${type}`);
  }
  return { realm: current(), unsupported };
}

// A representation with scopes of its own gets no built-in ones but `offline_access` (recorded: `adm.realm-own-scopes-list`).
function importScopes(state: IdpState, realm: Realm, given: RealmRepresentation, must: Must<RealmRefusal>): void {
  for (const scope of given.clientScopes ?? []) {
    const protocol = scope.protocol ?? 'openid-connect';
    must(
      createScope(state, realm.id, {
        name: scope.name ?? '',
        protocol,
        ...(scope.id === undefined || state.scopes.get(scope.id) !== undefined ? {} : { id: scope.id }),
        ...(scope.description === undefined ? {} : { description: scope.description }),
        attributes: textsOnly(scope.attributes),
        protocolMappers: (scope.protocolMappers ?? []).map((it) => readInnerMapper(state, it, protocol)),
      }),
    );
  }
  const defaults = scopeIdsOf(state, realm, given.defaultDefaultClientScopes);
  const optional = scopeIdsOf(state, realm, given.defaultOptionalClientScopes);
  const offline = builtinScopes.find((it) => it.name === 'offline_access');
  const made =
    offline === undefined || state.scopes.one(realm.id, 'name', offline.name) !== undefined
      ? undefined
      : must(createScope(state, realm.id, { ...offline, protocolMappers: [] }));
  const role = roleNamed(state, realm, 'offline_access');
  if (made !== undefined && role !== undefined) state.scopes.put({ ...made, scopeRoleIds: [role.id] });
  state.realms.put({
    ...realm,
    defaultScopeIds: defaults,
    optionalScopeIds: made === undefined ? optional : [...optional, made.id],
  });
}

function assignDefaultScopes(state: IdpState, realm: Realm, given: RealmRepresentation): void {
  const { defaultDefaultClientScopes: defaults, defaultOptionalClientScopes: optional } = given;
  state.realms.put({
    ...realm,
    ...(defaults === undefined ? {} : { defaultScopeIds: scopeIdsOf(state, realm, defaults) }),
    ...(optional === undefined ? {} : { optionalScopeIds: scopeIdsOf(state, realm, optional) }),
  });
}

/** Creates a client or changes a built-in one. Returns what in it has no effect. */
function importClient(
  state: IdpState,
  realm: Realm,
  given: ClientRepresentation,
  must: Must<RealmRefusal>,
): readonly string[] {
  const found = given.clientId === undefined ? undefined : findClient(state, realm.id, given.clientId);
  const attributes = { 'post.logout.redirect.uris': '+', ...given.attributes };
  if (found === undefined) must(createClient(state, realm, must(newClientOf(state, realm, { ...given, attributes }))));
  else {
    const changed = must(changedClientOf(state, realm, found, given));
    const scopes = given.defaultClientScopes === undefined && given.optionalClientScopes === undefined;
    must(
      updateClient(state, realm, {
        ...changed,
        ...(scopes
          ? {}
          : {
              defaultScopeIds: scopeIdsOf(state, realm, given.defaultClientScopes, changed.protocol),
              optionalScopeIds: scopeIdsOf(state, realm, given.optionalClientScopes, changed.protocol),
            }),
      }),
    );
  }
  const flows = Object.keys(given.authenticationFlowBindingOverrides ?? {}).length > 0;
  return [
    ...(given.authorizationSettings === undefined ? [] : [`clients.${given.clientId}.authorizationSettings`]),
    ...(flows ? [`clients.${given.clientId}.authenticationFlowBindingOverrides`] : []),
  ];
}

function importClientRoles(state: IdpState, realm: Realm, given: RealmRepresentation, must: Must<RealmRefusal>): void {
  for (const [clientId, roles] of Object.entries(given.roles?.client ?? {})) {
    const client = findClient(state, realm.id, clientId);
    if (client === undefined) must(refuse({ why: 'unknown', what: 'client', name: clientId }));
    else for (const role of roles ?? []) must(putRole(state, realm, role, client.id));
  }
}

function importComposites(state: IdpState, realm: Realm, given: RealmRepresentation, must: Must<RealmRefusal>): void {
  const containers = [
    ...(given.roles?.realm ?? []).map((role) => ({ role, clientUuid: undefined })),
    ...Object.entries(given.roles?.client ?? {}).flatMap(([clientId, roles]) => {
      const clientUuid = findClient(state, realm.id, clientId)?.id;
      return (roles ?? []).map((role) => ({ role, clientUuid }));
    }),
  ];
  for (const { role, clientUuid } of containers) {
    if (role.composites === undefined) continue;
    const stored = roleNamed(state, realm, role.name ?? '', clientUuid);
    if (stored !== undefined) state.roles.put({ ...stored, compositeIds: must(compositeIdsOf(state, realm, role)) });
  }
  const defaultRole = state.roles.get(realm.defaultRoleId);
  const legacy = (given.defaultRoles ?? []).flatMap((name) => roleNamed(state, realm, name)?.id ?? []);
  if (defaultRole !== undefined && legacy.length > 0) {
    state.roles.put({ ...defaultRole, compositeIds: [...new Set([...defaultRole.compositeIds, ...legacy])] });
  }
}

function importDefaults(state: IdpState, realm: Realm, given: RealmRepresentation): void {
  const groups = (given.defaultGroups ?? []).flatMap((path) => groupByPath(state, realm.id, path)?.id ?? []);
  const actions = given.requiredActions?.map((it) => ({
    alias: it.alias ?? '',
    name: it.name ?? it.alias ?? '',
    providerId: it.providerId ?? it.alias ?? '',
    enabled: it.enabled ?? false,
    defaultAction: it.defaultAction ?? false,
    priority: it.priority ?? 0,
    config: textsOnly(it.config),
  }));
  state.realms.put({
    ...realm,
    defaultGroupIds: groups,
    ...(actions === undefined ? {} : { requiredActions: actions }),
  });
}

/** A map without the members that are null. */
export function textsOnly(
  given: Readonly<Record<string, string | null>> | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given ?? {}).filter((pair): pair is [string, string] => pair[1] !== null));
}
