import { ok, type Result, refuse } from '@keyturn/protocol';
import { authorizedRolesOf, permissionsOfRoles, type Rbac } from './model.ts';
import { coversObject, type Permission } from './permission.ts';
import { buildPermissionSet, type PermissionSet } from './permission-set.ts';
import type { RbacRefusal } from './refusal.ts';

/*
 * Review functions, of all levels, each by the name that ANSI INCITS 359 gives it. Lists are sorted. Where there is a
 * hierarchy, permissions are with inherited ones, and `authorized…` is `assigned…` with inheritance.
 */

/** AssignedUsers: those to whom this very role was given. */
export function assignedUsers(rbac: Rbac, role: string): Result<readonly string[], RbacRefusal> {
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  return ok(usersWhere(rbac, (assigned) => assigned.has(role)));
}

/** AssignedRoles: what was given to the user. */
export function assignedRoles(rbac: Rbac, user: string): Result<readonly string[], RbacRefusal> {
  const entry = rbac.users.get(user);
  return entry === undefined ? refuse({ why: 'unknown-user', user }) : ok([...entry.assigned.keys()].toSorted());
}

/** AuthorizedUsers: those to whom the role was given, or one that inherits from it. */
export function authorizedUsers(rbac: Rbac, role: string): Result<readonly string[], RbacRefusal> {
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  const above = rbac.hierarchy.above(role);
  return ok(usersWhere(rbac, (assigned) => [...assigned.keys()].some((one) => above.has(one))));
}

/** AuthorizedRoles: what was given to the user, and all that it inherits from. */
export function authorizedRoles(rbac: Rbac, user: string): Result<readonly string[], RbacRefusal> {
  const entry = rbac.users.get(user);
  return entry === undefined
    ? refuse({ why: 'unknown-user', user })
    : ok([...authorizedRolesOf(rbac, entry)].toSorted());
}

/** RolePermissions: granted to the role or to one that it inherits from. */
export function rolePermissions(rbac: Rbac, role: string): Result<readonly string[], RbacRefusal> {
  return rbac.roles.has(role) ? ok(textsOf(rbac, new Set([role]))) : refuse({ why: 'unknown-role', role });
}

/** UserPermissions: of all roles that the user is authorised for, whether active or not. */
export function userPermissions(rbac: Rbac, user: string): Result<readonly string[], RbacRefusal> {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  return ok(textsOf(rbac, new Set(entry.assigned.keys())));
}

/** SessionRoles: what is active. */
export function sessionRoles(rbac: Rbac, session: string): Result<readonly string[], RbacRefusal> {
  const found = rbac.sessions.get(session);
  return found === undefined ? refuse({ why: 'unknown-session', session }) : ok([...found.active].toSorted());
}

/** SessionPermissions: of the active roles, and of what they inherit from. */
export function sessionPermissions(rbac: Rbac, session: string): Result<readonly string[], RbacRefusal> {
  const found = rbac.sessions.get(session);
  return found === undefined ? refuse({ why: 'unknown-session', session }) : ok(textsOf(rbac, found.active));
}

/** RoleOperationsOnObject: operations, as granted, that the role may do on the object; wildcards stay wildcards. */
export function roleOperationsOnObject(
  rbac: Rbac,
  role: string,
  object: string,
): Result<readonly string[], RbacRefusal> {
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  return ok(operationsOn(grantsOf(rbac, rbac.hierarchy.below(role)), object));
}

/** UserOperationsOnObject: the same of a user, by all roles that they are authorised for. */
export function userOperationsOnObject(
  rbac: Rbac,
  user: string,
  object: string,
): Result<readonly string[], RbacRefusal> {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  return ok(operationsOn(grantsOf(rbac, authorizedRolesOf(rbac, entry)), object));
}

/** What the user may do in a session that has these roles active; all roles of the user if none are named. */
export function permissionsOf(rbac: Rbac, user: string, active?: ReadonlySet<string>): PermissionSet {
  if (active !== undefined) return permissionsOfRoles(rbac, active);
  const entry = rbac.users.get(user);
  return entry === undefined ? buildPermissionSet([]) : permissionsOfRoles(rbac, new Set(entry.assigned.keys()));
}

function usersWhere(rbac: Rbac, is: (assigned: ReadonlyMap<string, unknown>) => boolean): readonly string[] {
  const names: string[] = [];
  for (const [name, { assigned }] of rbac.users) if (is(assigned)) names.push(name);
  return names.sort();
}

function grantsOf(rbac: Rbac, roles: Iterable<string>): readonly Permission[] {
  return [...roles].flatMap((role) => [...(rbac.grants.get(role)?.values() ?? [])]);
}

/** Everything granted, those that wildcards cover too: a review shows what was given. */
function textsOf(rbac: Rbac, roles: ReadonlySet<string>): readonly string[] {
  return [
    ...new Set([...rbac.hierarchy.belowAll(roles)].flatMap((role) => [...(rbac.grants.get(role)?.keys() ?? [])])),
  ].toSorted();
}

function operationsOn(permissions: readonly Permission[], object: string): readonly string[] {
  const fitting = permissions.filter((permission) => coversObject(permission.object, object));
  return [...new Set(fitting.map(({ operation }) => operation))].toSorted();
}
