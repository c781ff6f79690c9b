import type { SyncReport } from '@keyturn/policy/rbac';
import type { SyncedPerson, SyncGroups } from './sync.ts';

/** What became of a sync of somebody who may have several identities, in the words of those who ask for it. */
export interface UserSync {
  /** Roles that the user has by groups or by hand now. */
  readonly roles: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly refused: readonly { readonly role: string; readonly reason: string }[];
  readonly staff: boolean;
  readonly superuser: boolean;
}

/**
 * Group sync for whoever knows users by ids of their own: every identity of the user gets the roles, since it is one
 * person, and loses them.
 */
export function syncByUser(
  syncGroups: SyncGroups,
  identitiesOf: (userId: string) => Promise<readonly SyncedPerson[]>,
): (userId: string, groups: readonly string[], source: string) => Promise<UserSync> {
  return async (userId, groups, source) => {
    const reports: SyncReport[] = [];
    for (const person of await identitiesOf(userId)) {
      reports.push(await syncGroups(person, groups, source));
    }
    const all = (names: (report: SyncReport) => readonly string[]): readonly string[] => [
      ...new Set(reports.flatMap(names)),
    ];
    const refused = new Map(reports.flatMap((report) => report.refused.map(({ role, detail }) => [role, detail])));
    return {
      roles: all(({ roles }) => roles),
      added: all(({ added }) => added.map(({ role }) => role)),
      removed: all(({ removed }) => removed),
      refused: [...refused].map(([role, reason]) => ({ role, reason })),
      staff: reports.some(({ staff }) => staff),
      superuser: reports.some(({ superuser }) => superuser),
    };
  };
}
