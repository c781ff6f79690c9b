import { ok, type Result, refuse } from '@keyturn/protocol';
import { expandRoles, lineageOf, type Role, rolesOf } from '../../model/index.ts';
import { type Answer, json, noContent, notFound } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { refuseEscalation } from '../frame/escalation.ts';
import { may, type Needs } from '../frame/permissions.ts';
import type { ResourceType } from '../frame/admin-events.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { type RoleRepresentation, roleListReader, showBriefRole } from '../representation/role.ts';

/** What has roles: a user, a group, or (as scope mappings) a client or client scope. */
export interface RoleHolder {
  readonly roleIds: readonly string[];
  /** Roles that it has beyond its own: by group, by parent group. */
  readonly inherited: readonly string[];
  replace(roleIds: readonly string[]): void;
}

type HolderOf = (call: RealmCall) => Result<RoleHolder, Answer>;

interface Mapping {
  readonly view: Needs;
  readonly manage: Needs;
  readonly ofRealm: ResourceType;
  readonly ofClient: ResourceType;
  /** Whether having the role gives power, so that it cannot be given by who lacks it. */
  readonly guarded: boolean;
}

/** Role mappings of users and groups. */
export function registerRoleMappings(routes: RealmRoutes): void {
  const rights = { view: may.viewUsers, manage: may.manageUsers, guarded: true } as const;
  const events = { ofRealm: 'REALM_ROLE_MAPPING', ofClient: 'CLIENT_ROLE_MAPPING' } as const;
  registerMappings(routes, '/users/:holder/role-mappings', { ...rights, ...events }, userHolder);
  registerMappings(routes, '/groups/:holder/role-mappings', { ...rights, ...events }, groupHolder);
}

/** Scope mappings of clients and client scopes: the roles that tokens may carry when full scope is off. */
export function registerScopeMappings(routes: RealmRoutes): void {
  const mapping = {
    view: may.viewClients,
    manage: may.manageClients,
    ofRealm: 'REALM_SCOPE_MAPPING',
    ofClient: 'CLIENT_SCOPE_MAPPING',
    guarded: false,
  } as const;
  registerMappings(routes, '/clients/:holder/scope-mappings', mapping, clientHolder);
  registerMappings(routes, '/client-scopes/:holder/scope-mappings', mapping, scopeHolder);
}

function userHolder(call: RealmCall): Result<RoleHolder, Answer> {
  const { state } = call.context;
  const user = state.users.inRealm(call.realm.id, call.param('holder'));
  if (user === undefined) return refuse(notFound('User not found'));
  const inherited = user.groupIds.flatMap((id) => lineageOf(state, id)).flatMap((group) => group.roleIds);
  return ok({ roleIds: user.roleIds, inherited, replace: (roleIds) => void state.users.put({ ...user, roleIds }) });
}

function groupHolder(call: RealmCall): Result<RoleHolder, Answer> {
  const { state } = call.context;
  const group = state.groups.inRealm(call.realm.id, call.param('holder'));
  if (group === undefined) return refuse(notFound('Could not find group by id'));
  const inherited = lineageOf(state, group.id).flatMap((it) => it.roleIds);
  return ok({ roleIds: group.roleIds, inherited, replace: (roleIds) => void state.groups.put({ ...group, roleIds }) });
}

function clientHolder(call: RealmCall): Result<RoleHolder, Answer> {
  const { state } = call.context;
  const client = state.clients.inRealm(call.realm.id, call.param('holder'));
  if (client === undefined) return refuse(notFound('Could not find client'));
  const replace = (scopeRoleIds: readonly string[]): void => void state.clients.put({ ...client, scopeRoleIds });
  return ok({ roleIds: client.scopeRoleIds, inherited: [], replace });
}

function scopeHolder(call: RealmCall): Result<RoleHolder, Answer> {
  const { state } = call.context;
  const scope = state.scopes.inRealm(call.realm.id, call.param('holder'));
  if (scope === undefined) return refuse(notFound('Could not find client scope'));
  const replace = (scopeRoleIds: readonly string[]): void => void state.scopes.put({ ...scope, scopeRoleIds });
  return ok({ roleIds: scope.scopeRoleIds, inherited: [], replace });
}

function registerMappings(routes: RealmRoutes, base: string, mapping: Mapping, holderOf: HolderOf): void {
  const held =
    <Rest extends readonly unknown[]>(handler: (call: RealmCall, holder: RoleHolder, ...rest: Rest) => Answer) =>
    (call: RealmCall, ...rest: Rest): Answer => {
      const holder = holderOf(call);
      return holder.ok ? handler(call, holder.value, ...rest) : holder.refusal;
    };
  routes.get(
    base,
    mapping.view,
    held((call, holder) => json(allMappings(call, holder.roleIds))),
  );
  for (const [path, records] of [
    [`${base}/realm`, mapping.ofRealm],
    [`${base}/clients/:container`, mapping.ofClient],
  ] as const) {
    const inContainer = <Rest extends readonly unknown[]>(
      handler: (call: RealmCall, holder: RoleHolder, available: readonly Role[], ...rest: Rest) => Answer,
    ): ((call: RealmCall, ...rest: Rest) => Answer) =>
      held((call: RealmCall, holder: RoleHolder, ...rest: Rest) => {
        const roles = rolesOfContainer(call);
        return roles.ok ? handler(call, holder, roles.value, ...rest) : roles.refusal;
      });
    const show = (roles: readonly Role[]): Answer => json(roles.map(showBriefRole));
    routes.get(
      path,
      mapping.view,
      inContainer((_call, holder, all) => show(all.filter((it) => holder.roleIds.includes(it.id)))),
    );
    routes.get(
      `${path}/composite`,
      mapping.view,
      inContainer((call, holder, all) => {
        const effective = expandRoles(call.context.state, [...holder.roleIds, ...holder.inherited]);
        return show(all.filter((it) => effective.has(it.id)));
      }),
    );
    routes.get(
      `${path}/available`,
      mapping.view,
      inContainer((call, holder, all) =>
        // What the caller may not give is not available.
        show(call.admin.has(call.realm, mapping.manage) ? all.filter((it) => !holder.roleIds.includes(it.id)) : []),
      ),
    );
    const change = { needs: mapping.manage, records, body: roleListReader } as const;
    routes.post(
      path,
      change,
      inContainer((call, holder, all, given) => {
        const ids = idsOf(all, given);
        if (!ids.ok) return ids.refusal;
        const escalation = mapping.guarded ? refuseEscalation(call, ids.value) : undefined;
        if (escalation !== undefined) return escalation;
        holder.replace([...new Set([...holder.roleIds, ...ids.value])]);
        return noContent;
      }),
    );
    routes.delete(
      path,
      change,
      inContainer((_call, holder, all, given) => {
        const ids = idsOf(all, given);
        if (!ids.ok) return ids.refusal;
        holder.replace(holder.roleIds.filter((id) => !ids.value.includes(id)));
        return noContent;
      }),
    );
  }
}

function rolesOfContainer(call: RealmCall): Result<readonly Role[], Answer> {
  const { state } = call.context;
  const container = call.param('container');
  if (container === '') return ok(rolesOf(state, call.realm.id));
  return state.clients.inRealm(call.realm.id, container) === undefined
    ? refuse(notFound('Client not found'))
    : ok(rolesOf(state, call.realm.id, container));
}

/** Ids of the roles in a body, of which each must be one of the container's. A name alone finds nothing. */
function idsOf(all: readonly Role[], given: readonly RoleRepresentation[]): Result<readonly string[], Answer> {
  const known = new Set(all.map((it) => it.id));
  const ids = given.map((it) => it.id ?? '');
  return ids.every((id) => known.has(id)) ? ok(ids) : refuse(notFound('Role not found'));
}

/** Keycloak's MappingsRepresentation: realm roles, and client roles under the clientId. */
function allMappings(call: RealmCall, roleIds: readonly string[]): object {
  const { state } = call.context;
  const roles = roleIds.flatMap((id) => state.roles.get(id) ?? []);
  const ofRealm = roles.filter((it) => it.clientUuid === undefined).map(showBriefRole);
  const clients = [...new Set(roles.flatMap((it) => it.clientUuid ?? []))].flatMap((uuid) => {
    const client = state.clients.get(uuid);
    if (client === undefined) return [];
    const mappings = roles.filter((it) => it.clientUuid === uuid).map(showBriefRole);
    return [[client.clientId, { id: client.id, client: client.clientId, mappings }] as const];
  });
  return {
    ...(ofRealm.length === 0 ? {} : { realmMappings: ofRealm }),
    ...(clients.length === 0 ? {} : { clientMappings: Object.fromEntries(clients) }),
  };
}
