import { ok, type Result, refuse } from '@keyturn/protocol';
import type { ModelRefusal } from './refusal.ts';
import type { Attributes, Role } from './role.ts';
import type { IdpState } from './state.ts';

export interface NewRole {
  readonly id?: string;
  readonly name: string;
  readonly description?: string;
  /** Internal id of the client; absent: a realm role. */
  readonly clientUuid?: string;
  readonly attributes?: Attributes;
  readonly compositeIds?: readonly string[];
}

/** Creates a realm or client role; names are unique within their container. */
export function createRole(state: IdpState, realmId: string, role: NewRole): Result<Role, ModelRefusal> {
  if (role.name === '') return refuse({ why: 'invalid', field: 'name', message: 'role has no name' });
  if (findRole(state, realmId, role.name, role.clientUuid) !== undefined) {
    return refuse({ why: 'exists', what: 'role', name: role.name });
  }
  return ok(
    state.roles.put({
      id: role.id ?? state.newUuid(),
      realmId,
      name: role.name,
      ...(role.description === undefined ? {} : { description: role.description }),
      ...(role.clientUuid === undefined ? {} : { clientUuid: role.clientUuid }),
      attributes: role.attributes ?? {},
      compositeIds: role.compositeIds ?? [],
    }),
  );
}

/** A realm role by name, or a role of the client with this internal id. */
export function findRole(state: IdpState, realmId: string, name: string, clientUuid?: string): Role | undefined {
  return clientUuid === undefined
    ? state.roles.one(realmId, 'realmName', name)
    : state.roles.one(realmId, 'clientName', `${clientUuid} ${name}`);
}

/** Realm roles, or the roles of one client, in order of creation. */
export function rolesOf(state: IdpState, realmId: string, clientUuid?: string): readonly Role[] {
  return clientUuid === undefined
    ? state.roles.ofRealm(realmId).filter((role) => role.clientUuid === undefined)
    : state.roles.by(realmId, 'client', clientUuid);
}

/** The roles with these ids and all that they include. */
export function expandRoles(state: IdpState, ids: Iterable<string>): ReadonlyMap<string, Role> {
  const found = new Map<string, Role>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    const role = state.roles.get(id);
    if (role === undefined) continue;
    found.set(id, role);
    open.push(...role.compositeIds);
  }
  return found;
}

/** Deletes a role and takes it away from everybody and everything that had it. The realm's default role stays. */
export function deleteRole(state: IdpState, role: Role): Result<void, ModelRefusal> {
  if (state.realms.get(role.realmId)?.defaultRoleId === role.id) {
    return refuse({ why: 'built-in', what: 'role', name: role.name });
  }
  state.transaction(() => forgetRole(state, role));
  return ok(undefined);
}

/** As `deleteRole`, without the question whether it may be: for deleting a client or a realm. */
export function forgetRole(state: IdpState, role: Role): void {
  const without = (ids: readonly string[]): readonly string[] => ids.filter((id) => id !== role.id);
  for (const it of state.users.by(role.realmId, 'role', role.id))
    state.users.put({ ...it, roleIds: without(it.roleIds) });
  for (const it of state.groups.by(role.realmId, 'role', role.id))
    state.groups.put({ ...it, roleIds: without(it.roleIds) });
  for (const it of state.roles.by(role.realmId, 'includes', role.id)) {
    state.roles.put({ ...it, compositeIds: without(it.compositeIds) });
  }
  for (const it of state.clients.ofRealm(role.realmId)) {
    if (it.scopeRoleIds.includes(role.id)) state.clients.put({ ...it, scopeRoleIds: without(it.scopeRoleIds) });
  }
  for (const it of state.scopes.ofRealm(role.realmId)) {
    if (it.scopeRoleIds.includes(role.id)) state.scopes.put({ ...it, scopeRoleIds: without(it.scopeRoleIds) });
  }
  state.roles.delete(role.id);
}
