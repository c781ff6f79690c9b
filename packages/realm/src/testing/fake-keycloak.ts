import type { GuardedFetch, GuardedRequest } from '@keyturn/net';
import type { JsonObject } from '@keyturn/protocol';
import { textOf } from '../model/members.ts';
import { createFakeRealm, type FakeRealm, type Stored } from './fake-realm.ts';

/** What the fake answers to one request: a status, a body, the id of what was made. */
interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly location?: string;
}

interface Call {
  readonly method: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface FakeKeycloak {
  readonly url: string;
  readonly fetch: GuardedFetch;
  readonly realms: Map<string, FakeRealm>;
  /** Every request of the admin API so far: `POST /aip/clients`. */
  readonly log: string[];
  /** What `/admin/serverinfo` says. */
  serverInfo: JsonObject;
  /** Called before each request; what it returns is answered instead. `'drop'` breaks the connection before, `'lose'` after. */
  intercept?: ((call: string) => Answer | 'drop' | 'lose' | undefined) | undefined;
}

/**
 * Keycloak's admin API in memory, with the semantics of FACTS §7 that a provisioner trips over: POST without `enabled`
 * makes a disabled realm, a realm's attributes are replaced and a client's merged, a client's PUT replaces its mappers and ignores
 * its scopes, a mapper's PUT needs its id, a user's PUT with attributes erases the profile, lists of groups have no
 * subgroups, names alone map no role. It signs nothing and checks no rights: what tokens hold is for `conformance/realm`.
 */
export function createFakeKeycloak(): FakeKeycloak {
  let count = 0;
  const newId = () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
  const realms = new Map<string, FakeRealm>();
  const log: string[] = [];
  const url = 'http://fake.test';
  const serverInfo = { systemInfo: { version: '26.7.3' } };
  const fake: FakeKeycloak = {
    url,
    realms,
    log,
    serverInfo,
    fetch: Object.assign(fetch, { close, [Symbol.asyncDispose]: close }),
  };
  return fake;

  async function close(): Promise<void> {}

  async function fetch(target: string | URL, request: GuardedRequest = {}): ReturnType<GuardedFetch> {
    const { pathname, searchParams } = new URL(target);
    const method = request.method ?? 'GET';
    if (pathname.endsWith('/protocol/openid-connect/token'))
      return reply({ status: 200, body: { access_token: 'admin', expires_in: 60 } });
    if (pathname === '/admin/serverinfo') return reply({ status: 200, body: fake.serverInfo });
    const parts = pathname.split('/').slice(3).map(decodeURIComponent);
    const call = `${method} /${parts.join('/')}`;
    log.push(call);
    const instead = fake.intercept?.(call);
    if (instead === 'drop') return broken();
    if (typeof instead === 'object') return reply(instead);
    const body: unknown = typeof request.body === 'string' ? JSON.parse(request.body) : undefined;
    const answer = answerTo({ method, parts, query: searchParams, body }, realms, newId);
    return instead === 'lose' ? broken() : reply(answer);
  }
}

function broken(): Awaited<ReturnType<GuardedFetch>> {
  return { ok: false, refusal: { why: 'connect', url: 'http://fake.test', code: 'ECONNRESET' } } as unknown as Awaited<
    ReturnType<GuardedFetch>
  >;
}

function reply({ status, body, location }: Answer): Awaited<ReturnType<GuardedFetch>> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return {
    ok: true,
    value: {
      status,
      headers: {
        get: (name: string) =>
          name === 'location' && location !== undefined ? `http://fake.test/${location}` : undefined,
      },
      body: new TextEncoder().encode(text),
      text: () => text,
      url: 'http://fake.test',
    },
  } as unknown as Awaited<ReturnType<GuardedFetch>>;
}

const notFound = (what: string): Answer => ({ status: 404, body: { error: `Could not find ${what}` } });
const conflict = (message: string): Answer => ({ status: 409, body: { errorMessage: message } });
const done: Answer = { status: 204 };

function answerTo(call: Call, realms: Map<string, FakeRealm>, newId: () => string): Answer {
  const [name, kind, ...rest] = call.parts;
  if (name === undefined) return createRealm(call, realms, newId);
  const realm = realms.get(name);
  if (realm === undefined) return { status: 404, body: { error: 'Realm not found.' } };
  if (kind === undefined) return ofRealm(call, realm);
  const routes: Record<string, () => Answer> = {
    'client-scopes': () => ofScopes(call, realm, rest, newId),
    clients: () => ofClients(call, realm, rest, newId),
    roles: () => ofRoles(call, realm, realm.representation.id, rest, newId),
    'roles-by-id': () => ofRole(call, realm, rest),
    groups: () => ofGroups(call, realm, rest, newId),
    users: () => ofUsers(call, realm, rest, newId),
    'default-default-client-scopes': () => ofScopeSet(call, realm, realm.defaultScopes, rest[0]),
    'default-optional-client-scopes': () => ofScopeSet(call, realm, realm.optionalScopes, rest[0]),
    'default-groups': () => ofDefaultGroups(call, realm, rest[0]),
    'identity-provider': () => ofCollection(call, realm.providers, rest.slice(1), newId, 'alias', 'Identity Provider'),
    'client-policies': () => ofPolicies(call, realm, rest[0] === 'profiles' ? 'profiles' : 'policies'),
  };
  return routes[kind]?.() ?? notFound('resource');
}

function createRealm({ method, body }: Call, realms: Map<string, FakeRealm>, newId: () => string): Answer {
  if (method !== 'POST') return { status: 200, body: [...realms.values()].map((realm) => realm.representation) };
  const representation = body as JsonObject;
  const name = textOf(representation['realm']);
  if (realms.has(name)) return conflict(`Realm ${name} already exists`);
  realms.set(name, createFakeRealm(representation, newId));
  return { status: 201, location: name };
}

function ofRealm({ method, body }: Call, realm: FakeRealm): Answer {
  const policies = { clientProfiles: { profiles: realm.profiles }, clientPolicies: { policies: realm.policies } };
  if (method === 'GET') return { status: 200, body: { ...realm.representation, ...policies } };
  Object.assign(realm.representation, body);
  return done;
}

/** GET, POST, PUT and DELETE of a list of things with a unique member. */
function ofCollection(
  call: Call,
  list: Stored[],
  [id]: readonly string[],
  newId: () => string,
  unique: string,
  noun: string,
): Answer {
  if (id === undefined && call.method === 'GET') return { status: 200, body: page(list, call.query) };
  if (call.method === 'POST') {
    const body = call.body as JsonObject;
    if (list.some((one) => one[unique] === body[unique]))
      return conflict(`${noun} ${textOf(body[unique])} already exists`);
    const made: Stored = { ...structuredClone(body), id: newId() };
    list.push(made);
    return { status: 201, location: made.id };
  }
  const found = list.find((one) => one.id === id || (unique === 'alias' && one['alias'] === id));
  if (found === undefined) return notFound(noun.toLowerCase());
  if (call.method === 'GET') return { status: 200, body: found };
  if (call.method === 'DELETE') list.splice(list.indexOf(found), 1);
  else Object.assign(found, call.body, { id: found.id });
  return done;
}

function page<Item>(list: readonly Item[], query: URLSearchParams): readonly Item[] {
  const first = Number(query.get('first') ?? 0);
  const max = Number(query.get('max') ?? -1);
  return max < 0 ? list.slice(first) : list.slice(first, first + max);
}

function ofScopes(call: Call, realm: FakeRealm, rest: readonly string[], newId: () => string): Answer {
  const [id, below] = rest;
  const scope = realm.scopes.find((one) => one.id === id);
  if (below === 'protocol-mappers' && scope !== undefined) return ofMappers(call, scope, rest.slice(3), newId);
  if (below === 'scope-mappings')
    return ofRoleSet(call, realm, setOf(realm.scopeMappings, `scope:${id}`), rest.slice(2));
  if (call.method === 'POST' && (call.body as JsonObject)['protocol'] === undefined)
    return { status: 400, body: { errorMessage: 'Unexpected protocol' } };
  const answer = ofCollection(call, realm.scopes, rest, newId, 'name', 'Client Scope');
  if (call.method === 'DELETE' && id !== undefined) {
    for (const set of [realm.defaultScopes, realm.optionalScopes]) set.delete(id);
    for (const { default: one, optional } of realm.assigned.values()) for (const set of [one, optional]) set.delete(id);
  }
  const made = realm.scopes.at(-1);
  if (call.method === 'POST' && answer.status === 201 && made !== undefined) made['protocolMappers'] ??= [];
  return answer;
}

function ofMappers(call: Call, owner: Stored, rest: readonly string[], newId: () => string): Answer {
  const list = (owner['protocolMappers'] ??= []) as Stored[];
  if (call.method === 'PUT' && (call.body as JsonObject)['id'] === undefined)
    return { status: 500, body: { error: 'unknown_error' } };
  const answer = ofCollection(call, list, rest, newId, 'name', 'Protocol mapper');
  for (const mapper of list)
    mapper['config'] = { 'introspection.token.claim': 'true', ...(mapper['config'] as object) };
  return answer.status === 409 ? conflict('Protocol mapper exists with same name') : answer;
}

function ofClients(call: Call, realm: FakeRealm, rest: readonly string[], newId: () => string): Answer {
  const [id, below, third, fourth] = rest;
  if (id === undefined) return call.method === 'GET' ? listClients(call, realm) : createClient(call, realm, newId);
  const client = realm.clients.find((one) => one.id === id);
  const assigned = realm.assigned.get(id);
  if (client === undefined || assigned === undefined) return notFound('client');
  if (below === 'protocol-mappers') return ofMappers(call, client, rest.slice(3), newId);
  if (below === 'roles') return ofRoles(call, realm, id, rest.slice(2), newId);
  if (below === 'scope-mappings')
    return ofRoleSet(call, realm, setOf(realm.scopeMappings, `client:${id}`), rest.slice(2));
  if (below === 'default-client-scopes' || below === 'optional-client-scopes') {
    const kind = below === 'default-client-scopes' ? 'default' : 'optional';
    const other = assigned[kind === 'default' ? 'optional' : 'default'];
    // Optional while default: 204 and nothing happens.
    if (call.method === 'PUT' && third !== undefined && other.has(third)) return done;
    return ofScopeSet(call, realm, assigned[kind], third);
  }
  if (below !== undefined) return notFound(`resource ${fourth ?? below}`);
  if (call.method === 'GET') return { status: 200, body: showClient(client, realm) };
  if (call.method === 'DELETE') {
    realm.clients.splice(realm.clients.indexOf(client), 1);
    removeRoles(realm, (role) => role['containerId'] === id);
    return done;
  }
  return putClient(client, call.body as JsonObject, realm, newId);
}

function listClients({ query }: Call, realm: FakeRealm): Answer {
  const clientId = query.get('clientId');
  const found = realm.clients.filter((one) => clientId === null || one['clientId'] === clientId);
  return { status: 200, body: page(found, query).map((client) => showClient(client, realm)) };
}

function showClient(client: Stored, realm: FakeRealm): object {
  const names = (ids: Set<string> | undefined) =>
    realm.scopes.filter((scope) => ids?.has(scope.id)).map((scope) => scope['name']);
  const assigned = realm.assigned.get(client.id);
  return { ...client, defaultClientScopes: names(assigned?.default), optionalClientScopes: names(assigned?.optional) };
}

function createClient({ body }: Call, realm: FakeRealm, newId: () => string): Answer {
  const { protocolMappers, ...fields } = body as JsonObject;
  if (realm.clients.some((one) => one['clientId'] === fields['clientId']))
    return conflict(`Client ${textOf(fields['clientId'])} already exists`);
  const refused = checkSessionMax(fields, realm);
  if (refused !== undefined) return refused;
  const id = newId();
  const client: Stored = {
    enabled: true,
    fullScopeAllowed: true,
    redirectUris: [],
    secret: `generated-${id}`,
    ...fields,
    attributes: { ...(fields['attributes'] as object) },
    id,
  };
  client['protocolMappers'] = ((protocolMappers ?? []) as JsonObject[]).map((mapper) => ({ ...mapper, id: newId() }));
  realm.clients.push(client);
  realm.assigned.set(id, { default: new Set(realm.defaultScopes), optional: new Set(realm.optionalScopes) });
  if (fields['serviceAccountsEnabled'] === true) {
    const username = `service-account-${textOf(fields['clientId']).toLowerCase()}`;
    realm.users.push({
      id: newId(),
      username,
      enabled: true,
      serviceAccountClientId: fields['clientId'],
      roles: new Set(),
      groups: new Set(),
    });
  }
  return { status: 201, location: id };
}

function putClient(client: Stored, body: JsonObject, realm: FakeRealm, newId: () => string): Answer {
  const refused = checkSessionMax(body, realm);
  if (refused !== undefined) return refused;
  const { attributes, protocolMappers, defaultClientScopes: _ignored, optionalClientScopes: _too, ...fields } = body;
  Object.assign(client, fields, { id: client.id });
  const merged = Object.entries({ ...(client['attributes'] as object), ...(attributes as object) });
  client['attributes'] = Object.fromEntries(merged.filter(([, value]) => value !== '' && value !== null));
  if (protocolMappers !== undefined)
    client['protocolMappers'] = (protocolMappers as JsonObject[]).map((mapper) => ({ ...mapper, id: newId() }));
  return done;
}

function checkSessionMax(body: JsonObject, realm: FakeRealm): Answer | undefined {
  const max = Number((body['attributes'] as JsonObject | undefined)?.['client.session.max.lifespan'] ?? 0);
  return max > Number(realm.representation['ssoSessionMaxLifespan'])
    ? {
        status: 400,
        body: {
          error: 'invalid_input',
          error_description: 'Client session max lifespan cannot exceed realm SSO session max lifespan.',
        },
      }
    : undefined;
}

function ofScopeSet(call: Call, realm: FakeRealm, set: Set<string>, id: string | undefined): Answer {
  if (id === undefined) return { status: 200, body: realm.scopes.filter((scope) => set.has(scope.id)) };
  if (!realm.scopes.some((scope) => scope.id === id)) return notFound('client scope');
  if (call.method === 'PUT') set.add(id);
  else set.delete(id);
  return done;
}

function ofRoles(
  call: Call,
  realm: FakeRealm,
  containerId: string,
  rest: readonly string[],
  newId: () => string,
): Answer {
  const [name] = rest;
  const own = realm.roles.filter((role) => role['containerId'] === containerId);
  if (name === undefined && call.method === 'GET') return { status: 200, body: page(own, call.query).map(showRole) };
  const found = own.find((role) => role['name'] === (name ?? (call.body as JsonObject)['name']));
  if (name !== undefined) return found === undefined ? notFound('role') : { status: 200, body: showRole(found) };
  if (found !== undefined) return conflict(`Role with name ${String(found['name'])} already exists`);
  const clientRole = containerId !== realm.representation.id;
  realm.roles.push({
    attributes: {},
    ...(call.body as JsonObject),
    id: newId(),
    containerId,
    clientRole,
    members: new Set(),
  });
  return { status: 201, location: encodeURIComponent(textOf((call.body as JsonObject)['name'])) };
}

function showRole({ members, ...role }: FakeRealm['roles'][number]): object {
  return { ...role, composite: members.size > 0 };
}

function ofRole(call: Call, realm: FakeRealm, [id, below]: readonly string[]): Answer {
  const role = realm.roles.find((one) => one.id === id);
  if (role === undefined) return notFound('role');
  if (below === 'composites') {
    if (call.method === 'GET')
      return { status: 200, body: realm.roles.filter((one) => role.members.has(one.id)).map(showRole) };
    return changeRoles(call, realm, role.members);
  }
  if (call.method === 'GET') return { status: 200, body: showRole(role) };
  if (call.method === 'DELETE') removeRoles(realm, (one) => one === role);
  else Object.assign(role, call.body, { id: role.id, members: role.members });
  return done;
}

function removeRoles(realm: FakeRealm, test: (role: Stored) => boolean): void {
  const gone = realm.roles.filter(test);
  realm.roles = realm.roles.filter((role) => !gone.includes(role));
  const sets = [
    ...realm.roles.map((role) => role.members),
    ...realm.groups.map((group) => group.roles),
    ...realm.users.map((user) => user.roles),
    ...realm.scopeMappings.values(),
  ];
  for (const set of sets) for (const role of gone) set.delete(role.id);
}

/** POST and DELETE of a list of roles. With the name alone Keycloak says 404. */
function changeRoles(call: Call, realm: FakeRealm, set: Set<string>): Answer {
  for (const { id } of call.body as Stored[]) {
    if (!realm.roles.some((role) => role.id === id)) return notFound('role');
    if (call.method === 'POST') set.add(id);
    else set.delete(id);
  }
  return done;
}

function ofRoleSet(call: Call, realm: FakeRealm, set: Set<string>, rest: readonly string[]): Answer {
  if (call.method !== 'GET') return rest.length > 0 ? changeRoles(call, realm, set) : notFound('resource');
  const mapped = realm.roles.filter((role) => set.has(role.id));
  const realmMappings = mapped.filter((role) => role['clientRole'] === false).map(showRole);
  const clientMappings: Record<string, object> = {};
  for (const client of realm.clients) {
    const mappings = mapped.filter((role) => role['containerId'] === client.id).map(showRole);
    if (mappings.length > 0)
      clientMappings[String(client['clientId'])] = { id: client.id, client: client['clientId'], mappings };
  }
  return {
    status: 200,
    body: {
      ...(realmMappings.length > 0 ? { realmMappings } : {}),
      ...(Object.keys(clientMappings).length > 0 ? { clientMappings } : {}),
    },
  };
}

function ofGroups(call: Call, realm: FakeRealm, [id, below, ...rest]: readonly string[], newId: () => string): Answer {
  const childrenOf = (parent: string | undefined) => realm.groups.filter((group) => group.parentId === parent);
  const show = (group: FakeRealm['groups'][number]) => {
    const { roles, ...fields } = group;
    const mapped = realm.roles.filter((role) => roles.has(role.id));
    const clientRoles: Record<string, unknown[]> = {};
    for (const role of mapped.filter((one) => one['clientRole'] === true)) {
      const client = String(realm.clients.find((one) => one.id === role['containerId'])?.['clientId']);
      (clientRoles[client] ??= []).push(role['name']);
    }
    const realmRoles = mapped.filter((role) => role['clientRole'] === false).map((role) => role['name']);
    return {
      ...fields,
      path: pathOfGroup(group, realm),
      subGroups: [],
      subGroupCount: childrenOf(group.id).length,
      realmRoles,
      clientRoles,
    };
  };
  if (call.method === 'GET' && (id === undefined || below === 'children'))
    return { status: 200, body: page(childrenOf(id), call.query).map(show) };
  if (call.method === 'POST' && (id === undefined || below === 'children')) {
    const { realmRoles: _ignored, subGroups: _too, ...fields } = call.body as JsonObject;
    if (childrenOf(id).some((group) => group['name'] === fields['name']))
      return conflict(`Sibling group named '${textOf(fields['name'])}' already exists.`);
    const made = {
      attributes: {},
      ...fields,
      id: newId(),
      ...(id === undefined ? {} : { parentId: id }),
      roles: new Set<string>(),
    };
    realm.groups.push(made);
    return { status: 201, location: made.id };
  }
  const group = realm.groups.find((one) => one.id === id);
  if (group === undefined) return notFound('group by id');
  if (below === 'role-mappings') return ofRoleSet(call, realm, group.roles, rest);
  if (call.method === 'GET') return { status: 200, body: show(group) };
  if (call.method === 'DELETE') {
    const gone = new Set([group.id]);
    for (const one of realm.groups) if (one.parentId !== undefined && gone.has(one.parentId)) gone.add(one.id);
    realm.groups = realm.groups.filter((one) => !gone.has(one.id));
    for (const user of realm.users) for (const one of gone) user.groups.delete(one);
    for (const one of gone) realm.defaultGroups.delete(one);
    return done;
  }
  const { name, attributes, description } = call.body as JsonObject;
  Object.assign(
    group,
    { name: name ?? group['name'] },
    attributes === undefined ? {} : { attributes },
    description === undefined ? {} : { description },
  );
  return done;
}

function pathOfGroup(group: FakeRealm['groups'][number], realm: FakeRealm): string {
  const parent = realm.groups.find((one) => one.id === group.parentId);
  return `${parent === undefined ? '' : pathOfGroup(parent, realm)}/${String(group['name'])}`;
}

function ofDefaultGroups(call: Call, realm: FakeRealm, id: string | undefined): Answer {
  if (id === undefined) {
    const groups = realm.groups.filter((group) => realm.defaultGroups.has(group.id));
    return {
      status: 200,
      body: groups.map((group) => ({ id: group.id, name: group['name'], path: pathOfGroup(group, realm) })),
    };
  }
  if (call.method === 'PUT') realm.defaultGroups.add(id);
  else realm.defaultGroups.delete(id);
  return done;
}

const profile = ['email', 'firstName', 'lastName'] as const;

function ofUsers(call: Call, realm: FakeRealm, [id, below, ...rest]: readonly string[], newId: () => string): Answer {
  const show = ({ roles: _roles, groups: _groups, credentials: _credentials, ...user }: FakeRealm['users'][number]) =>
    user;
  if (id === undefined && call.method === 'GET') {
    const username = call.query.get('username');
    const found = realm.users.filter((user) =>
      username === null ? user['serviceAccountClientId'] === undefined : user['username'] === username,
    );
    return { status: 200, body: page(found, call.query).map(show) };
  }
  if (id === undefined) {
    const { groups: paths, realmRoles: _ignored, ...fields } = call.body as JsonObject;
    const username = textOf(fields['username']).toLowerCase();
    if (realm.users.some((user) => user['username'] === username)) return conflict('User exists with same username');
    const groups = new Set(
      realm.groups
        .filter((group) => (paths as string[] | undefined)?.includes(pathOfGroup(group, realm)))
        .map((group) => group.id),
    );
    const made = { enabled: false, ...fields, id: newId(), username, roles: new Set<string>(), groups };
    realm.users.push(made);
    return { status: 201, location: made.id };
  }
  const user = realm.users.find((one) => one.id === id);
  if (user === undefined) return notFound('user');
  if (below === 'role-mappings') return ofRoleSet(call, realm, user.roles, rest);
  if (below === 'groups') {
    if (call.method === 'GET') {
      const groups = realm.groups.filter((group) => user.groups.has(group.id));
      return { status: 200, body: groups.map((group) => ({ id: group.id, path: pathOfGroup(group, realm) })) };
    }
    if (call.method === 'PUT') user.groups.add(rest[0] ?? '');
    else user.groups.delete(rest[0] ?? '');
    return done;
  }
  if (call.method === 'GET') return { status: 200, body: show(user) };
  if (call.method === 'DELETE') {
    realm.users.splice(realm.users.indexOf(user), 1);
    return done;
  }
  const body = call.body as JsonObject;
  if (body['attributes'] !== undefined)
    for (const member of profile) if (body[member] === undefined) delete user[member];
  Object.assign(user, body, { id: user.id });
  return done;
}

function ofPolicies({ method, body }: Call, realm: FakeRealm, list: 'profiles' | 'policies'): Answer {
  if (method === 'PUT') realm[list] = (body as Record<string, JsonObject[]>)[list] ?? [];
  return method === 'PUT' ? done : { status: 200, body: { [list]: realm[list] } };
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}
