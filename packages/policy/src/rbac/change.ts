import { ok, type Result, refuse, unreachable } from '@keyturn/protocol';
import {
  addActiveRole,
  addRole,
  addUser,
  assignUser,
  createSession,
  deassignUser,
  deleteRole,
  deleteSession,
  deleteUser,
  describeRole,
  dropActiveRole,
  grantPermission,
  revokePermission,
} from './core.ts';
import { addInheritance, deleteInheritance } from './inheritance.ts';
import type { Origin, Rbac, RbacResult, RoleInfo } from './model.ts';
import type { RbacRefusal } from './refusal.ts';
import {
  addDsdRoleMember,
  addSsdRoleMember,
  createDsdSet,
  createSsdSet,
  deleteDsdRoleMember,
  deleteDsdSet,
  deleteSsdRoleMember,
  deleteSsdSet,
  setDsdSetCardinality,
  setSsdSetCardinality,
} from './separation.ts';

/**
 * A call of one of the functions that change the model, as plain data: what is stored, sent to other replicas, planned,
 * and written into the audit. `do` is the function's name.
 */
export type RbacChange =
  | { readonly do: 'addUser' | 'deleteUser'; readonly user: string }
  | { readonly do: 'addRole' | 'describeRole'; readonly role: string; readonly info: Partial<RoleInfo> }
  | { readonly do: 'deleteRole'; readonly role: string }
  | {
      readonly do: 'assignUser';
      readonly user: string;
      readonly role: string;
      readonly origin: Origin;
      readonly via: readonly string[];
    }
  | { readonly do: 'deassignUser'; readonly user: string; readonly role: string; readonly origin: Origin }
  | { readonly do: 'grantPermission' | 'revokePermission'; readonly role: string; readonly permission: string }
  | { readonly do: 'addInheritance' | 'deleteInheritance'; readonly senior: string; readonly junior: string }
  | {
      readonly do: 'createSsdSet' | 'createDsdSet';
      readonly set: string;
      readonly roles: readonly string[];
      readonly cardinality: number;
    }
  | {
      readonly do: 'addSsdRoleMember' | 'deleteSsdRoleMember' | 'addDsdRoleMember' | 'deleteDsdRoleMember';
      readonly set: string;
      readonly role: string;
    }
  | { readonly do: 'deleteSsdSet' | 'deleteDsdSet'; readonly set: string }
  | {
      readonly do: 'setSsdSetCardinality' | 'setDsdSetCardinality';
      readonly set: string;
      readonly cardinality: number;
    }
  | {
      readonly do: 'createSession';
      readonly user: string;
      readonly session: string;
      readonly roles: readonly string[];
    }
  | { readonly do: 'deleteSession'; readonly user: string; readonly session: string }
  | {
      readonly do: 'addActiveRole' | 'dropActiveRole';
      readonly user: string;
      readonly session: string;
      readonly role: string;
    };

/** Calls the function that the change names. */
export function applyChange(rbac: Rbac, change: RbacChange): RbacResult {
  switch (change.do) {
    case 'addUser':
      return addUser(rbac, change.user);
    case 'deleteUser':
      return deleteUser(rbac, change.user);
    case 'addRole':
      return addRole(rbac, change.role, change.info);
    case 'describeRole':
      return describeRole(rbac, change.role, change.info);
    case 'deleteRole':
      return deleteRole(rbac, change.role);
    case 'assignUser':
      return assignUser(rbac, change.user, change.role, change.origin, change.via);
    case 'deassignUser':
      return deassignUser(rbac, change.user, change.role, change.origin);
    case 'grantPermission':
      return grantPermission(rbac, change.role, change.permission);
    case 'revokePermission':
      return revokePermission(rbac, change.role, change.permission);
    case 'addInheritance':
      return addInheritance(rbac, change.senior, change.junior);
    case 'deleteInheritance':
      return deleteInheritance(rbac, change.senior, change.junior);
    case 'createSsdSet':
      return createSsdSet(rbac, change.set, change.roles, change.cardinality);
    case 'createDsdSet':
      return createDsdSet(rbac, change.set, change.roles, change.cardinality);
    case 'addSsdRoleMember':
      return addSsdRoleMember(rbac, change.set, change.role);
    case 'deleteSsdRoleMember':
      return deleteSsdRoleMember(rbac, change.set, change.role);
    case 'addDsdRoleMember':
      return addDsdRoleMember(rbac, change.set, change.role);
    case 'deleteDsdRoleMember':
      return deleteDsdRoleMember(rbac, change.set, change.role);
    case 'deleteSsdSet':
      return deleteSsdSet(rbac, change.set);
    case 'deleteDsdSet':
      return deleteDsdSet(rbac, change.set);
    case 'setSsdSetCardinality':
      return setSsdSetCardinality(rbac, change.set, change.cardinality);
    case 'setDsdSetCardinality':
      return setDsdSetCardinality(rbac, change.set, change.cardinality);
    case 'createSession':
      return createSession(rbac, change.user, change.session, change.roles);
    case 'deleteSession':
      return deleteSession(rbac, change.user, change.session);
    case 'addActiveRole':
      return addActiveRole(rbac, change.user, change.session, change.role);
    case 'dropActiveRole':
      return dropActiveRole(rbac, change.user, change.session, change.role);
    default:
      return unreachable(change);
  }
}

/** All of them in order, or none: the refusal says which could not be done. */
export function applyChanges(
  rbac: Rbac,
  changes: readonly RbacChange[],
): Result<Rbac, { readonly change: RbacChange; readonly refusal: RbacRefusal }> {
  let next = rbac;
  for (const change of changes) {
    const done = applyChange(next, change);
    if (!done.ok) return refuse({ change, refusal: done.refusal });
    next = done.value;
  }
  return ok(next);
}
