import type { GroupMapping } from '@keyturn/policy/rbac';
import type { Clock, Random } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Caller } from '../../http/caller.ts';
import type { ChangedBy, RbacKeeper } from './keeper.ts';

/** What every rule of this feature may touch. */
export interface RbacParts {
  readonly keeper: RbacKeeper;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Of users that are named by their subject alone. */
  readonly issuer: string;
  /** Who may do everything here. */
  readonly adminRole: string;
  readonly groupToRole: GroupMapping;
}

/** The caller as whoever changes something. */
export function changedBy({ principal }: Caller, requestId: string): ChangedBy {
  const { identity, issuer, client } = principal;
  return { actor: { identity, issuer, client }, requestId };
}
