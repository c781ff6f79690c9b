/**
 * Role-based access control as the NIST model of 2000 has it in four levels, with the functions of ANSI INCITS 359 by
 * their names: core (`core.ts`), hierarchical (`inheritance.ts`), constrained (`separation.ts`), and the reviews of all
 * (`review.ts`, `who-can.ts`). Each takes a model and gives a new one or a refusal; `model.ts` says what always holds.
 * Where models are kept, who may change them and how others learn of it is for the caller.
 */
export type { DefaultActivation } from './activation.ts';
export { defaultActivation, primaryRoleOf } from './activation.ts';
export type { RbacChange } from './change.ts';
export { applyChange, applyChanges } from './change.ts';
export {
  addActiveRole,
  addRole,
  addUser,
  assignUser,
  checkAccess,
  createSession,
  deassignUser,
  deleteRole,
  deleteSession,
  deleteUser,
  describeRole,
  dropActiveRole,
  grantPermission,
  isPermitted,
  revokePermission,
} from './core.ts';
export type { GroupMapping, MapGroups, MappedRole } from './group-mapping.ts';
export { compileGroupMapping, rolesOfMapping } from './group-mapping.ts';
export { addAscendant, addDescendant, addInheritance, deleteInheritance } from './inheritance.ts';
export type { RbacFacts } from './load.ts';
export { loadRbac } from './load.ts';
export type { Grounds, Origin, Rbac, RbacResult, RoleInfo, RoleSession, RoleSet, User } from './model.ts';
export { emptyRbac, isName, plainRole } from './model.ts';
export type { Permission } from './permission.ts';
export { formatPermission, isOperation, parsePermission } from './permission.ts';
export type { PermissionSet } from './permission-set.ts';
export { buildPermissionSet } from './permission-set.ts';
export type { RbacRefusal, SsdRefusal } from './refusal.ts';
export { explainRbacRefusal } from './refusal.ts';
export type { PermissionMiddleware, RequirePermissionOptions } from './require-permission.ts';
export { permissionsOfHeader, requirePermission } from './require-permission.ts';
export {
  assignedRoles,
  assignedUsers,
  authorizedRoles,
  authorizedUsers,
  permissionsOf,
  roleOperationsOnObject,
  rolePermissions,
  sessionPermissions,
  sessionRoles,
  userOperationsOnObject,
  userPermissions,
} from './review.ts';
export {
  addDsdRoleMember,
  addSsdRoleMember,
  createDsdSet,
  createSsdSet,
  deleteDsdRoleMember,
  deleteDsdSet,
  deleteSsdRoleMember,
  deleteSsdSet,
  dsdRoleSetCardinality,
  dsdRoleSetRoles,
  dsdRoleSets,
  setDsdSetCardinality,
  setSsdSetCardinality,
  ssdRoleSetCardinality,
  ssdRoleSetRoles,
  ssdRoleSets,
} from './separation.ts';
export type { PlannedSync, RefusedRole, SyncReport } from './sync.ts';
export { planSync, readGroupClaim, standingOf } from './sync.ts';
export type { AccessPath } from './who-can.ts';
export { grantingRoles, rolesThatWouldAllow, whoCan } from './who-can.ts';
