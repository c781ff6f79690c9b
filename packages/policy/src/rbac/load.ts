import { ok, type Result, refuse } from '@keyturn/protocol';
import { Hierarchy } from './hierarchy.ts';
import {
  authorizedRolesOf,
  checkConstraints,
  emptyRbac,
  type Grounds,
  type Rbac,
  type RoleInfo,
  type RoleSession,
  type User,
} from './model.ts';
import { formatPermission, parsePermission, type Permission } from './permission.ts';
import { PersistentMap } from './persistent-map.ts';
import { explainRbacRefusal } from './refusal.ts';

/** A model as rows, as a store keeps it. */
export interface RbacFacts {
  readonly roles: Iterable<readonly [role: string, info: RoleInfo]>;
  readonly grants: Iterable<readonly [role: string, permission: string]>;
  readonly inheritance: Iterable<readonly [senior: string, junior: string]>;
  readonly ssd: Iterable<readonly [set: string, roles: readonly string[], cardinality: number]>;
  readonly dsd: Iterable<readonly [set: string, roles: readonly string[], cardinality: number]>;
  readonly users: Iterable<string>;
  readonly assignments: Iterable<readonly [user: string, role: string, grounds: Grounds]>;
  readonly sessions: Iterable<readonly [session: string, user: string, roles: readonly string[]]>;
}

/**
 * Builds a model at once: 50,000 assignments would take seconds one by one. What was stored by these functions keeps their
 * promises; rows that do not (somebody wrote into the tables) are refused with a sentence that names the first.
 */
export function loadRbac(facts: RbacFacts): Result<Rbac, string> {
  const roles = new Map(facts.roles);
  const grants = new Map<string, Map<string, Permission>>();
  for (const [role, text] of facts.grants) {
    const permission = parsePermission(text);
    if (!permission.ok || !roles.has(role)) return refuse(`the role ${role} has ${text}, which is no permission`);
    const own = grants.get(role) ?? new Map<string, Permission>();
    grants.set(role, own.set(formatPermission(permission.value), permission.value));
  }
  const juniors = new Map<string, Set<string>>();
  for (const [senior, junior] of facts.inheritance) {
    if (!roles.has(senior) || !roles.has(junior))
      return refuse(`${senior} inherits from ${junior}, and one is unknown`);
    juniors.set(senior, (juniors.get(senior) ?? new Set()).add(junior));
  }
  const hierarchy = new Hierarchy(juniors);
  for (const [senior, below] of juniors) {
    for (const junior of below) {
      if (hierarchy.below(junior).has(senior)) return refuse(`${senior} and ${junior} inherit from each other`);
    }
  }
  const users = new Map<string, { assigned: Map<string, Grounds>; sessions: Set<string> }>();
  for (const user of facts.users) users.set(user, { assigned: new Map(), sessions: new Set() });
  for (const [user, role, grounds] of facts.assignments) {
    if (!roles.has(role)) return refuse(`${user} has the role ${role}, which is unknown`);
    users.get(user)?.assigned.set(role, grounds);
  }
  const sessions = new Map<string, RoleSession>();
  for (const [session, user, active] of facts.sessions) {
    users.get(user)?.sessions.add(session);
    sessions.set(session, { user, active: new Set(active) });
  }
  const rbac: Rbac = {
    ...emptyRbac(),
    roles,
    grants,
    hierarchy,
    users: PersistentMap.from<User>(users),
    sessions: PersistentMap.from(sessions),
    ssd: new Map([...facts.ssd].map(([set, of, cardinality]) => [set, { roles: new Set(of), cardinality }])),
    dsd: new Map([...facts.dsd].map(([set, of, cardinality]) => [set, { roles: new Set(of), cardinality }])),
  };
  for (const [session, { user, active }] of sessions) {
    const entry = rbac.users.get(user);
    const authorized = entry === undefined ? undefined : authorizedRolesOf(rbac, entry);
    if (authorized === undefined || [...active].some((role) => !authorized.has(role))) {
      return refuse(`the session ${session} has roles active that ${user} is not authorised for`);
    }
  }
  const checked = checkConstraints(rbac);
  return checked.ok ? ok(rbac) : refuse(explainRbacRefusal(checked.refusal));
}
