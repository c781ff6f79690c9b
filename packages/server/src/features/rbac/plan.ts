import {
  formatPermission,
  parsePermission,
  plainRole,
  type Rbac,
  type RbacChange,
  type RoleInfo,
  type RoleSet,
} from '@keyturn/policy/rbac';
import { unreachable } from '@keyturn/protocol';
import type { RbacModel } from '../../config/rbac-model.ts';
import { personOf, userKey } from './person.ts';

type DeclaredRole = NonNullable<RbacModel['roles'][string]>;
type DeclaredSet = RbacModel['ssd'][string];

export interface PlanOptions {
  /** Of users that are declared by their subject alone. */
  readonly issuer: string;
  /** Removes what is not declared too: roles, sets, manual assignments. */
  readonly prune: boolean;
}

/**
 * What leads from the model as it is to what a document declares: what takes away first, then what adds, so that every
 * state in between keeps the constraints if the last does. A declared role has the declared permissions and juniors and no others; a
 * declared user has the declared roles by hand and no others; what is not declared is left alone, unless pruned.
 * Synced assignments are the groups' business.
 */
export function planModel(rbac: Rbac, model: RbacModel, options: PlanOptions): readonly RbacChange[] {
  const roles = Object.entries(model.roles).map(([name, role]) => [name, role ?? {}] as const);
  return [
    ...lostAssignments(rbac, model, options),
    ...(['ssd', 'dsd'] as const).flatMap((kind) => lostSets(rbac, model, kind, options.prune)),
    ...roles.flatMap(([name, role]) => lostOfRole(rbac, name, role)),
    ...(options.prune ? undeclared(rbac.roles, model.roles) : []).map(
      (role): RbacChange => ({ do: 'deleteRole', role }),
    ),
    ...roles.flatMap(([name, role]) => describe(rbac, name, role)),
    ...roles.flatMap(([name, role]) => newOfRole(rbac, name, role)),
    ...(['ssd', 'dsd'] as const).flatMap((kind) => newSets(rbac, model, kind)),
    ...newAssignments(rbac, model, options),
  ];
}

/** The model as a document; planning it against the same model gives nothing. */
export function exportModel(rbac: Rbac, issuer: string): RbacModel {
  const sorted = <Value>(map: Iterable<readonly [string, Value]>): readonly (readonly [string, Value])[] =>
    [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const setsOf = (sets: ReadonlyMap<string, RoleSet>): RbacModel['ssd'] =>
    Object.fromEntries(
      sorted(sets).map(([name, { roles, cardinality }]) => [name, { roles: [...roles].toSorted(), cardinality }]),
    );
  const people = sorted(rbac.users).flatMap(([key, { assigned }]) => {
    const roles = [...assigned].filter(([, { manual }]) => manual).map(([role]) => role);
    const person = personOf(key);
    if (roles.length === 0) return [];
    return [
      { user: person.subject, ...(person.issuer === issuer ? {} : { issuer: person.issuer }), roles: roles.toSorted() },
    ];
  });
  return {
    roles: Object.fromEntries(sorted(rbac.roles).map(([name, info]) => [name, exportRole(rbac, name, info)])),
    ssd: setsOf(rbac.ssd),
    dsd: setsOf(rbac.dsd),
    assignments: people,
  };
}

/** One line for people: `+` what is made, `-` what is taken away, `~` what is changed. */
export function describeChange(change: RbacChange): string {
  switch (change.do) {
    case 'addUser':
      return `+ user ${change.user}`;
    case 'deleteUser':
      return `- user ${change.user}`;
    case 'addRole':
      return `+ role ${change.role}`;
    case 'describeRole':
      return `~ role ${change.role}: ${Object.entries(change.info)
        .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
        .join(', ')}`;
    case 'deleteRole':
      return `- role ${change.role}`;
    case 'assignUser':
      return `+ ${change.user} has ${change.role} (${change.origin})`;
    case 'deassignUser':
      return `- ${change.user} has ${change.role} (${change.origin})`;
    case 'grantPermission':
      return `+ ${change.role} may ${change.permission}`;
    case 'revokePermission':
      return `- ${change.role} may ${change.permission}`;
    case 'addInheritance':
      return `+ ${change.senior} inherits from ${change.junior}`;
    case 'deleteInheritance':
      return `- ${change.senior} inherits from ${change.junior}`;
    case 'createSsdSet':
    case 'createDsdSet':
      return `+ ${kindOf(change.do)} ${change.set}: fewer than ${change.cardinality} of ${change.roles.join(', ')}`;
    case 'deleteSsdSet':
    case 'deleteDsdSet':
      return `- ${kindOf(change.do)} ${change.set}`;
    case 'addSsdRoleMember':
    case 'addDsdRoleMember':
      return `+ ${kindOf(change.do)} ${change.set} has ${change.role}`;
    case 'deleteSsdRoleMember':
    case 'deleteDsdRoleMember':
      return `- ${kindOf(change.do)} ${change.set} has ${change.role}`;
    case 'setSsdSetCardinality':
    case 'setDsdSetCardinality':
      return `~ ${kindOf(change.do)} ${change.set}: fewer than ${change.cardinality}`;
    case 'createSession':
    case 'deleteSession':
    case 'addActiveRole':
    case 'dropActiveRole':
      return `~ session ${change.session}`;
    default:
      return unreachable(change);
  }
}

function kindOf(name: string): string {
  return name.includes('Ssd') ? 'SSD set' : 'DSD set';
}

function undeclared(known: Iterable<readonly [string, unknown]>, declared: object): readonly string[] {
  return [...known].map(([name]) => name).filter((name) => !Object.hasOwn(declared, name));
}

function describe(rbac: Rbac, role: string, declared: DeclaredRole): readonly RbacChange[] {
  const { description, tier, staff, superuser } = declared;
  const info: Partial<RoleInfo> = {
    ...(description === undefined ? {} : { description }),
    ...(tier === undefined ? {} : { tier }),
    ...(staff === undefined ? {} : { staff }),
    ...(superuser === undefined ? {} : { superuser }),
  };
  const before = rbac.roles.get(role);
  if (before === undefined) return [{ do: 'addRole', role, info }];
  const after = { ...before, ...info };
  const same = after.description === before.description && after.tier === before.tier;
  if (same && after.staff === before.staff && after.superuser === before.superuser) return [];
  return [{ do: 'describeRole', role, info }];
}

/** As the model writes them; what is no permission stays as it is, for the model to refuse. */
function permissionsIn(declared: DeclaredRole): ReadonlySet<string> {
  return new Set(
    (declared.permissions ?? []).map((text) => {
      const parsed = parsePermission(text);
      return parsed.ok ? formatPermission(parsed.value) : text;
    }),
  );
}

function lostOfRole(rbac: Rbac, role: string, declared: DeclaredRole): readonly RbacChange[] {
  const wanted = permissionsIn(declared);
  const juniors = new Set(declared.inherits);
  return [
    ...[...(rbac.grants.get(role)?.keys() ?? [])]
      .filter((permission) => !wanted.has(permission))
      .map((permission): RbacChange => ({ do: 'revokePermission', role, permission })),
    ...[...(rbac.hierarchy.juniors.get(role) ?? [])]
      .filter((junior) => !juniors.has(junior))
      .map((junior): RbacChange => ({ do: 'deleteInheritance', senior: role, junior })),
  ];
}

function newOfRole(rbac: Rbac, role: string, declared: DeclaredRole): readonly RbacChange[] {
  return [
    ...[...new Set(declared.inherits)]
      .filter((junior) => rbac.hierarchy.juniors.get(role)?.has(junior) !== true)
      .map((junior): RbacChange => ({ do: 'addInheritance', senior: role, junior })),
    ...[...permissionsIn(declared)]
      .filter((permission) => rbac.grants.get(role)?.has(permission) !== true)
      .map((permission): RbacChange => ({ do: 'grantPermission', role, permission })),
  ];
}

function isSame(one: RoleSet | undefined, other: DeclaredSet | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  const members = new Set(other.roles);
  return (
    one.cardinality === other.cardinality &&
    one.roles.size === members.size &&
    [...one.roles].every((role) => members.has(role))
  );
}

/** A set that is declared otherwise ends here and is made anew at the end. */
function lostSets(rbac: Rbac, model: RbacModel, kind: 'ssd' | 'dsd', prune: boolean): readonly RbacChange[] {
  return [...rbac[kind]]
    .filter(([name, set]) => (Object.hasOwn(model[kind], name) ? !isSame(set, model[kind][name]) : prune))
    .map(([set]) => ({ do: kind === 'ssd' ? 'deleteSsdSet' : 'deleteDsdSet', set }));
}

function newSets(rbac: Rbac, model: RbacModel, kind: 'ssd' | 'dsd'): readonly RbacChange[] {
  return Object.entries(model[kind])
    .filter(([name, declared]) => !isSame(rbac[kind].get(name), declared))
    .map(([set, { roles, cardinality }]) => ({
      do: kind === 'ssd' ? 'createSsdSet' : 'createDsdSet',
      set,
      roles: [...new Set(roles)],
      cardinality,
    }));
}

function declaredUsers(model: RbacModel, { issuer }: PlanOptions): ReadonlyMap<string, ReadonlySet<string>> {
  const users = new Map<string, Set<string>>();
  for (const { user: subject, issuer: own = issuer, roles } of model.assignments) {
    const key = userKey({ issuer: own, subject });
    users.set(key, new Set([...(users.get(key) ?? []), ...roles]));
  }
  return users;
}

function lostAssignments(rbac: Rbac, model: RbacModel, options: PlanOptions): readonly RbacChange[] {
  const declared = declaredUsers(model, options);
  return [...rbac.users].flatMap(([user, { assigned }]) => {
    const wanted = declared.get(user);
    if (wanted === undefined && !options.prune) return [];
    return [...assigned]
      .filter(([role, { manual }]) => manual && wanted?.has(role) !== true)
      .map(([role]): RbacChange => ({ do: 'deassignUser', user, role, origin: 'manual' }));
  });
}

function newAssignments(rbac: Rbac, model: RbacModel, options: PlanOptions): readonly RbacChange[] {
  return [...declaredUsers(model, options)].flatMap(([user, roles]) => {
    const entry = rbac.users.get(user);
    const missing = [...roles].filter((role) => entry?.assigned.get(role)?.manual !== true);
    return [
      ...(entry === undefined && missing.length > 0 ? [{ do: 'addUser' as const, user }] : []),
      ...missing.map((role): RbacChange => ({ do: 'assignUser', user, role, origin: 'manual', via: [] })),
    ];
  });
}

function exportRole(rbac: Rbac, name: string, info: RoleInfo): DeclaredRole {
  const inherits = [...(rbac.hierarchy.juniors.get(name) ?? [])].toSorted();
  const permissions = [...(rbac.grants.get(name)?.keys() ?? [])].toSorted();
  return {
    ...(info.description === plainRole.description ? {} : { description: info.description }),
    ...(info.tier === plainRole.tier ? {} : { tier: info.tier }),
    ...(info.staff ? { staff: true } : {}),
    ...(info.superuser ? { superuser: true } : {}),
    ...(inherits.length === 0 ? {} : { inherits }),
    ...(permissions.length === 0 ? {} : { permissions }),
  };
}
