import { primaryRoleOf } from './activation.ts';
import { applyChange, type RbacChange } from './change.ts';
import type { MappedRole } from './group-mapping.ts';
import { authorizedRolesOf, type Rbac, type User } from './model.ts';
import { explainRbacRefusal } from './refusal.ts';

/** What a user's groups came to. */
export interface SyncReport {
  /**
   * `skipped`: the claim says nothing that could be read, so nothing was done: `missing` (no such claim), `malformed` (neither
   * a list nor a text), `too-many`.
   */
  readonly outcome: 'changed' | 'unchanged' | 'skipped';
  readonly why?: 'missing' | 'malformed' | 'too-many';
  readonly added: readonly MappedRole[];
  /** No group gives them any more; those that were given by hand as well are kept for that reason. */
  readonly removed: readonly string[];
  readonly refused: readonly RefusedRole[];
  /** What the user is assigned now, by hand or by groups, sorted. */
  readonly roles: readonly string[];
  readonly primaryRole: string | undefined;
  /** Django's is_staff and is_superuser, by the roles that the user is authorised for. */
  readonly staff: boolean;
  readonly superuser: boolean;
}

/** A role that groups give and the user does not get. */
export interface RefusedRole extends MappedRole {
  /** `ssd`: it would break that separation-of-duty set. `review`: an access review took it away. */
  readonly why: 'ssd' | 'review';
  readonly set?: string;
  /** One sentence. */
  readonly detail: string;
}

export interface PlannedSync {
  readonly changes: readonly RbacChange[];
  readonly next: Rbac;
  readonly report: SyncReport;
}

/**
 * What takes a user's synced roles to those that their groups give. Removals come first and always apply; then additions,
 * the lowest tier first, of which those that would break an SSD set are refused and reported. What was given by hand is not touched.
 * `denied` are roles that an access review has taken away from this user, with the review's name.
 */
export function planSync(
  rbac: Rbac,
  user: string,
  mapped: readonly MappedRole[],
  denied: ReadonlyMap<string, string> = new Map(),
): PlannedSync {
  const changes: RbacChange[] = [];
  let next = rbac;
  const attempt = (change: RbacChange): ReturnType<typeof applyChange> => {
    const done = applyChange(next, change);
    if (!done.ok) return done;
    next = done.value;
    changes.push(change);
    return done;
  };
  const wanted = new Map(mapped.filter(({ role }) => !denied.has(role)).map((one) => [one.role, one]));
  const before = rbac.users.get(user);
  const removed: string[] = [];
  for (const [role, grounds] of before?.assigned ?? []) {
    if (!grounds.synced || wanted.has(role)) continue;
    attempt({ do: 'deassignUser', user, role, origin: 'synced' });
    removed.push(role);
  }
  const added: MappedRole[] = [];
  const refused: RefusedRole[] = mapped.flatMap((one) => {
    const review = denied.get(one.role);
    if (review === undefined) return [];
    return [{ ...one, why: 'review' as const, detail: `The access review ${review} took the role ${one.role} away.` }];
  });
  const tierOf = ({ role }: MappedRole): number => rbac.roles.get(role)?.tier ?? 0;
  for (const one of [...wanted.values()].sort((a, b) => tierOf(a) - tierOf(b) || (a.role < b.role ? -1 : 1))) {
    const { role, via } = one;
    const had = before?.assigned.get(role)?.synced === true;
    if (!next.users.has(user)) attempt({ do: 'addUser', user });
    const done = attempt({ do: 'assignUser', user, role, origin: 'synced', via });
    if (done.ok && !had) added.push(one);
    if (!done.ok && done.refusal.why === 'ssd') {
      refused.push({ ...one, why: 'ssd', set: done.refusal.set, detail: explainRbacRefusal(done.refusal) });
    }
  }
  const outcome = changes.length === 0 ? 'unchanged' : 'changed';
  return {
    changes,
    next,
    report: { outcome, added, removed: removed.sort(), refused, ...standingOf(next, next.users.get(user)) },
  };
}

/** What a user's roles say of them as a whole. */
export function standingOf(
  rbac: Rbac,
  user: User | undefined,
): Pick<SyncReport, 'roles' | 'primaryRole' | 'staff' | 'superuser'> {
  const roles = [...(user?.assigned.keys() ?? [])].toSorted();
  const authorized = user === undefined ? [] : [...authorizedRolesOf(rbac, user)];
  return {
    roles,
    primaryRole: primaryRoleOf(rbac, roles),
    staff: authorized.some((role) => rbac.roles.get(role)?.staff === true),
    superuser: authorized.some((role) => rbac.roles.get(role)?.superuser === true),
  };
}

/** Beyond this a claim is not a person's groups any more. Of 10,000 all are read. */
const mostGroups = 20_000;

export type GroupClaim =
  | { readonly read: true; readonly groups: readonly string[] }
  | { readonly read: false; readonly why: 'missing' | 'malformed' | 'too-many' };

/**
 * A group claim as identity providers write it: a list, or one text where a mapper is not multivalued. A claim that is not
 * there is no news (its mapper may belong to another client), while an empty list says that there are no groups. What in
 * the list is no text is no group.
 */
export function readGroupClaim(claim: unknown): GroupClaim {
  if (claim === undefined || claim === null) return { read: false, why: 'missing' };
  if (typeof claim === 'string') return { read: true, groups: claim === '' ? [] : [claim] };
  if (!Array.isArray(claim)) return { read: false, why: 'malformed' };
  if (claim.length > mostGroups) return { read: false, why: 'too-many' };
  const groups = claim.filter((group): group is string => typeof group === 'string' && group !== '');
  return { read: true, groups: [...new Set(groups)] };
}
