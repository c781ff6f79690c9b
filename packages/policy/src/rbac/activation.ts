import { type Rbac, type User, findViolation } from './model.ts';

/** What is active where nobody has chosen, and what is not because it would break a DSD set. */
export interface DefaultActivation {
  readonly active: ReadonlySet<string>;
  /** Assigned roles that wait for their user's choice, sorted. */
  readonly held: readonly string[];
}

/**
 * The roles that a session begins with: all that the user was given, but of a DSD set that they would break none, since
 * which of them is meant only the user can say.
 */
export function defaultActivation(rbac: Rbac, user: User | undefined): DefaultActivation {
  const active = new Set(user?.assigned.keys());
  const held: string[] = [];
  for (;;) {
    const violation = rbac.dsd.size === 0 ? undefined : findViolation(rbac.dsd, rbac.hierarchy.belowAll(active));
    if (violation === undefined) return { active, held: held.sort() };
    const members = new Set(violation.roles);
    for (const role of [...active]) {
      if ([...rbac.hierarchy.below(role)].every((below) => !members.has(below))) continue;
      active.delete(role);
      held.push(role);
    }
  }
}

/** Of roles, the one with the highest tier; of several, the first by name. */
export function primaryRoleOf(rbac: Rbac, roles: Iterable<string>): string | undefined {
  let primary: string | undefined;
  let best = Number.NEGATIVE_INFINITY;
  for (const role of [...roles].toSorted()) {
    const tier = rbac.roles.get(role)?.tier ?? 0;
    if (tier <= best) continue;
    best = tier;
    primary = role;
  }
  return primary;
}
