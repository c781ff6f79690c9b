import { type RbacChange, rolesOfMapping } from '@keyturn/policy/rbac';
import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Changer } from '../../http/audit-actor.ts';
import type { Intent, Kept } from './keeper.ts';
import type { RbacParts } from './parts.ts';
import type { RbacRuleRefusal } from './refusals.ts';
import type { RbacState } from './state.ts';

/** Makes the changes that are worked out from the state at hand, or refuses all of them. */
export async function commitChanges(
  parts: RbacParts,
  by: Changer,
  decide: (state: RbacState, version: number) => Result<readonly RbacChange[], RbacRuleRefusal>,
): Promise<Result<Kept<readonly RbacChange[]>, RbacRuleRefusal>> {
  return parts.keeper.commit<readonly RbacChange[], RbacRuleRefusal>(by, (state, version) => {
    const decided = decide(state, version);
    if (!decided.ok) return decided;
    const changes = decided.value;
    const checked = checkMapped(parts, changes);
    if (!checked.ok) return checked;
    const intent: Intent<readonly RbacChange[]> = {
      delta: { changes, lifted: liftedBy(state, changes) },
      value: changes,
    };
    return ok(intent);
  });
}

/** Refuses to delete a role that groups give: the next start would fail over the mapping. */
export function checkMapped(
  { groupToRole }: Pick<RbacParts, 'groupToRole'>,
  changes: readonly RbacChange[],
): Result<undefined, RbacRuleRefusal> {
  const mapped = rolesOfMapping(groupToRole);
  for (const change of changes) {
    const pattern = change.do === 'deleteRole' ? mapped.get(change.role) : undefined;
    if (change.do === 'deleteRole' && pattern !== undefined) {
      return refuse({ why: 'mapped', role: change.role, pattern });
    }
  }
  return ok(undefined);
}

/** Who gives a role by hand overrules the review that took it away: from now on groups may give it too. */
function liftedBy({ denials }: RbacState, changes: readonly RbacChange[]): { user: string; role: string }[] {
  return changes.flatMap((change) =>
    change.do === 'assignUser' && change.origin === 'manual' && denials.get(change.user)?.has(change.role) === true
      ? [{ user: change.user, role: change.role }]
      : [],
  );
}
