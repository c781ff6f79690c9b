import type { Desired } from '../model/desired.ts';
import { type DesiredObject, isBuiltIn, keyOf, type ObjectRef, referencesOf, showRef } from '../model/objects.ts';
import type { Observed } from './observed.ts';

/** Every end of a tie that neither the file nor the server has. A service account comes with its client. */
export function findDangling(desired: Desired, observed: Observed): readonly string[] {
  const known = (ref: ObjectRef) =>
    desired.objects.has(keyOf(ref)) ||
    observed.objects.has(keyOf(ref)) ||
    (!observed.exists && isBuiltIn(ref, desired.realm)) ||
    isServiceAccountOf(desired, observed, ref);
  const realm = { type: 'realm', name: [desired.realm] } as const;
  return [...desired.objects.values()].flatMap((object) =>
    referencesOf(object)
      .filter((ref) => !known(ref) && keyOf(ref) !== keyOf(realm))
      .map((ref) => `${showRef(object)}: ${showRef(ref)} is neither in the file nor in the realm`),
  );
}

function isServiceAccountOf(desired: Desired, observed: Observed, ref: ObjectRef): boolean {
  const [username = ''] = ref.name;
  if (ref.type !== 'user' || !username.startsWith('service-account-')) return false;
  const clientId = username.slice('service-account-'.length);
  const isIt = (object: DesiredObject) => object.type === 'client' && object.name[0]?.toLowerCase() === clientId;
  return [...desired.objects.values()].some(isIt) || [...observed.objects.values()].some(isIt);
}

/** The keys of what is to be planned: the targets and, transitively, what they refer to. The realm always is. */
export function scopeOf(desired: Desired, target: readonly string[]): ReadonlySet<string> {
  if (target.length === 0) return new Set(desired.objects.keys());
  const chosen = new Set<string>([keyOf({ type: 'realm', name: [desired.realm] })]);
  const choose = (object: ObjectRef): void => {
    const key = keyOf(object);
    if (chosen.has(key) || !desired.objects.has(key)) return;
    chosen.add(key);
    for (const ref of referencesOf(object)) choose(ref);
  };
  for (const object of desired.objects.values()) if (isTarget(object, target)) choose(object);
  return chosen;
}

/** Targets that name nothing in the file. */
export function unknownTargets(desired: Desired, target: readonly string[]): readonly string[] {
  const objects = [...desired.objects.values()];
  return target.filter((one) => !objects.some((object) => isTarget(object, [one])));
}

/** `client web` names the client with its mappers, roles and assignments; `client-mapper web / groups` one mapper. */
function isTarget(object: ObjectRef, target: readonly string[]): boolean {
  const names = [showRef(object), ...referencesOf(object).slice(0, 1).map(showRef)];
  return target.some((one) => names.includes(one));
}
