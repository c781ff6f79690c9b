import { ok, type Result, refuse } from '@keyturn/protocol';
import { Hierarchy } from './hierarchy.ts';
import type { Permission } from './permission.ts';
import { buildPermissionSet, type PermissionSet } from './permission-set.ts';
import { PersistentMap } from './persistent-map.ts';
import type { DsdRefusal, RbacRefusal, SsdRefusal } from './refusal.ts';

/**
 * Everything that role-based access control knows at one moment. It is never changed: each function gives a new one, or
 * a refusal and leaves it as it was. Every state that the functions reach from `emptyRbac` keeps these promises:
 * the hierarchy has no cycle; no user is authorised for as many roles of an SSD set as its cardinality; no session has as
 * many roles of a DSD set active; a session's active roles are among those its user is authorised for.
 */
export interface Rbac {
  readonly users: PersistentMap<User>;
  readonly sessions: PersistentMap<RoleSession>;
  readonly roles: ReadonlyMap<string, RoleInfo>;
  /** By role, by the permission's text: what was granted to the role itself. */
  readonly grants: ReadonlyMap<string, ReadonlyMap<string, Permission>>;
  readonly hierarchy: Hierarchy;
  readonly ssd: ReadonlyMap<string, RoleSet>;
  readonly dsd: ReadonlyMap<string, RoleSet>;
  /** Permissions of sets of roles, worked out when first asked for; a new one whenever grants or the hierarchy change. */
  readonly compiled: WeakMap<ReadonlySet<string>, PermissionSet>;
}

/** What a role is besides its name; RBAC decides nothing by it. */
export interface RoleInfo {
  readonly description: string;
  /** Of a user's roles the one with the highest tier is the primary role. */
  readonly tier: number;
  /** Django's is_staff and is_superuser, which seed 004's services read. */
  readonly staff: boolean;
  readonly superuser: boolean;
}

export interface User {
  readonly assigned: ReadonlyMap<string, Grounds>;
  readonly sessions: ReadonlySet<string>;
}

/** Why a user has a role: by hand, by groups at the identity provider, or both. */
export interface Grounds {
  readonly manual: boolean;
  readonly synced: boolean;
  /** The groups, where synced. */
  readonly via: readonly string[];
}

export type Origin = 'manual' | 'synced';

export interface RoleSession {
  readonly user: string;
  readonly active: ReadonlySet<string>;
}

/** A separation-of-duty set: fewer than `cardinality` of `roles`. */
export interface RoleSet {
  readonly roles: ReadonlySet<string>;
  readonly cardinality: number;
}

export type RbacResult = Result<Rbac, RbacRefusal>;

export const plainRole: RoleInfo = { description: '', tier: 0, staff: false, superuser: false };

/** A model in which there is nothing. */
export function emptyRbac(): Rbac {
  return {
    users: PersistentMap.from<User>([]),
    sessions: PersistentMap.from<RoleSession>([]),
    roles: new Map(),
    grants: new Map(),
    hierarchy: new Hierarchy(new Map()),
    ssd: new Map(),
    dsd: new Map(),
    compiled: new WeakMap(),
  };
}

/**
 * Names are compared character by character: what looks alike is not the same, and what is written in two ways is refused.
 * So are `.` and `..`, which no address can name: every client takes them for steps.
 */
export function isName(text: string, longest = 128): boolean {
  return (
    text.length > 0 &&
    text.length <= longest &&
    text === text.trim() &&
    text !== '.' &&
    text !== '..' &&
    !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) &&
    text === text.normalize('NFC')
  );
}

/** The permissions of these roles and of all that they inherit from. */
export function permissionsOfRoles(rbac: Rbac, roles: ReadonlySet<string>): PermissionSet {
  const known = rbac.compiled.get(roles);
  if (known !== undefined) return known;
  const permissions = buildPermissionSet(
    [...rbac.hierarchy.belowAll(roles)].flatMap((role) => [...(rbac.grants.get(role)?.values() ?? [])]),
  );
  rbac.compiled.set(roles, permissions);
  return permissions;
}

/** Everything a user is assigned, and all that those roles inherit from. */
export function authorizedRolesOf(rbac: Rbac, user: User): ReadonlySet<string> {
  return rbac.hierarchy.belowAll(user.assigned.keys());
}

/** The first set of which too many are among these roles, and which those are. */
export function findViolation(
  sets: ReadonlyMap<string, RoleSet>,
  roles: ReadonlySet<string>,
): { readonly set: string; readonly cardinality: number; readonly roles: readonly string[] } | undefined {
  for (const [set, { roles: members, cardinality }] of sets) {
    let count = 0;
    for (const member of members) if (roles.has(member)) count++;
    if (count >= cardinality) return { set, cardinality, roles: [...members].filter((role) => roles.has(role)) };
  }
  return undefined;
}

/** Whether every user keeps to the SSD sets, and every session to the DSD sets; the first that does not. */
export function checkConstraints(
  rbac: Rbac,
  concerns: { readonly ssd: boolean; readonly dsd: boolean } = { ssd: true, dsd: true },
): Result<Rbac, SsdRefusal | DsdRefusal> {
  if (concerns.ssd && rbac.ssd.size > 0) {
    for (const [user, entry] of rbac.users) {
      const checked = checkSsd(rbac, user, entry);
      if (!checked.ok) return checked;
    }
  }
  if (concerns.dsd && rbac.dsd.size > 0) {
    for (const [session, { user, active }] of rbac.sessions) {
      const checked = checkDsd(rbac, user, session, active);
      if (!checked.ok) return checked;
    }
  }
  return ok(rbac);
}

/** Under inheritance: the roles that a user is assigned count with all that they inherit from. */
export function checkSsd(rbac: Rbac, user: string, entry: User): Result<Rbac, SsdRefusal> {
  const found = rbac.ssd.size === 0 ? undefined : findViolation(rbac.ssd, authorizedRolesOf(rbac, entry));
  return found === undefined ? ok(rbac) : refuse({ why: 'ssd', user, ...found });
}

/** Under inheritance: active roles count with all that they inherit from, since their permissions are in use too. */
export function checkDsd(
  rbac: Rbac,
  user: string,
  session: string,
  active: ReadonlySet<string>,
): Result<Rbac, DsdRefusal> {
  const found = rbac.dsd.size === 0 ? undefined : findViolation(rbac.dsd, rbac.hierarchy.belowAll(active));
  return found === undefined ? ok(rbac) : refuse({ why: 'dsd', user, session, ...found });
}

/** Ends what sessions have active and their users are no longer authorised for. */
export function dropLostRoles(rbac: Rbac, users: Iterable<string>): Rbac {
  let { sessions } = rbac;
  for (const name of users) {
    const user = rbac.users.get(name);
    if (user === undefined || user.sessions.size === 0) continue;
    const authorized = authorizedRolesOf(rbac, user);
    for (const id of user.sessions) {
      const session = sessions.get(id);
      if (session === undefined || [...session.active].every((role) => authorized.has(role))) continue;
      const active = new Set([...session.active].filter((role) => authorized.has(role)));
      sessions = sessions.set(id, { ...session, active });
    }
  }
  return sessions === rbac.sessions ? rbac : { ...rbac, sessions };
}
