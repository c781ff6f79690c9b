import { ok, type Result, refuse } from '@keyturn/protocol';
import { addRole } from './core.ts';
import { checkConstraints, dropLostRoles, type Rbac, type RbacResult, type RoleInfo } from './model.ts';
import type { RbacRefusal } from './refusal.ts';

/* Hierarchical RBAC (level 2), general: any partial order. The functions of ANSI INCITS 359, each by its own name. */

/**
 * AddInheritance: the senior role gets all permissions of the junior, which gets all users of the senior. Refused if
 * that made a cycle, or put a user or a session beyond a separation-of-duty set.
 */
export function addInheritance(rbac: Rbac, senior: string, junior: string): RbacResult {
  const known = checkRoles(rbac, senior, junior);
  if (!known.ok) return known;
  if (rbac.hierarchy.juniors.get(senior)?.has(junior) === true)
    return refuse({ why: 'already-inherits', senior, junior });
  const path = rbac.hierarchy.path(junior, senior);
  if (path !== undefined) return refuse({ why: 'cycle', senior, junior, path });
  return checkConstraints({ ...rbac, hierarchy: rbac.hierarchy.with(senior, junior), compiled: new WeakMap() });
}

/** DeleteInheritance: the immediate relation. What follows from others stays; sessions lose what nobody is authorised for. */
export function deleteInheritance(rbac: Rbac, senior: string, junior: string): RbacResult {
  const known = checkRoles(rbac, senior, junior);
  if (!known.ok) return known;
  if (rbac.hierarchy.juniors.get(senior)?.has(junior) !== true) return refuse({ why: 'not-inherited', senior, junior });
  const hierarchy = rbac.hierarchy.without(senior, junior);
  const next: Rbac = { ...rbac, hierarchy, compiled: new WeakMap() };
  return ok(dropLostRoles(next, [...new Set([...rbac.sessions].map(([, { user }]) => user))]));
}

/** AddAscendant: a new role, immediately above one that exists. */
export function addAscendant(rbac: Rbac, ascendant: string, descendant: string, info?: Partial<RoleInfo>): RbacResult {
  if (!rbac.roles.has(descendant)) return refuse({ why: 'unknown-role', role: descendant });
  const added = addRole(rbac, ascendant, info);
  return added.ok ? addInheritance(added.value, ascendant, descendant) : added;
}

/** AddDescendant: a new role, immediately below one that exists. */
export function addDescendant(rbac: Rbac, ascendant: string, descendant: string, info?: Partial<RoleInfo>): RbacResult {
  if (!rbac.roles.has(ascendant)) return refuse({ why: 'unknown-role', role: ascendant });
  const added = addRole(rbac, descendant, info);
  return added.ok ? addInheritance(added.value, ascendant, descendant) : added;
}

function checkRoles(rbac: Rbac, ...roles: readonly string[]): Result<Rbac, RbacRefusal> {
  const unknown = roles.find((role) => !rbac.roles.has(role));
  return unknown === undefined ? ok(rbac) : refuse({ why: 'unknown-role', role: unknown });
}
