import { textOf } from '../model/members.ts';
import { type Answer, type Call, notFound, conflict, done, page } from './fake-answers.ts';
import type { FakeRealm, Stored } from './fake-realm.ts';
import type { JsonObject } from '@keyturn/protocol';

export function ofRoles(
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

export function ofRole(call: Call, realm: FakeRealm, [id, below]: readonly string[]): Answer {
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

export function removeRoles(realm: FakeRealm, test: (role: Stored) => boolean): void {
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

export function ofRoleSet(call: Call, realm: FakeRealm, set: Set<string>, rest: readonly string[]): Answer {
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
