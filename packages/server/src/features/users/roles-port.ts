/** Where a user's groups were read. */
export type GroupSource = 'login' | 'refresh' | 'backchannel-logout' | 'admin-api';

/** What became of a sync: removals always apply, an addition that would break a separation of duty is refused. */
export interface SyncReport {
  /** Roles that the user has by groups now. */
  readonly roles: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly refused: readonly { readonly role: string; readonly reason: string }[];
  /** Whether a role of the user, by groups or by hand, makes them staff or a superuser. */
  readonly staff: boolean;
  readonly superuser: boolean;
}

/** What users need of roles; compose.ts fills it from the feature `rbac`. */
export interface GroupRoles {
  /** Changes whenever the mapping from groups to roles does, so that everybody's groups are mapped anew. */
  readonly mapping: string;
  readonly syncGroups: (userId: string, groups: readonly string[], source: GroupSource) => Promise<SyncReport>;
}
