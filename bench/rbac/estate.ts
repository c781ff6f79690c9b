import {
  applyChanges,
  assignUser,
  defaultActivation,
  emptyRbac,
  type Rbac,
  type RbacChange,
} from '@keyturn/policy/rbac';

/** The size that the issue names. */
export const sizes = { users: 10_000, roles: 1000, depth: 10, constraints: 100, rolesOfUser: 5 };

export const chains = sizes.roles / sizes.depth;

export const roleOf = (chain: number, level: number): string => `role-${chain}-${level}`;
export const userOf = (index: number): string => `https://id.example user-${index}`;

/** The permissions that a role has of its own. */
export const permissionsOf = (chain: number, level: number): readonly { operation: string; object: string }[] =>
  ['view', 'update', 'publish'].map((action) => ({
    operation: `domain${chain % 50}.${action}`,
    object: `tool:source-${chain}/operation-${level}`,
  }));

/** A repeatable stream of numbers from 0 to below `limit`. */
export function createNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/**
 * 100 chains of 10 roles, of which each inherits from the next; three permissions a role; 50 static sets that keep two
 * chains apart each, and 50 dynamic ones; 10,000 users without roles.
 */
export function buildEstate(): Rbac {
  const levels = Array.from({ length: sizes.depth }, (_, level) => level);
  const places = Array.from({ length: chains }, (_, chain) => levels.map((level) => [chain, level] as const)).flat();
  const half = sizes.constraints / 2;
  const pairs = Array.from({ length: half }, (_, i) => [i * 2, i * 2 + 1] as const);
  const changes: readonly RbacChange[] = [
    ...places.map(
      ([chain, level]): RbacChange => ({ do: 'addRole', role: roleOf(chain, level), info: { tier: 10 - level } }),
    ),
    ...places.flatMap(([chain, level]): RbacChange[] =>
      level === 0 ? [] : [{ do: 'addInheritance', senior: roleOf(chain, level - 1), junior: roleOf(chain, level) }],
    ),
    ...places.flatMap(([chain, level]) =>
      permissionsOf(chain, level).map(
        ({ operation, object }): RbacChange => ({
          do: 'grantPermission',
          role: roleOf(chain, level),
          permission: `${operation}@${object}`,
        }),
      ),
    ),
    ...pairs.flatMap(([one, other], i): RbacChange[] => [
      { do: 'createSsdSet', set: `apart-${i}`, roles: [roleOf(one, 9), roleOf(other, 9)], cardinality: 2 },
      {
        do: 'createDsdSet',
        set: `hats-${i}`,
        roles: [one, other].flatMap((chain) => [roleOf(chain, 0), roleOf(chain, 1)]),
        cardinality: 3,
      },
    ]),
    ...Array.from({ length: sizes.users }, (_, i): RbacChange => ({ do: 'addUser', user: userOf(i) })),
  ];
  const built = applyChanges(emptyRbac(), changes);
  if (!built.ok) throw new Error(JSON.stringify(built.refusal));
  return built.value;
}

/** Gives every user five roles, as the constraints allow: each that is refused is replaced by another. */
export function assignAll(empty: Rbac): { readonly rbac: Rbac; readonly asked: number; readonly refused: number } {
  const next = createNumbers(7);
  let rbac = empty;
  let asked = 0;
  let refused = 0;
  for (let user = 0; user < sizes.users; user++) {
    for (let given = 0; given < sizes.rolesOfUser; ) {
      const done = assignUser(rbac, userOf(user), roleOf(next(chains), next(sizes.depth)));
      asked++;
      if (done.ok) {
        rbac = done.value;
        given++;
      } else refused++;
    }
  }
  return { rbac, asked, refused };
}

export interface Question {
  readonly user: string;
  readonly session: string;
  readonly operation: string;
  readonly object: string;
}

/** Questions of some users, half of them with one of their own permissions. */
export function buildQuestions(rbac: Rbac, users: number, each: number): readonly Question[] {
  const next = createNumbers(11);
  return Array.from({ length: users }, (_, user) => {
    const name = userOf(user);
    const roles = [...defaultActivation(rbac, rbac.users.get(name)).active];
    return Array.from({ length: each }, (_, i) => {
      const own = [...rbac.hierarchy.below(roles[next(roles.length)] ?? '')];
      const role = i % 2 === 0 ? own[next(own.length)] : roleOf(next(chains), next(sizes.depth));
      const [, chain = '0', level = '0'] = (role ?? '').split('-');
      const permissions = permissionsOf(Number(chain), Number(level));
      const { operation, object } = permissions[next(permissions.length)] ?? { operation: '', object: '' };
      return { user: name, session: `${name} sid:1`, operation, object };
    });
  }).flat();
}
