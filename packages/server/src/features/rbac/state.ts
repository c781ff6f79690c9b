import { applyChanges, type Rbac, type RbacChange, type RbacRefusal } from '@keyturn/policy/rbac';
import { ok, type Result } from '@keyturn/protocol';

/** The model, and what an access review has taken away from whom although their groups would give it. */
export interface RbacState {
  readonly rbac: Rbac;
  /** By user key, by role: the review. */
  readonly denials: Denials;
}

export type Denials = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What makes one version of the state out of the one before. */
export interface Delta {
  readonly changes: readonly RbacChange[];
  readonly denied?: readonly Denial[];
  readonly lifted?: readonly Omit<Denial, 'review'>[];
}

export interface Denial {
  readonly user: string;
  readonly role: string;
  readonly review: string;
}

/** The next state, or the change that could not be made. */
export function applyDelta(
  state: RbacState,
  delta: Delta,
): Result<RbacState, { readonly change: RbacChange; readonly refusal: RbacRefusal }> {
  const changed = applyChanges(state.rbac, delta.changes);
  if (!changed.ok) return changed;
  const { denied = [], lifted = [] } = delta;
  if (denied.length === 0 && lifted.length === 0) return ok({ ...state, rbac: changed.value });
  const denials = new Map(state.denials);
  for (const { user, role, review } of denied) denials.set(user, new Map(denials.get(user)).set(role, review));
  for (const { user, role } of lifted) {
    const left = new Map(denials.get(user));
    left.delete(role);
    if (left.size === 0) denials.delete(user);
    else denials.set(user, left);
  }
  return ok({ rbac: changed.value, denials });
}

export function isEmptyDelta({ changes, denied = [], lifted = [] }: Delta): boolean {
  return changes.length === 0 && denied.length === 0 && lifted.length === 0;
}
