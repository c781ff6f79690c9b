import { textOf } from '../model/members.ts';
import { type Answer, type Call, notFound, conflict, done, page } from './fake-answers.ts';
import type { FakeRealm } from './fake-realm.ts';
import { ofRoleSet } from './fake-roles.ts';
import type { JsonObject } from '@keyturn/protocol';

export function ofGroups(
  call: Call,
  realm: FakeRealm,
  [id, below, ...rest]: readonly string[],
  newId: () => string,
): Answer {
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

export function ofDefaultGroups(call: Call, realm: FakeRealm, id: string | undefined): Answer {
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

export function ofUsers(
  call: Call,
  realm: FakeRealm,
  [id, below, ...rest]: readonly string[],
  newId: () => string,
): Answer {
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
