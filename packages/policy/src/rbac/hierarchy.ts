/**
 * Which role inherits from which: a partial order, kept as its immediate relations (`senior` has all permissions of
 * `junior`, and all users of `senior` are users of `junior`). Never changed; closures are worked out when first asked for.
 */
export class Hierarchy {
  readonly juniors: Relations;
  readonly seniors: Relations;
  readonly #below = new Map<string, ReadonlySet<string>>();
  readonly #above = new Map<string, ReadonlySet<string>>();

  constructor(juniors: Relations) {
    this.juniors = juniors;
    const seniors = new Map<string, Set<string>>();
    for (const [senior, below] of juniors) {
      for (const junior of below) {
        const above = seniors.get(junior);
        if (above === undefined) seniors.set(junior, new Set([senior]));
        else above.add(senior);
      }
    }
    this.seniors = seniors;
  }

  /** The role and all that it inherits from. */
  below(role: string): ReadonlySet<string> {
    return closure(role, this.juniors, this.#below);
  }

  /** The role and all that inherit from it. */
  above(role: string): ReadonlySet<string> {
    return closure(role, this.seniors, this.#above);
  }

  /** The roles and all that they inherit from: what their users are authorised for. */
  belowAll(roles: Iterable<string>): ReadonlySet<string> {
    const all = new Set<string>();
    for (const role of roles) for (const one of this.below(role)) all.add(one);
    return all;
  }

  with(senior: string, junior: string): Hierarchy {
    return new Hierarchy(new Map(this.juniors).set(senior, new Set([...(this.juniors.get(senior) ?? []), junior])));
  }

  without(senior: string, junior: string): Hierarchy {
    return new Hierarchy(removed(this.juniors, (from, to) => from === senior && to === junior));
  }

  withoutRole(role: string): Hierarchy {
    return new Hierarchy(removed(this.juniors, (from, to) => from === role || to === role));
  }

  /** A shortest way from a role down to one that it inherits from, both included; undefined if there is none. */
  path(from: string, to: string): readonly string[] | undefined {
    const cameFrom = new Map<string, string>();
    const reached = new Set([from]);
    for (const role of reached) {
      if (role === to) {
        const path = [to];
        for (let at = cameFrom.get(to); at !== undefined; at = cameFrom.get(at)) path.unshift(at);
        return path;
      }
      for (const junior of this.juniors.get(role) ?? []) {
        if (reached.has(junior)) continue;
        reached.add(junior);
        cameFrom.set(junior, role);
      }
    }
    return undefined;
  }
}

export type Relations = ReadonlyMap<string, ReadonlySet<string>>;

function closure(role: string, step: Relations, known: Map<string, ReadonlySet<string>>): ReadonlySet<string> {
  const before = known.get(role);
  if (before !== undefined) return before;
  const all = new Set([role]);
  for (const one of all) for (const next of step.get(one) ?? []) all.add(next);
  known.set(role, all);
  return all;
}

function removed(relations: Relations, isGone: (senior: string, junior: string) => boolean): Relations {
  const left = new Map<string, ReadonlySet<string>>();
  for (const [senior, juniors] of relations) {
    const kept = new Set([...juniors].filter((junior) => !isGone(senior, junior)));
    if (kept.size > 0) left.set(senior, kept);
  }
  return left;
}
