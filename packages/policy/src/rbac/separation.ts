import { ok, type Result, refuse } from '@keyturn/protocol';
import { checkConstraints, isName, type Rbac, type RbacResult, type RoleSet } from './model.ts';
import type { RbacRefusal } from './refusal.ts';

/*
 * Constrained RBAC (level 3): static separation of duty limits which roles a user may be authorised for, dynamic
 * separation of duty which may be active in one session. The functions of ANSI INCITS 359, each by its own name.
 */

type Kind = 'ssd' | 'dsd';

/** CreateSsdSet: of these roles, a user may be authorised for fewer than `cardinality`. Refused if somebody is for more. */
export function createSsdSet(rbac: Rbac, set: string, roles: Iterable<string>, cardinality: number): RbacResult {
  return create(rbac, 'ssd', set, roles, cardinality);
}

/** AddSsdRoleMember. */
export function addSsdRoleMember(rbac: Rbac, set: string, role: string): RbacResult {
  return addMember(rbac, 'ssd', set, role);
}

/** DeleteSsdRoleMember: refused if fewer roles than the cardinality were left. */
export function deleteSsdRoleMember(rbac: Rbac, set: string, role: string): RbacResult {
  return deleteMember(rbac, 'ssd', set, role);
}

/** DeleteSsdSet. */
export function deleteSsdSet(rbac: Rbac, set: string): RbacResult {
  return remove(rbac, 'ssd', set);
}

/** SetSsdSetCardinality: from 2 to the number of roles in the set. */
export function setSsdSetCardinality(rbac: Rbac, set: string, cardinality: number): RbacResult {
  return setCardinality(rbac, 'ssd', set, cardinality);
}

/** SsdRoleSets: their names, sorted. */
export function ssdRoleSets(rbac: Rbac): readonly string[] {
  return [...rbac.ssd.keys()].toSorted();
}

/** SsdRoleSetRoles: sorted. */
export function ssdRoleSetRoles(rbac: Rbac, set: string): Result<readonly string[], RbacRefusal> {
  return members(rbac, 'ssd', set);
}

/** SsdRoleSetCardinality. */
export function ssdRoleSetCardinality(rbac: Rbac, set: string): Result<number, RbacRefusal> {
  return cardinalityOf(rbac, 'ssd', set);
}

/** CreateDsdSet: of these roles, fewer than `cardinality` may be active in one session. Refused if one has more now. */
export function createDsdSet(rbac: Rbac, set: string, roles: Iterable<string>, cardinality: number): RbacResult {
  return create(rbac, 'dsd', set, roles, cardinality);
}

/** AddDsdRoleMember. */
export function addDsdRoleMember(rbac: Rbac, set: string, role: string): RbacResult {
  return addMember(rbac, 'dsd', set, role);
}

/** DeleteDsdRoleMember: refused if fewer roles than the cardinality were left. */
export function deleteDsdRoleMember(rbac: Rbac, set: string, role: string): RbacResult {
  return deleteMember(rbac, 'dsd', set, role);
}

/** DeleteDsdSet. */
export function deleteDsdSet(rbac: Rbac, set: string): RbacResult {
  return remove(rbac, 'dsd', set);
}

/** SetDsdSetCardinality: from 2 to the number of roles in the set. */
export function setDsdSetCardinality(rbac: Rbac, set: string, cardinality: number): RbacResult {
  return setCardinality(rbac, 'dsd', set, cardinality);
}

/** DsdRoleSets: their names, sorted. */
export function dsdRoleSets(rbac: Rbac): readonly string[] {
  return [...rbac.dsd.keys()].toSorted();
}

/** DsdRoleSetRoles: sorted. */
export function dsdRoleSetRoles(rbac: Rbac, set: string): Result<readonly string[], RbacRefusal> {
  return members(rbac, 'dsd', set);
}

/** DsdRoleSetCardinality. */
export function dsdRoleSetCardinality(rbac: Rbac, set: string): Result<number, RbacRefusal> {
  return cardinalityOf(rbac, 'dsd', set);
}

function create(rbac: Rbac, kind: Kind, set: string, roles: Iterable<string>, cardinality: number): RbacResult {
  if (!isName(set)) return refuse({ why: 'malformed-name', what: 'set', name: set });
  if (rbac[kind].has(set)) return refuse({ why: 'set-exists', kind, set });
  return store(rbac, kind, set, { roles: new Set(roles), cardinality });
}

function addMember(rbac: Rbac, kind: Kind, set: string, role: string): RbacResult {
  const found = rbac[kind].get(set);
  if (found === undefined) return refuse({ why: 'unknown-set', kind, set });
  if (found.roles.has(role)) return refuse({ why: 'role-in-set', kind, set, role });
  return store(rbac, kind, set, { ...found, roles: new Set([...found.roles, role]) });
}

function deleteMember(rbac: Rbac, kind: Kind, set: string, role: string): RbacResult {
  const found = rbac[kind].get(set);
  if (found === undefined) return refuse({ why: 'unknown-set', kind, set });
  if (!found.roles.has(role)) return refuse({ why: 'role-not-in-set', kind, set, role });
  return store(rbac, kind, set, { ...found, roles: new Set([...found.roles].filter((one) => one !== role)) });
}

function remove(rbac: Rbac, kind: Kind, set: string): RbacResult {
  const sets = new Map(rbac[kind]);
  return sets.delete(set) ? ok({ ...rbac, [kind]: sets }) : refuse({ why: 'unknown-set', kind, set });
}

function setCardinality(rbac: Rbac, kind: Kind, set: string, cardinality: number): RbacResult {
  const found = rbac[kind].get(set);
  return found === undefined
    ? refuse({ why: 'unknown-set', kind, set })
    : store(rbac, kind, set, { ...found, cardinality });
}

function store(rbac: Rbac, kind: Kind, set: string, next: RoleSet): RbacResult {
  const { roles, cardinality } = next;
  for (const role of roles) if (!rbac.roles.has(role)) return refuse({ why: 'unknown-role', role });
  if (!Number.isInteger(cardinality) || cardinality < 2 || cardinality > roles.size) {
    return refuse({ why: 'bad-cardinality', kind, set, cardinality, size: roles.size });
  }
  return checkConstraints(
    { ...rbac, [kind]: new Map(rbac[kind]).set(set, next) },
    { ssd: kind === 'ssd', dsd: kind === 'dsd' },
  );
}

function members(rbac: Rbac, kind: Kind, set: string): Result<readonly string[], RbacRefusal> {
  const found = rbac[kind].get(set);
  return found === undefined ? refuse({ why: 'unknown-set', kind, set }) : ok([...found.roles].toSorted());
}

function cardinalityOf(rbac: Rbac, kind: Kind, set: string): Result<number, RbacRefusal> {
  const found = rbac[kind].get(set);
  return found === undefined ? refuse({ why: 'unknown-set', kind, set }) : ok(found.cardinality);
}
