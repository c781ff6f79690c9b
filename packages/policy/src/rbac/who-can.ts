import type { Grounds, Rbac } from './model.ts';
import { coversObject, coversOperation, formatPermission } from './permission.ts';

/** One way by which somebody may do something: a role they were given, the roles down to the one that has the permission. */
export interface AccessPath {
  readonly user: string;
  /** From the assigned role to the role that was granted the permission; one name where that is the same. */
  readonly roles: readonly string[];
  /** As granted: it may have wildcards. */
  readonly permission: string;
  readonly grounds: Grounds;
}

/** Who may do the operation on the object (all objects if it is `*`), and by which paths: one a user, role and grant. */
export function whoCan(rbac: Rbac, operation: string, object = '*'): readonly AccessPath[] {
  const granting = grantingRoles(rbac, operation, object);
  const byAssigned = new Map<string, readonly (readonly [readonly string[], string])[]>();
  const pathsFrom = (role: string): readonly (readonly [readonly string[], string])[] => {
    const known = byAssigned.get(role);
    if (known !== undefined) return known;
    const paths = granting.flatMap(({ role: last, permission }) => {
      const roles = rbac.hierarchy.path(role, last);
      return roles === undefined ? [] : [[roles, permission] as const];
    });
    byAssigned.set(role, paths);
    return paths;
  };
  const found: AccessPath[] = [];
  for (const [user, { assigned }] of rbac.users) {
    for (const [role, grounds] of assigned) {
      for (const [roles, permission] of pathsFrom(role)) found.push({ user, roles, permission, grounds });
    }
  }
  return found.sort((a, b) => compare(keyOf(a), keyOf(b)));
}

/** Roles that have the permission of their own, with it as granted, in the order of names. */
export function grantingRoles(
  rbac: Rbac,
  operation: string,
  object = '*',
): readonly { readonly role: string; readonly permission: string }[] {
  return [...rbac.grants]
    .flatMap(([role, permissions]) =>
      [...permissions.values()]
        .filter((granted) => coversOperation(granted.operation, operation) && coversObject(granted.object, object))
        .map((granted) => ({ role, permission: formatPermission(granted) })),
    )
    .sort((a, b) => compare(`${a.role}\n${a.permission}`, `${b.role}\n${b.permission}`));
}

/** Every role that would give the permission, by itself or by what it inherits from, sorted. */
export function rolesThatWouldAllow(rbac: Rbac, operation: string, object = '*'): readonly string[] {
  const roles = grantingRoles(rbac, operation, object).flatMap(({ role }) => [...rbac.hierarchy.above(role)]);
  return [...new Set(roles)].toSorted();
}

function keyOf({ user, roles, permission }: AccessPath): string {
  return [user, ...roles, permission].join('\n');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
