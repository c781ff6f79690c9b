import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { type ObjectName, type ObjectRef, roleRef } from '../model/objects.ts';
import { isJsonList } from '../representation.ts';
import { type Admin, type AdminAnswer, type AdminWrite, pathOf } from './admin.ts';
import type { Ids } from './ids.ts';

/** One request that writes, without the question whether it has happened. */
export type WriteRequest = Omit<AdminWrite, 'landed'>;

interface Target {
  /** Where an object of this kind is created. */
  readonly collection: string;
  /** Where it is changed and deleted; undefined for ties. */
  readonly item?: string;
  /** For ties: the body that names the other end. */
  readonly body?: Json;
  readonly add?: 'PUT' | 'POST';
}

/**
 * The requests that make, change and remove each kind of object, by Keycloak's own semantics (FACTS §7): mappers,
 * scopes and roles have their own endpoints, since a client's PUT replaces the first and ignores the others.
 */
export async function buildCreate(
  admin: Admin,
  realm: string,
  ids: Ids,
  ref: ObjectRef,
  fields: JsonObject,
): Promise<readonly WriteRequest[]> {
  const { type, name } = ref;
  if (type === 'realm') return [{ method: 'POST', path: '', body: { ...fields, realm } }];
  if (type === 'client-scope-assignment' || type === 'realm-scope') return assignScope(admin, realm, ids, ref, fields);
  if (type === 'client-profile' || type === 'client-policy') return [await putPolicy(admin, realm, ref, fields)];
  const target = await targetOf(realm, ids, ref);
  const body = target.body ?? { ...fields, ...ownName(type, name) };
  return [{ method: target.add ?? 'POST', path: target.collection, body }];
}

/** `live` is the object as it is at this moment; `fields` the whole members that change, merged into what it has. */
export async function buildUpdate(
  admin: Admin,
  realm: string,
  ids: Ids,
  ref: ObjectRef,
  live: JsonObject,
  fields: JsonObject,
): Promise<readonly WriteRequest[]> {
  const { type } = ref;
  if (type === 'realm') return [{ method: 'PUT', path: pathOf(realm), body: fields }];
  if (type === 'client-scope-assignment' || type === 'realm-scope') return assignScope(admin, realm, ids, ref, fields);
  if (type === 'client-profile' || type === 'client-policy')
    return [await putPolicy(admin, realm, ref, { ...live, ...fields })];
  const path = await itemOf(realm, ids, ref);
  // A client, a scope and a role keep what is not sent; all others are sent whole: a user's PUT with attributes erases
  // the profile fields that it lacks, a group's replaces its attributes, a mapper's needs its id.
  const keepsRest = type === 'client' || type === 'client-scope';
  return [
    { method: 'PUT', path, body: keepsRest ? { ...fields, ...ownName(type, ref.name) } : { ...live, ...fields } },
  ];
}

export async function buildDelete(admin: Admin, realm: string, ids: Ids, ref: ObjectRef): Promise<WriteRequest> {
  const { type } = ref;
  if (type === 'client-profile' || type === 'client-policy') return putPolicy(admin, realm, ref, undefined);
  if (type === 'client-scope-assignment' || type === 'realm-scope') {
    const { paths } = await scopePaths(realm, ids, ref);
    const as = ids.fields(ref)?.['as'] === 'optional' ? 'optional' : 'default';
    return { method: 'DELETE', path: paths[as] };
  }
  const target = await targetOf(realm, ids, ref);
  if (target.item !== undefined) return { method: 'DELETE', path: target.item };
  return { method: 'DELETE', path: target.collection, ...(target.body === undefined ? {} : { body: target.body }) };
}

/** Where one object can be read again, or undefined for ties. */
export async function itemOf(realm: string, ids: Ids, ref: ObjectRef): Promise<string> {
  if (ref.type === 'realm') return pathOf(realm);
  const { item } = await targetOf(realm, ids, ref);
  if (item === undefined) throw new Error(`${ref.type} is a tie and has no place of its own`);
  return item;
}

async function targetOf(realm: string, ids: Ids, ref: ObjectRef): Promise<Target> {
  const base = pathOf(realm);
  const { type, name } = ref;
  const [first = '', second = '', third = '', fourth = ''] = name;
  const item = (collection: string): Target => {
    const uid = ids.known(ref);
    return uid === undefined ? { collection } : { collection, item: `${collection}/${uid}` };
  };
  switch (type) {
    case 'client-scope':
      return item(`${base}/client-scopes`);
    case 'client':
      return item(`${base}/clients`);
    case 'realm-role':
    case 'client-role': {
      const collection = type === 'realm-role' ? `${base}/roles` : `${base}/clients/${await ids.client(first)}/roles`;
      // By id, not by name: a name may hold a slash.
      const uid = ids.known(ref);
      return uid === undefined ? { collection } : { collection, item: `${base}/roles-by-id/${uid}` };
    }
    case 'client-scope-mapper':
      return item(
        `${base}/client-scopes/${await ids.get({ type: 'client-scope', name: [first] })}/protocol-mappers/models`,
      );
    case 'client-mapper':
      return item(`${base}/clients/${await ids.client(first)}/protocol-mappers/models`);
    case 'composite':
      return roleTie(`${base}/roles-by-id/${await ids.get(roleRef(first, second))}/composites`, ids, third, fourth);
    case 'scope-mapping': {
      const holder =
        first === 'client'
          ? `clients/${await ids.client(second)}`
          : `client-scopes/${await ids.get({ type: 'client-scope', name: [second] })}`;
      return mappingTie(`${base}/${holder}/scope-mappings`, ids, third, fourth);
    }
    case 'group': {
      const above = first.slice(0, first.lastIndexOf('/'));
      const uid = ids.known(ref);
      const collection =
        above === '' ? `${base}/groups` : `${base}/groups/${await ids.get({ type: 'group', name: [above] })}/children`;
      return uid === undefined ? { collection } : { collection, item: `${base}/groups/${uid}` };
    }
    case 'group-role':
      return mappingTie(
        `${base}/groups/${await ids.get({ type: 'group', name: [first] })}/role-mappings`,
        ids,
        second,
        third,
      );
    case 'default-group': {
      const path = `${base}/default-groups/${await ids.get({ type: 'group', name: [first] })}`;
      return { collection: path, add: 'PUT', body: {} };
    }
    case 'user':
      return item(`${base}/users`);
    case 'user-role':
      return mappingTie(`${base}/users/${await ids.user(first)}/role-mappings`, ids, second, third);
    case 'user-group': {
      const group = await ids.get({ type: 'group', name: [second] });
      return { collection: `${base}/users/${await ids.user(first)}/groups/${group}`, add: 'PUT', body: {} };
    }
    case 'identity-provider':
      return {
        collection: `${base}/identity-provider/instances`,
        item: `${base}/identity-provider/instances${pathOf(first)}`,
      };
    case 'identity-provider-mapper':
      return item(`${base}/identity-provider/instances${pathOf(first)}/mappers`);
    case 'component':
      return item(`${base}/components`);
    case 'realm':
    case 'realm-scope':
    case 'client-scope-assignment':
    case 'client-profile':
    case 'client-policy':
      break;
  }
  throw new Error(`${type} is written another way`);
}

/** Role mappings want the role's id and name in a list; with the name alone Keycloak says 404. */
async function mappingTie(path: string, ids: Ids, client: string, role: string): Promise<Target> {
  const holder = client === '' ? 'realm' : `clients/${await ids.client(client)}`;
  return roleTie(`${path}/${holder}`, ids, client, role);
}

async function roleTie(collection: string, ids: Ids, client: string, role: string): Promise<Target> {
  const ref = roleRef(client, role);
  return { collection, add: 'POST', body: [{ id: await ids.get(ref), name: role }] };
}

/** The member in which an object carries its own name. */
function ownName(type: ObjectRef['type'], name: ObjectName): JsonObject {
  const own = name.at(-1) ?? '';
  if (type === 'client') return { clientId: own };
  if (type === 'user') return { username: own };
  if (type === 'group') return { name: own.slice(own.lastIndexOf('/') + 1) };
  if (type === 'identity-provider') return { alias: own };
  if (type === 'component') return { name: own, providerType: name[0] ?? '', subType: name[1] ?? '' };
  return { name: own };
}

async function scopePaths(realm: string, ids: Ids, { type, name }: ObjectRef) {
  const scope = await ids.get({ type: 'client-scope', name: [name.at(-1) ?? ''] });
  const holder =
    type === 'realm-scope'
      ? `${pathOf(realm)}/default-`
      : `${pathOf(realm)}/clients/${await ids.client(name[0] ?? '')}/`;
  const path = (as: string) => `${holder}${as}-client-scopes/${scope}`;
  return { paths: { default: path('default'), optional: path('optional') } };
}

/** A scope that is the one kind is taken off before it becomes the other: else Keycloak says 204 and does nothing. */
async function assignScope(
  admin: Admin,
  realm: string,
  ids: Ids,
  ref: ObjectRef,
  fields: JsonObject,
): Promise<readonly WriteRequest[]> {
  const { paths } = await scopePaths(realm, ids, ref);
  const as = fields['as'] === 'optional' ? 'optional' : 'default';
  const other = paths[as === 'optional' ? 'default' : 'optional'];
  // Asked anew: a client that was just made has got the realm's own scopes.
  const assigned = await admin.list(other.slice(0, other.lastIndexOf('/')), 0);
  const isOther = assigned.some(({ name }) => name === ref.name.at(-1));
  return [
    ...(isOther ? [{ method: 'DELETE', path: other } as const] : []),
    { method: 'PUT', path: paths[as], body: {} },
  ];
}

/** Profiles and policies have one list each, written whole: the others in it are sent back as they are. */
async function putPolicy(
  admin: Admin,
  realm: string,
  { type, name }: ObjectRef,
  entry: JsonObject | undefined,
): Promise<WriteRequest> {
  const list = type === 'client-profile' ? 'profiles' : 'policies';
  const path = `${pathOf(realm)}/client-policies/${list}`;
  const now = await admin.get(path);
  const others = (isJsonList(now[list]) ? now[list] : []).filter((one) => isJsonObject(one) && one['name'] !== name[0]);
  return {
    method: 'PUT',
    path,
    body: { [list]: entry === undefined ? others : [...others, { ...entry, name: name[0] ?? '' }] },
  };
}

/** The new object's id, from the answer or, after an unknown outcome, looked up. Roles answer with their name. */
export function idFrom(ref: ObjectRef, answer: AdminAnswer): string | undefined {
  return ref.type === 'realm-role' || ref.type === 'client-role' ? undefined : answer.id;
}
