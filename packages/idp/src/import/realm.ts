import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { Log } from '../log.ts';
import {
  type Credential,
  createClient,
  createKeyProvider,
  createRealm,
  createScope,
  deleteRealm,
  findClient,
  findRealm,
  findRole,
  groupByPath,
  type IdpState,
  type KeyProviderId,
  type ModelRefusal,
  type Realm,
  updateClient,
} from '../model/index.ts';
import type { PasswordHasher } from '../passwords.ts';
import { clientFrom, importScopeMappings, mappersFrom, scopeIds } from './clients.ts';
import { flag, listMap, object, objects, text, textMap, texts } from './fields.ts';
import { importRoles } from './roles.ts';
import { realmSettingsFrom } from './settings.ts';
import { keptMembers, keyProviderType, unsupportedIn } from './unsupported.ts';
import { credentialsFrom, importGroup, importUser } from './users.ts';

export type ImportRefusal = ModelRefusal;

export interface Imported {
  readonly realm: Realm;
  /** False if the realm was there already and was left alone. */
  readonly created: boolean;
  /** What of the representation has no effect here. */
  readonly unsupported: readonly string[];
}

/**
 * Makes a realm out of a Keycloak representation, whole or not at all: what `--import-realm` and `POST /admin/realms`
 * do. Placeholders are the caller's to resolve. What has no effect here is told in one warning.
 */
export async function importRealm(
  world: { readonly state: IdpState; readonly passwords: PasswordHasher; readonly log: Log },
  representation: JsonObject,
  options: { readonly ifExists: 'skip' | 'replace' | 'refuse' },
): Promise<Result<Imported, ImportRefusal>> {
  const { state, passwords, log } = world;
  const name = text(representation, 'realm') ?? '';
  const existing = findRealm(state, name);
  if (existing !== undefined && options.ifExists === 'skip') {
    log('info', `Realm '${name}' already exists. Import skipped`);
    return ok({ realm: existing, created: false, unsupported: [] });
  }
  const users = objects(representation['users']);
  const unsupported = [...unsupportedIn(representation)];
  const credentials = await Promise.all(users.map((user) => credentialsFrom(state, passwords, user)));
  for (const [index, it] of credentials.entries()) {
    for (const type of it.unsupported)
      unsupported.push(`user ${text(users[index] ?? {}, 'username')}: credential ${type}`);
  }
  const made = state.transaction((): Result<Realm, ModelRefusal> => {
    const before = findRealm(state, name);
    if (before !== undefined && options.ifExists === 'replace') deleteRealm(state, before);
    return build(
      state,
      representation,
      users,
      credentials.map((it) => it.credentials),
    );
  });
  if (!made.ok) return refuse(made.refusal);
  if (unsupported.length > 0) {
    log('warn', `realm ${name}: imported, but without effect here: ${[...new Set(unsupported)].join('; ')}`);
  }
  return ok({ realm: made.value, created: true, unsupported });
}

function build(
  state: IdpState,
  representation: JsonObject,
  users: readonly JsonObject[],
  credentials: readonly (readonly Credential[])[],
): Result<Realm, ModelRefusal> {
  const ownScopes = representation['clientScopes'] !== undefined;
  const id = text(representation, 'id');
  const created = createRealm(state, {
    ...realmSettingsFrom(representation),
    realm: text(representation, 'realm') ?? '',
    ...(id === undefined || state.realms.get(id) !== undefined ? {} : { id }),
    builtinScopes: !ownScopes,
  });
  if (!created.ok) return created;
  let realm = state.realms.put({ ...created.value, unsupported: keptMembers(representation) });

  for (const scope of objects(representation['clientScopes'])) {
    const description = text(scope, 'description');
    createScope(state, realm.id, {
      name: text(scope, 'name') ?? '',
      ...(description === undefined ? {} : { description }),
      protocol: text(scope, 'protocol') ?? 'openid-connect',
      attributes: textMap(scope['attributes']),
      protocolMappers: mappersFrom(state, scope['protocolMappers']),
    });
  }
  realm = state.realms.put({
    ...realm,
    ...scopesOf(state, realm, representation, 'defaultDefaultClientScopes', 'defaultScopeIds'),
    ...scopesOf(state, realm, representation, 'defaultOptionalClientScopes', 'optionalScopeIds'),
  });
  importClients(state, realm, objects(representation['clients']));
  importRoles(state, realm, representation['roles']);
  importDefaultRole(state, realm, representation);
  importScopeMappings(state, realm, representation);
  importKeys(state, realm, representation);
  for (const group of objects(representation['groups'])) importGroup(state, realm, group);
  const defaultGroupIds = texts(representation['defaultGroups']).flatMap(
    (path) => groupByPath(state, realm.id, path)?.id ?? [],
  );
  realm = state.realms.put({ ...realm, defaultGroupIds });
  importRequiredActions(state, realm, representation);
  for (const [index, user] of users.entries()) {
    const result = importUser(state, realm, user, credentials[index] ?? []);
    // A half-imported realm would look whole: the first clash undoes everything.
    if (!result.ok) throw new Error(`user ${text(user, 'username')}: ${JSON.stringify(result.refusal)}`);
  }
  return ok(state.realms.get(realm.id) ?? realm);
}

function scopesOf<Key extends string>(
  state: IdpState,
  realm: Realm,
  it: JsonObject,
  member: string,
  key: Key,
): { [K in Key]?: readonly string[] } {
  if (it[member] === undefined) return {};
  return { [key]: scopeIds(state, realm.id, texts(it[member])) } as { [K in Key]?: readonly string[] };
}

function importClients(state: IdpState, realm: Realm, clients: readonly JsonObject[]): void {
  for (const it of clients) {
    const given = clientFrom(state, realm, it);
    const existing = findClient(state, realm.id, given.clientId ?? '');
    // Keycloak's own migration of files without a version: after logout a client may go where it may go after login.
    const attributes = { 'post.logout.redirect.uris': '+', ...given.attributes };
    if (existing === undefined) createClient(state, realm, { ...given, attributes });
    else {
      const { id: _id, ...rest } = given;
      updateClient(state, realm, { ...existing, ...rest, attributes: { ...existing.attributes, ...given.attributes } });
    }
  }
}

// `defaultRoles` is the old form: names that the default role includes.
function importDefaultRole(state: IdpState, realm: Realm, representation: JsonObject): void {
  const role = state.roles.get(realm.defaultRoleId);
  const more = texts(representation['defaultRoles']).flatMap((name) => findRole(state, realm.id, name)?.id ?? []);
  if (role === undefined || more.length === 0) return;
  state.roles.put({ ...role, compositeIds: [...new Set([...role.compositeIds, ...more])] });
}

const keyProviders: readonly KeyProviderId[] = [
  'rsa-generated',
  'rsa-enc-generated',
  'rsa',
  'rsa-enc',
  'ecdsa-generated',
  'eddsa-generated',
  'hmac-generated',
  'aes-generated',
];

// A representation that brings key providers has no others.
function importKeys(state: IdpState, realm: Realm, representation: JsonObject): void {
  const given = objects(object(representation['components'])[keyProviderType]);
  if (given.length === 0) return;
  for (const key of state.keys.ofRealm(realm.id)) state.keys.delete(key.id);
  for (const it of given) {
    const providerId = keyProviders.find((name) => name === text(it, 'providerId'));
    if (providerId === undefined) continue;
    createKeyProvider(state, realm.id, {
      name: text(it, 'name') ?? providerId,
      providerId,
      config: listMap(it['config']),
    });
  }
}

function importRequiredActions(state: IdpState, realm: Realm, representation: JsonObject): void {
  const given = new Map(objects(representation['requiredActions']).map((it) => [text(it, 'alias'), it]));
  if (given.size === 0) return;
  const requiredActions = realm.requiredActions.map((action) => {
    const it = given.get(action.alias);
    if (it === undefined) return action;
    return {
      ...action,
      enabled: flag(it, 'enabled') ?? action.enabled,
      defaultAction: flag(it, 'defaultAction') ?? action.defaultAction,
    };
  });
  state.realms.put({ ...realm, requiredActions });
}
