import type { RbacChange } from './change.ts';
import type { Origin } from './model.ts';

/**
 * The standard's definitions, written down as slowly as they read: relations as lists of pairs, closures by asking every
 * pair, constraints by going through every subset. The property tests hold the real model to it.
 */
export interface Reference {
  users: string[];
  roles: string[];
  /** UA. */
  assigned: { user: string; role: string; origin: Origin }[];
  /** PA. */
  granted: { role: string; permission: string }[];
  /** ≫, immediate inheritance. */
  inherits: { senior: string; junior: string }[];
  ssd: { set: string; roles: string[]; cardinality: number }[];
  dsd: { set: string; roles: string[]; cardinality: number }[];
  sessions: { session: string; user: string; roles: string[] }[];
}

export const nothing = (): Reference => ({
  users: [],
  roles: [],
  assigned: [],
  granted: [],
  inherits: [],
  ssd: [],
  dsd: [],
  sessions: [],
});

/** senior ≥ junior: the reflexive and transitive closure. */
export function dominates(model: Reference, senior: string, junior: string, seen: readonly string[] = []): boolean {
  if (senior === junior) return true;
  if (seen.includes(senior)) return false;
  return model.inherits.some(
    (pair) => pair.senior === senior && dominates(model, pair.junior, junior, [...seen, senior]),
  );
}

export const authorizedUsersOf = (model: Reference, role: string): readonly string[] =>
  model.users.filter((user) => model.assigned.some((pair) => pair.user === user && dominates(model, pair.role, role)));

export const authorizedRolesFor = (model: Reference, user: string): readonly string[] =>
  model.roles.filter((role) => authorizedUsersOf(model, role).includes(user));

export const permissionsOfRole = (model: Reference, role: string): readonly string[] =>
  model.granted.filter((pair) => dominates(model, role, pair.role)).map((pair) => pair.permission);

/** ∀ (rs, n) ∈ SSD, ∀ t ⊆ rs with |t| ≥ n: no user is authorised for every role of t. */
export const keepsSsd = (model: Reference): boolean =>
  model.ssd.every(({ roles, cardinality }) =>
    subsets(roles).every(
      (subset) =>
        subset.length < cardinality ||
        !model.users.some((user) => subset.every((role) => authorizedUsersOf(model, role).includes(user))),
    ),
  );

/** ∀ (rs, n) ∈ DSD, ∀ session, ∀ t ⊆ rs with |t| ≥ n: not every role of t is active, itself or by what inherits from it. */
export const keepsDsd = (model: Reference): boolean =>
  model.dsd.every(({ roles, cardinality }) =>
    subsets(roles).every(
      (subset) =>
        subset.length < cardinality ||
        !model.sessions.some(({ roles: active }) =>
          subset.every((role) => active.some((one) => dominates(model, one, role))),
        ),
    ),
  );

export const hasNoCycle = (model: Reference): boolean =>
  model.inherits.every(({ senior, junior }) => senior !== junior && !dominates(model, junior, senior));

function subsets(roles: readonly string[]): readonly (readonly string[])[] {
  return roles.reduce<readonly (readonly string[])[]>(
    (all, role) => [...all, ...all.map((set) => [...set, role])],
    [[]],
  );
}

/** The next state; undefined where the standard refuses. */
export function applyToReference(before: Reference, change: RbacChange): Reference | undefined {
  const model = structuredClone(before);
  const done = step(model, change);
  if (!done || !hasNoCycle(model) || !keepsSsd(model) || !keepsDsd(model)) return undefined;
  for (const set of [...model.ssd, ...model.dsd]) {
    if (set.cardinality < 2 || set.cardinality > set.roles.length) return undefined;
  }
  // What a user is no longer authorised for is no longer active.
  for (const session of model.sessions) {
    session.roles = session.roles.filter((role) => authorizedRolesFor(model, session.user).includes(role));
  }
  return model;
}

/** Changes the model; false if a precondition does not hold. Constraints are checked by the caller. */
function step(model: Reference, change: RbacChange): boolean {
  switch (change.do) {
    case 'addUser':
      if (model.users.includes(change.user)) return false;
      model.users.push(change.user);
      return true;
    case 'deleteUser':
      if (!model.users.includes(change.user)) return false;
      model.users = model.users.filter((user) => user !== change.user);
      model.assigned = model.assigned.filter(({ user }) => user !== change.user);
      model.sessions = model.sessions.filter(({ user }) => user !== change.user);
      return true;
    case 'addRole':
      if (model.roles.includes(change.role)) return false;
      model.roles.push(change.role);
      return true;
    case 'describeRole':
      return model.roles.includes(change.role);
    case 'deleteRole':
      if (!model.roles.includes(change.role)) return false;
      model.roles = model.roles.filter((role) => role !== change.role);
      model.assigned = model.assigned.filter(({ role }) => role !== change.role);
      model.granted = model.granted.filter(({ role }) => role !== change.role);
      model.inherits = model.inherits.filter(({ senior, junior }) => senior !== change.role && junior !== change.role);
      for (const set of [...model.ssd, ...model.dsd]) set.roles = set.roles.filter((role) => role !== change.role);
      return true;
    case 'assignUser': {
      const { user, role, origin } = change;
      if (!model.users.includes(user) || !model.roles.includes(role)) return false;
      if (model.assigned.some((pair) => pair.user === user && pair.role === role && pair.origin === origin))
        return false;
      model.assigned.push({ user, role, origin });
      return true;
    }
    case 'deassignUser': {
      const { user, role, origin } = change;
      const index = model.assigned.findIndex(
        (pair) => pair.user === user && pair.role === role && pair.origin === origin,
      );
      if (index !== -1) model.assigned.splice(index, 1);
      return index !== -1;
    }
    case 'grantPermission': {
      const { role, permission } = change;
      if (!model.roles.includes(role)) return false;
      if (model.granted.some((pair) => pair.role === role && pair.permission === permission)) return false;
      model.granted.push({ role, permission });
      return true;
    }
    case 'revokePermission': {
      const { role, permission } = change;
      const index = model.granted.findIndex((pair) => pair.role === role && pair.permission === permission);
      if (index !== -1) model.granted.splice(index, 1);
      return index !== -1;
    }
    case 'addInheritance': {
      const { senior, junior } = change;
      if (!model.roles.includes(senior) || !model.roles.includes(junior)) return false;
      if (model.inherits.some((pair) => pair.senior === senior && pair.junior === junior)) return false;
      model.inherits.push({ senior, junior });
      return true;
    }
    case 'deleteInheritance': {
      const { senior, junior } = change;
      const index = model.inherits.findIndex((pair) => pair.senior === senior && pair.junior === junior);
      if (index !== -1) model.inherits.splice(index, 1);
      return index !== -1;
    }
    case 'createSsdSet':
    case 'createDsdSet': {
      const sets = change.do === 'createSsdSet' ? model.ssd : model.dsd;
      const { set, cardinality } = change;
      const roles = [...new Set(change.roles)];
      if (sets.some((one) => one.set === set) || !roles.every((role) => model.roles.includes(role))) return false;
      sets.push({ set, roles, cardinality });
      return true;
    }
    case 'addSsdRoleMember':
    case 'addDsdRoleMember': {
      const set = (change.do === 'addSsdRoleMember' ? model.ssd : model.dsd).find((one) => one.set === change.set);
      if (set === undefined || set.roles.includes(change.role) || !model.roles.includes(change.role)) return false;
      set.roles.push(change.role);
      return true;
    }
    case 'deleteSsdRoleMember':
    case 'deleteDsdRoleMember': {
      const set = (change.do === 'deleteSsdRoleMember' ? model.ssd : model.dsd).find((one) => one.set === change.set);
      if (set?.roles.includes(change.role) !== true) return false;
      set.roles = set.roles.filter((role) => role !== change.role);
      return true;
    }
    case 'deleteSsdSet':
    case 'deleteDsdSet': {
      const kind = change.do === 'deleteSsdSet' ? 'ssd' : 'dsd';
      const known = model[kind].some((one) => one.set === change.set);
      model[kind] = model[kind].filter((one) => one.set !== change.set);
      return known;
    }
    case 'setSsdSetCardinality':
    case 'setDsdSetCardinality': {
      const set = (change.do === 'setSsdSetCardinality' ? model.ssd : model.dsd).find((one) => one.set === change.set);
      if (set === undefined) return false;
      set.cardinality = change.cardinality;
      return true;
    }
    case 'createSession': {
      const { user, session } = change;
      const roles = [...new Set(change.roles)];
      if (!model.users.includes(user) || model.sessions.some((one) => one.session === session)) return false;
      if (!roles.every((role) => authorizedRolesFor(model, user).includes(role))) return false;
      model.sessions.push({ session, user, roles });
      return true;
    }
    case 'deleteSession': {
      const index = model.sessions.findIndex(({ session, user }) => session === change.session && user === change.user);
      if (index !== -1) model.sessions.splice(index, 1);
      return index !== -1;
    }
    case 'addActiveRole': {
      const found = model.sessions.find(({ session, user }) => session === change.session && user === change.user);
      if (found === undefined || found.roles.includes(change.role)) return false;
      if (!authorizedRolesFor(model, change.user).includes(change.role)) return false;
      found.roles.push(change.role);
      return true;
    }
    case 'dropActiveRole': {
      const found = model.sessions.find(({ session, user }) => session === change.session && user === change.user);
      if (found?.roles.includes(change.role) !== true) return false;
      found.roles = found.roles.filter((role) => role !== change.role);
      return true;
    }
  }
}
