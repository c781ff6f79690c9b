import { ok, type Result, refuse } from '@keyturn/protocol';
import { createRole, deleteRole, findRole, type Role, rolesOf } from '../../model/index.ts';
import {
  type Answer,
  created,
  done,
  duplicate,
  featureOff,
  forbidden,
  json,
  message,
  noContent,
  notFound,
  refused,
} from '../frame/answer.ts';
import { flagOf, pageOf, type RealmCall, textOf } from '../frame/call.ts';
import { refuseEscalation } from '../frame/escalation.ts';
import { may, type Needs } from '../frame/permissions.ts';
import { answerModelRefusal } from '../frame/refusals.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { compositeIdsOf } from '../../import/roles.ts';
import { showGroupOfUser } from '../representation/group.ts';
import { attributesOf, type RoleRepresentation, roleReader, showBriefRole, showRole } from '../representation/role.ts';
import { showUser } from '../representation/user.ts';
import { registerRoleComposites } from './role-composites.ts';

/** Where roles live: the realm, or one client. */
interface Container {
  readonly clientUuid?: string;
  readonly path: readonly string[];
}

type ContainerOf = (call: RealmCall) => Result<Container, Answer>;

/** Roles of the realm and of its clients, by name. */
export function registerRoles(routes: RealmRoutes): void {
  registerFor(routes, '/roles', { view: may.viewRealm, manage: may.manageRealm, records: 'REALM_ROLE' }, () =>
    ok({ path: ['roles'] }),
  );
  registerFor(
    routes,
    '/clients/:client/roles',
    { view: may.viewClients, manage: may.manageClients, records: 'CLIENT_ROLE' },
    (call) => {
      const client = call.context.state.clients.inRealm(call.realm.id, call.param('client'));
      return client === undefined
        ? refuse(notFound('Could not find client'))
        : ok({ clientUuid: client.id, path: ['clients', client.id, 'roles'] });
    },
  );
}

function registerFor(
  routes: RealmRoutes,
  base: string,
  rights: { readonly view: Needs; readonly manage: Needs; readonly records: 'REALM_ROLE' | 'CLIENT_ROLE' },
  containerOf: ContainerOf,
): void {
  const inContainer =
    <Rest extends readonly unknown[]>(handler: (call: RealmCall, container: Container, ...rest: Rest) => Answer) =>
    (call: RealmCall, ...rest: Rest): Answer => {
      const container = containerOf(call);
      return container.ok ? handler(call, container.value, ...rest) : container.refusal;
    };
  const onRole = <Rest extends readonly unknown[]>(handler: (call: RealmCall, role: Role, ...rest: Rest) => Answer) =>
    inContainer((call: RealmCall, container: Container, ...rest: Rest) => {
      const role = findRole(call.context.state, call.realm.id, call.param('role'), container.clientUuid);
      return role === undefined ? notFound('Could not find role') : handler(call, role, ...rest);
    });
  const one = `${base}/:role`;
  const change = { needs: rights.manage, records: rights.records } as const;
  routes.get(base, rights.view, inContainer(listRoles));
  routes.post(base, { ...change, body: roleReader }, inContainer(createOne));
  routes.get(
    one,
    rights.view,
    onRole((_call, role) => json(showRole(role))),
  );
  routes.put(one, { ...change, body: roleReader }, onRole(changeRole));
  routes.delete(one, change, onRole(removeRole));
  routes.get(`${one}/users`, rights.view, onRole(usersOf));
  routes.get(`${one}/groups`, rights.view, onRole(groupsOf));
  routes.get(
    `${one}/management/permissions`,
    rights.view,
    onRole(() => featureOff),
  );
  registerRoleComposites(routes, one, rights, onRole);
}

function listRoles(call: RealmCall, container: Container): Answer {
  const search = textOf(call, 'search')?.toLowerCase();
  const roles = rolesOf(call.context.state, call.realm.id, container.clientUuid)
    .filter((it) => search === undefined || it.name.toLowerCase().includes(search))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return json(pageOf(call, roles).map(flagOf(call, 'briefRepresentation', true) ? showBriefRole : showRole));
}

function createOne(call: RealmCall, container: Container, given: RoleRepresentation): Answer {
  const { state } = call.context;
  const name = given.name ?? '';
  if (name === '') return refused(400, { error: 'role has no name' });
  const composites = compositeIdsOf(state, call.realm, given);
  if (!composites.ok) {
    const unknown = composites.refusal.why === 'unknown' ? composites.refusal.name : '';
    return message(404, `Realm Role with name ${unknown} does not exist`);
  }
  const escalation = refuseEscalation(call, composites.value);
  if (escalation !== undefined) return escalation;
  const made = createRole(state, call.realm.id, {
    name,
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(container.clientUuid === undefined ? {} : { clientUuid: container.clientUuid }),
    attributes: attributesOf(given.attributes) ?? {},
    compositeIds: composites.value,
  });
  if (!made.ok) return answerModelRefusal(made.refusal);
  return created([...container.path, name], { id: made.value.id, ...given, composite: given.composite ?? false });
}

/** A role after `PUT`: attributes stay unless they are given, the description goes if it is not. */
export function changeRole(call: RealmCall, role: Role, given: RoleRepresentation): Answer {
  const { state } = call.context;
  const name = given.name ?? '';
  const holder = findRole(state, call.realm.id, name, role.clientUuid);
  if (name === '') return refused(400, { error: 'role has no name' });
  if (holder !== undefined && holder.id !== role.id) return duplicate;
  const attributes = attributesOf(given.attributes);
  const { description: _before, ...rest } = role;
  state.roles.put({
    ...rest,
    name,
    ...(given.description === undefined ? {} : { description: given.description }),
    ...(attributes === undefined ? {} : { attributes }),
  });
  return noContent;
}

/** Deletes a role; the realm's default role stays. */
export function removeRole(call: RealmCall, role: Role): Answer {
  const deleted = deleteRole(call.context.state, role);
  return deleted.ok
    ? done({ id: role.id, name: role.name, composite: role.compositeIds.length > 0 })
    : message(400, `${role.name} is default role of the realm and cannot be removed.`);
}

// Only who has the role directly, as in Keycloak; service accounts are among them.
function usersOf(call: RealmCall, role: Role): Answer {
  if (!call.admin.has(call.realm, may.viewUsers)) return forbidden;
  const users = call.context.state.users.by(call.realm.id, 'role', role.id);
  return json(
    pageOf(call, users, 100).map((it) => ({
      ...showUser(call.realm, it),
      access: { manage: call.admin.has(call.realm, may.manageUsers) },
    })),
  );
}

function groupsOf(call: RealmCall, role: Role): Answer {
  if (!call.admin.has(call.realm, may.viewUsers)) return forbidden;
  const { state } = call.context;
  const brief = flagOf(call, 'briefRepresentation', true);
  return json(
    pageOf(call, state.groups.by(call.realm.id, 'role', role.id)).map((it) => showGroupOfUser(state, it, brief)),
  );
}
