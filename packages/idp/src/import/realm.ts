import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { IdpContext } from '../context.ts';
import {
  createClient,
  createRealm,
  deleteRealm,
  findClient,
  findRealm,
  findRole,
  forgetRole,
  groupByPath,
  type IdpState,
  type ModelRefusal,
  type Realm,
  updateClient,
} from '../model/index.ts';
import { defaultSettings } from '../model/realm-defaults.ts';
import type { ShapeFault } from '../admin/json/shape.ts';
import type { ClientRepresentation } from '../admin/representation/client.ts';
import { type RealmRepresentation, realmReader, settingsOf } from '../admin/representation/realm.ts';
import { allOrNothing, type Must } from './all-or-nothing.ts';
import { changedClientOf, type ClientRefusal, newClientOf, scopeIdsOf } from './client.ts';
import { importComponents } from './components.ts';
import { importGroup } from './groups.ts';
import { createRegistrationPolicies } from './registration-policies.ts';
import { compositeIdsOf, putRole, roleNamed } from './roles.ts';
import { textsOnly } from './fields.ts';
import { importScopeMappings } from './scope-mappings.ts';
import { importScopes } from './scopes.ts';
import { keptMembers, unsupportedIn } from './unsupported.ts';
import { importUser, type PreparedUser, prepareUsers } from './users.ts';

export type ImportRefusal = ModelRefusal | ClientRefusal | { readonly why: 'unreadable'; readonly member: string };

export interface Imported {
  readonly realm: Realm;
  /** False if the realm was there already and was left alone. */
  readonly created: boolean;
  /** What of the representation has no effect here. */
  readonly unsupported: readonly string[];
}

type World = Pick<IdpContext, 'state' | 'passwords' | 'log'>;

/**
 * Makes a realm out of a parsed realm file (`--import-realm`). Placeholders are the caller's to resolve. Members that
 * Keycloak does not know are named among the unsupported ones, where the admin API refuses them. `replace` deletes a
 * realm of that name with its users and sessions, in the same step.
 */
export async function importRealm(
  world: World,
  file: JsonObject,
  options: { readonly ifExists: 'skip' | 'replace' },
): Promise<Result<Imported, ImportRefusal>> {
  const faults: ShapeFault[] = [];
  const given = realmReader(file, [], faults) ?? {};
  const wrong = faults.find((it) => it.why === 'wrong-type');
  if (wrong !== undefined) return refuse({ why: 'unreadable', member: wrong.at.join('.') });
  const existing = findRealm(world.state, given.realm ?? '');
  if (existing !== undefined && options.ifExists === 'skip') {
    world.log('info', `Realm '${existing.realm}' already exists. Import skipped`);
    return ok({ realm: existing, created: false, unsupported: [] });
  }
  const unknown = faults.map((it) => `unknown member ${it.at.join('.')}`);
  return await createRealmFrom(world, given, { unknown, ...(existing === undefined ? {} : { replaced: existing }) });
}

/** Makes a realm from its representation: all of it or nothing. What has no effect here is told in one warning. */
export async function createRealmFrom(
  world: World,
  given: RealmRepresentation,
  { unknown = [], replaced }: { readonly unknown?: readonly string[]; readonly replaced?: Realm } = {},
): Promise<Result<Imported, ImportRefusal>> {
  const { state } = world;
  const users = await prepareUsers(world, given.users ?? []);
  const made = allOrNothing<Realm, ImportRefusal>(state, (must) => {
    if (replaced !== undefined) must(deleteRealm(state, replaced));
    return build(state, given, users, must);
  });
  if (!made.ok) return made;
  const credentials = users.flatMap(({ given: user, read }) =>
    read.unsupported.map((type) => `user ${user.username}: credential ${type}`),
  );
  // What was read as JSON is JSON.
  const unsupported = [...new Set([...unknown, ...unsupportedIn(given as JsonObject), ...credentials])];
  if (unsupported.length > 0) {
    world.log('warn', `realm ${made.value.realm}: imported, but without effect here: ${unsupported.join('; ')}`);
  }
  return ok({ realm: made.value, created: true, unsupported });
}

function build(
  state: IdpState,
  given: RealmRepresentation,
  users: readonly PreparedUser[],
  must: Must<ImportRefusal>,
): Realm {
  const settings = settingsOf(given);
  const made = must(
    createRealm(state, {
      ...settings,
      browserSecurityHeaders: { ...defaultSettings.browserSecurityHeaders, ...settings.browserSecurityHeaders },
      realm: given.realm ?? '',
      ...(given.id === undefined || given.id === '' ? {} : { id: given.id }),
      builtinScopes: (given.clientScopes ?? []).length === 0,
    }),
  );
  // What was read as JSON is JSON.
  state.realms.put({ ...made, unsupported: keptMembers(given as JsonObject) });
  const current = (): Realm => state.realms.get(made.id) ?? made;

  importScopes(state, current(), given, must);
  for (const role of given.roles?.realm ?? []) must(putRole(state, made, role));
  adoptDefaultRole(state, current(), given);
  for (const client of given.clients ?? []) importClient(state, current(), client, must);
  importClientRoles(state, current(), given, must);
  importComposites(state, current(), given, must);
  importScopeMappings(state, current(), given);
  for (const group of given.groups ?? []) importGroup(state, made, group, must);
  importDefaults(state, current(), given);
  importComponents(state, current(), given.components ?? {});
  createRegistrationPolicies(state, current());
  for (const user of users) importUser(state, current(), user, must);
  return current();
}

// An export names its default role; in a realm that was renamed it is not the one that was just made.
function adoptDefaultRole(state: IdpState, realm: Realm, given: RealmRepresentation): void {
  const named = given.defaultRole?.name;
  const role = named === undefined ? undefined : findRole(state, realm.id, named);
  const made = state.roles.get(realm.defaultRoleId);
  if (role === undefined || made === undefined || role.id === made.id) return;
  state.roles.put({ ...role, compositeIds: made.compositeIds });
  state.realms.put({ ...realm, defaultRoleId: role.id });
  forgetRole(state, made);
}

/** Creates a client or changes a built-in one. */
function importClient(state: IdpState, realm: Realm, given: ClientRepresentation, must: Must<ImportRefusal>): void {
  const found = given.clientId === undefined ? undefined : findClient(state, realm.id, given.clientId);
  const attributes = { 'post.logout.redirect.uris': '+', ...given.attributes };
  if (found === undefined) {
    // An id that another realm has already is not worth refusing a whole file for.
    const { id, ...rest } = must(newClientOf(state, realm, { ...given, attributes }));
    must(createClient(state, realm, id === undefined || state.clients.get(id) !== undefined ? rest : { ...rest, id }));
  } else {
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
}

function importClientRoles(state: IdpState, realm: Realm, given: RealmRepresentation, must: Must<ImportRefusal>): void {
  for (const [clientId, roles] of Object.entries(given.roles?.client ?? {})) {
    const client = findClient(state, realm.id, clientId);
    if (client === undefined) must(refuse({ why: 'unknown', what: 'client', name: clientId }));
    else for (const role of roles ?? []) must(putRole(state, realm, role, client.id));
  }
}

function importComposites(state: IdpState, realm: Realm, given: RealmRepresentation, must: Must<ImportRefusal>): void {
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
