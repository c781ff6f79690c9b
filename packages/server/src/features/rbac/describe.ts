import { rolesOfMapping, type Rbac, type RoleSet } from '@keyturn/policy/rbac';
import { type Json, type JsonObject } from '@keyturn/protocol';
import { personOf } from './person.ts';
import type { RbacParts } from './parts.ts';

/** A role as the API shows it. */
export function describeRole(parts: RbacParts, name: string): JsonObject | undefined {
  const { rbac } = parts.keeper.current();
  const info = rbac.roles.get(name);
  if (info === undefined) return undefined;
  const below = [...rbac.hierarchy.below(name)].filter((role) => role !== name);
  const groups = Object.entries(parts.groupToRole).filter(([, roles]) => [roles].flat().includes(name));
  return {
    name,
    description: info.description,
    tier: info.tier,
    staff: info.staff,
    superuser: info.superuser,
    permissions: [...(rbac.grants.get(name)?.keys() ?? [])].toSorted(),
    inherits: [...(rbac.hierarchy.juniors.get(name) ?? [])].toSorted(),
    inherits_all: below.toSorted(),
    inherited_by: [...(rbac.hierarchy.seniors.get(name) ?? [])].toSorted(),
    groups: groups.map(([pattern]) => pattern),
  };
}

/** A separation-of-duty set as the API shows it. */
export function describeSet(kind: 'ssd' | 'dsd', name: string, { roles, cardinality }: RoleSet): JsonObject {
  return { kind, name, roles: [...roles].toSorted(), cardinality };
}

/** Assignments, of one user or one role or all, in the order of users and roles. */
export function describeAssignments(
  rbac: Rbac,
  names: ReadonlyMap<string, string>,
  only: { readonly user?: string | undefined; readonly role?: string | undefined },
): readonly JsonObject[] {
  const one = only.user === undefined ? undefined : rbac.users.get(only.user);
  const users = only.user === undefined ? [...rbac.users] : one === undefined ? [] : [[only.user, one] as const];
  return users
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, { assigned }]) =>
      [...assigned]
        .filter(([role]) => only.role === undefined || role === only.role)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([role, { manual, synced, via }]) => ({
          ...describeUser(key, names),
          role,
          origin: originsOf(manual, synced),
          via: [...via],
        })),
    );
}

export function describeUser(
  key: string,
  names: ReadonlyMap<string, string>,
): { user: string; issuer: string; name: string | null } {
  const { issuer, subject } = personOf(key);
  return { user: subject, issuer, name: names.get(key) ?? null };
}

export function originsOf(manual: boolean, synced: boolean): Json[] {
  return [...(manual ? ['manual'] : []), ...(synced ? ['groups'] : [])];
}

/** Groups that give one of these roles, by the setting. */
export function groupsFor(parts: RbacParts, roles: ReadonlySet<string>): readonly string[] {
  return [...rolesOfMapping(parts.groupToRole)].some(([role]) => roles.has(role))
    ? Object.entries(parts.groupToRole)
        .filter(([, given]) => [given].flat().some((role) => roles.has(role)))
        .map(([pattern]) => pattern)
    : [];
}
