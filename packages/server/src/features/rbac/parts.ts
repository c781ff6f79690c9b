import type { GroupMapping } from '@keyturn/policy/rbac';
import type { Clock, Random } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { RbacKeeper } from './keeper.ts';

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
