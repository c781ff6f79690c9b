import { ok, type Result, refuse } from '@keyturn/protocol';
import {
  authorizedRolesOf,
  checkDsd,
  checkSsd,
  dropLostRoles,
  type Grounds,
  isName,
  type Origin,
  permissionsOfRoles,
  plainRole,
  type Rbac,
  type RbacResult,
  type RoleInfo,
  type User,
} from './model.ts';
import { formatPermission, parsePermission } from './permission.ts';
import type { RbacRefusal } from './refusal.ts';

/*
 * Core RBAC (level 1): the administrative and system functions of ANSI INCITS 359, each by its own name. They mind the
 * hierarchy and the constraints of the higher levels, which are empty where nothing was put into them.
 */

/** AddUser: a user without roles. */
export function addUser(rbac: Rbac, user: string): RbacResult {
  if (!isName(user, 1024)) return refuse({ why: 'malformed-name', what: 'user', name: user });
  if (rbac.users.has(user)) return refuse({ why: 'user-exists', user });
  return ok({ ...rbac, users: rbac.users.set(user, { assigned: new Map(), sessions: new Set() }) });
}

/** DeleteUser: with all assignments and sessions. */
export function deleteUser(rbac: Rbac, user: string): RbacResult {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  let { sessions } = rbac;
  for (const session of entry.sessions) sessions = sessions.delete(session);
  return ok({ ...rbac, users: rbac.users.delete(user), sessions });
}

/** AddRole: a role without permissions, juniors and users. */
export function addRole(rbac: Rbac, role: string, info: Partial<RoleInfo> = {}): RbacResult {
  if (!isName(role)) return refuse({ why: 'malformed-name', what: 'role', name: role });
  if (rbac.roles.has(role)) return refuse({ why: 'role-exists', role });
  return ok({ ...rbac, roles: new Map(rbac.roles).set(role, { ...plainRole, ...info }) });
}

/** Gives a role another description, tier or flags. Not of the standard, which knows nothing of these. */
export function describeRole(rbac: Rbac, role: string, info: Partial<RoleInfo>): RbacResult {
  const before = rbac.roles.get(role);
  if (before === undefined) return refuse({ why: 'unknown-role', role });
  return ok({ ...rbac, roles: new Map(rbac.roles).set(role, { ...before, ...info }) });
}

/**
 * DeleteRole: with its assignments, permissions and place in the hierarchy; sessions lose it. Refused where it would
 * leave a separation-of-duty set smaller than its cardinality, so that a constraint never ends by the way.
 */
export function deleteRole(rbac: Rbac, role: string): RbacResult {
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  const left: Pick<Rbac, 'ssd' | 'dsd'> = { ssd: new Map(), dsd: new Map() };
  for (const kind of ['ssd', 'dsd'] as const) {
    const sets = new Map(rbac[kind]);
    for (const [set, { roles, cardinality }] of sets) {
      if (!roles.has(role)) continue;
      const size = roles.size - 1;
      if (size < cardinality) return refuse({ why: 'bad-cardinality', kind, set, cardinality, size });
      sets.set(set, { roles: new Set([...roles].filter((one) => one !== role)), cardinality });
    }
    Object.assign(left, { [kind]: sets });
  }
  const roles = new Map(rbac.roles);
  roles.delete(role);
  const grants = new Map(rbac.grants);
  grants.delete(role);
  const affected = [...rbac.users].filter(([, entry]) => authorizedRolesOf(rbac, entry).has(role));
  let { users } = rbac;
  for (const [name, entry] of affected) users = users.set(name, withGrounds(entry, role, undefined));
  const hierarchy = rbac.hierarchy.withoutRole(role);
  const next: Rbac = { ...rbac, ...left, roles, grants, users, hierarchy, compiled: new WeakMap() };
  const names = affected.map(([name]) => name);
  return ok(dropLostRoles(next, names));
}

/**
 * AssignUser. Refused if the user would then be authorised for too many roles of an SSD set. A role may be assigned by
 * hand and by groups at once, and stays until both are gone; `via` names the groups.
 */
export function assignUser(
  rbac: Rbac,
  user: string,
  role: string,
  origin: Origin = 'manual',
  via: readonly string[] = [],
): RbacResult {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  const before = entry.assigned.get(role);
  const groups = origin === 'synced' ? via : (before?.via ?? []);
  if (before?.[origin] === true && sameList(before.via, groups)) return refuse({ why: 'already-assigned', user, role });
  const grounds: Grounds = { manual: false, synced: false, ...before, [origin]: true, via: groups };
  const next = withGrounds(entry, role, grounds);
  if (before === undefined) {
    const checked = checkSsd(rbac, user, next);
    if (!checked.ok) return checked;
  }
  return ok({ ...rbac, users: rbac.users.set(user, next) });
}

/** DeassignUser: by hand, by groups, or, where neither is named, both. Sessions lose what the user is no longer authorised for. */
export function deassignUser(rbac: Rbac, user: string, role: string, origin?: Origin): RbacResult {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  const before = entry.assigned.get(role);
  if (before === undefined || (origin !== undefined && !before[origin])) {
    return refuse({ why: 'not-assigned', user, role });
  }
  const manual = origin === 'synced' && before.manual;
  const synced = origin === 'manual' && before.synced;
  const grounds = manual || synced ? { manual, synced, via: synced ? before.via : [] } : undefined;
  const next = { ...rbac, users: rbac.users.set(user, withGrounds(entry, role, grounds)) };
  return ok(grounds === undefined ? dropLostRoles(next, [user]) : next);
}

/** GrantPermission: `content.publish`, `tool.call@tool:pizzeria/*`. */
export function grantPermission(rbac: Rbac, role: string, permission: string): RbacResult {
  const parsed = parsePermission(permission);
  if (!parsed.ok) return parsed;
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  const text = formatPermission(parsed.value);
  const before = rbac.grants.get(role);
  if (before?.has(text) === true) return refuse({ why: 'already-granted', role, permission: text });
  const grants = new Map(rbac.grants).set(role, new Map(before).set(text, parsed.value));
  return ok({ ...rbac, grants, compiled: new WeakMap() });
}

/** RevokePermission: takes away exactly what was granted to this role; a wildcard that covers it stays. */
export function revokePermission(rbac: Rbac, role: string, permission: string): RbacResult {
  const parsed = parsePermission(permission);
  if (!parsed.ok) return parsed;
  if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  const text = formatPermission(parsed.value);
  const left = new Map(rbac.grants.get(role));
  if (!left.delete(text)) return refuse({ why: 'not-granted', role, permission: text });
  return ok({ ...rbac, grants: new Map(rbac.grants).set(role, left), compiled: new WeakMap() });
}

/** CreateSession: with these roles active, for all of which the user must be authorised, and within the DSD sets. */
export function createSession(rbac: Rbac, user: string, session: string, activeRoles: Iterable<string>): RbacResult {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  if (!isName(session, 1024)) return refuse({ why: 'malformed-name', what: 'session', name: session });
  if (rbac.sessions.has(session)) return refuse({ why: 'session-exists', session });
  const active = new Set(activeRoles);
  const authorized = authorizedRolesOf(rbac, entry);
  for (const role of active) if (!authorized.has(role)) return refuse({ why: 'not-authorized', user, role });
  const checked = checkDsd(rbac, user, session, active);
  if (!checked.ok) return checked;
  const users = rbac.users.set(user, { ...entry, sessions: new Set([...entry.sessions, session]) });
  return ok({ ...rbac, users, sessions: rbac.sessions.set(session, { user, active }) });
}

/** DeleteSession. */
export function deleteSession(rbac: Rbac, user: string, session: string): RbacResult {
  const own = ownSession(rbac, user, session);
  if (!own.ok) return own;
  const { entry } = own.value;
  const sessions = new Set([...entry.sessions].filter((id) => id !== session));
  const users = rbac.users.set(user, { ...entry, sessions });
  return ok({ ...rbac, users, sessions: rbac.sessions.delete(session) });
}

/** AddActiveRole: refused if the session would then have too many roles of a DSD set active. */
export function addActiveRole(rbac: Rbac, user: string, session: string, role: string): RbacResult {
  const own = ownSession(rbac, user, session);
  if (!own.ok) return own;
  const { entry, active } = own.value;
  if (active.has(role)) return refuse({ why: 'already-active', session, role });
  if (!authorizedRolesOf(rbac, entry).has(role)) return refuse({ why: 'not-authorized', user, role });
  const next = new Set([...active, role]);
  const checked = checkDsd(rbac, user, session, next);
  return checked.ok ? ok({ ...rbac, sessions: rbac.sessions.set(session, { user, active: next }) }) : checked;
}

/** DropActiveRole. */
export function dropActiveRole(rbac: Rbac, user: string, session: string, role: string): RbacResult {
  const own = ownSession(rbac, user, session);
  if (!own.ok) return own;
  const { active } = own.value;
  if (!active.has(role)) return refuse({ why: 'not-active', session, role });
  const next = new Set([...active].filter((one) => one !== role));
  return ok({ ...rbac, sessions: rbac.sessions.set(session, { user, active: next }) });
}

/** CheckAccess: whether the session's active roles, or what they inherit from, permit the operation on the object. */
export function checkAccess(
  rbac: Rbac,
  session: string,
  operation: string,
  object?: string,
): Result<boolean, RbacRefusal> {
  const found = rbac.sessions.get(session);
  if (found === undefined) return refuse({ why: 'unknown-session', session });
  return ok(permissionsOfRoles(rbac, found.active).allows(operation, object));
}

/** CheckAccess as a plain yes or no: a session that there is not permits nothing. */
export function isPermitted(rbac: Rbac, session: string, operation: string, object?: string): boolean {
  const answer = checkAccess(rbac, session, operation, object);
  return answer.ok && answer.value;
}

function ownSession(
  rbac: Rbac,
  user: string,
  session: string,
): Result<{ readonly entry: User; readonly active: ReadonlySet<string> }, RbacRefusal> {
  const entry = rbac.users.get(user);
  if (entry === undefined) return refuse({ why: 'unknown-user', user });
  const found = rbac.sessions.get(session);
  if (found === undefined) return refuse({ why: 'unknown-session', session });
  if (found.user !== user) return refuse({ why: 'not-session-owner', user, session });
  return ok({ entry, active: found.active });
}

function withGrounds(user: User, role: string, grounds: Grounds | undefined): User {
  const assigned = new Map(user.assigned);
  if (grounds === undefined) assigned.delete(role);
  else assigned.set(role, grounds);
  return { ...user, assigned };
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, i) => text === other[i]);
}
