import type { Desired } from '../model/desired.ts';
import { isBuiltIn, keyOf, type ObjectRef, showRef } from '../model/objects.ts';
import type { Observed } from './observed.ts';
import { byDependency } from './order.ts';
import type { Owned } from './ownership.ts';
import type { DeleteStep } from './plan.ts';

/** What `--prune` removes: owned, undeclared, still there; nothing of Keycloak's own and nothing that holds others' things. */
export function findDeletions(
  left: readonly Owned[],
  desired: Desired,
  observed: Observed,
  notices: string[],
): DeleteStep[] {
  const removable = left.filter((owned) => observed.objects.has(keyOf(owned)) && !isBuiltIn(owned, desired.realm));
  const removed = new Set(removable.map(keyOf));
  const holdsOthers = (owned: Owned): boolean =>
    [...observed.objects.values()].some(
      (object) => object.type === 'group' && isBelow(object, owned) && !removed.has(keyOf(object)),
    );
  const holders = removable.filter((owned) => owned.type === 'group' && holdsOthers(owned));
  for (const owned of holders)
    notices.push(`${showRef(owned)}: kept, because it holds groups that Keyturn does not own`);
  return removable
    .filter((owned) => !holders.includes(owned))
    .toSorted((a, b) => byDependency(b, a))
    .map(({ type, name }) => ({ action: 'delete', type, name }));
}

function isBelow(object: ObjectRef, above: ObjectRef): boolean {
  return above.type === 'group' && (object.name[0]?.startsWith(`${above.name[0]}/`) ?? false);
}

/** Whether an undeclared owned object stays owned under `--prune`: it is there, and is not being removed. */
export function isKeptBack(owned: Owned, deletions: readonly DeleteStep[], observed: Observed): boolean {
  const key = keyOf(owned);
  return owned.type === 'group' && observed.objects.has(key) && !deletions.some((step) => keyOf(step) === key);
}
