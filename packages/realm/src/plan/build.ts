import type { Desired } from '../model/desired.ts';
import { type DesiredObject, isBuiltIn, keyOf, showRef } from '../model/objects.ts';
import { isSecretField } from '../model/secrets.ts';
import { compareFields } from './fields.ts';
import type { Observed } from './observed.ts';
import { byDependency } from './order.ts';
import { type Owned, type Ownership, showOwnership } from './ownership.ts';
import { type Change, type Plan, planVersion, type Step } from './plan.ts';
import { findDeletions, isKeptBack } from './prune.ts';
import { findDangling, scopeOf, unknownTargets } from './scope.ts';
import { hideSecrets, type SecretCollector, secretChange } from './secret-fields.ts';

export interface PlanOptions {
  /** Remove owned objects that are no longer declared. Default false: they are only named. Not together with `target`. */
  readonly prune?: boolean;
  /** Clients whose secret is to be replaced by the file's. Default none: a live secret is never touched. */
  readonly rotate?: readonly string[];
  /** Only these objects (`client web` with its mappers, roles and assignments) and what they refer to. Default all. */
  readonly target?: readonly string[];
}

/** A plan, or every reason why there can be none. */
export type Planned =
  | { readonly ok: true; readonly plan: Plan; readonly secrets: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Compares what a file declares with what the server has. Pure: same input, same plan. */
export function buildPlan(desired: Desired, observed: Observed, options: PlanOptions = {}): Planned {
  const { prune = false, rotate = [], target = [] } = options;
  const faults = [...desired.faults, ...findDangling(desired, observed), ...faultsOf(desired, prune, rotate, target)];
  if (faults.length > 0) return { ok: false, faults };
  const collector = { secrets: new Map<string, string>(), notices: [...desired.notices], rotate };
  const inScope = scopeOf(desired, target);
  const declared = [...desired.objects.values()].filter((object) => inScope.has(keyOf(object))).sort(byDependency);
  const steps = declared.flatMap((object) => stepFor(object, observed, collector));

  const left = [...observed.ownership.values()].filter((owned) => !desired.objects.has(keyOf(owned)));
  const deletions = prune ? findDeletions(left, desired, observed, collector.notices) : [];
  if (!prune) collector.notices.push(...left.filter((owned) => isThere(owned, desired, observed)).map(nameLeft));
  const stillOwned = prune ? left.filter((owned) => isKeptBack(owned, deletions, observed)) : left;
  const outOfScope = [...observed.ownership.values()].filter(
    (owned) => desired.objects.has(keyOf(owned)) && !inScope.has(keyOf(owned)),
  );
  const after = ownershipOf([...stillOwned, ...outOfScope], declared);
  return {
    ok: true,
    secrets: collector.secrets,
    plan: {
      format: 'keyturn-realm-plan',
      version: planVersion,
      realm: desired.realm,
      steps: [...steps, ...deletions],
      ownership: { before: showOwnership(observed.ownership), after: showOwnership(after) },
      notices: collector.notices,
    },
  };
}

function stepFor(object: DesiredObject, observed: Observed, collector: SecretCollector): readonly Step[] {
  const { type, name } = object;
  const live = observed.objects.get(keyOf(object));
  if (live === undefined) return [{ action: 'create', type, name, fields: hideSecrets(object, collector) }];
  const changes = compareFields(object.fields, live.fields).flatMap((difference): readonly Change[] => {
    const { path, before, after } = difference;
    return isSecretField(type, path)
      ? secretChange(object, difference, collector)
      : [{ path, before: before ?? null, after }];
  });
  const adopt = !observed.ownership.has(keyOf(object));
  if (changes.length > 0) return [{ action: 'update', type, name, adopt, changes }];
  return adopt ? [{ action: 'adopt', type, name }] : [];
}

function isThere(owned: Owned, desired: Desired, observed: Observed): boolean {
  return observed.objects.has(keyOf(owned)) && !isBuiltIn(owned, desired.realm);
}

function nameLeft(owned: Owned): string {
  return `${showRef(owned)}: owned and no longer declared; --prune would remove it`;
}

function ownershipOf(kept: readonly Owned[], declared: readonly DesiredObject[]): Ownership {
  const now = declared.map(({ type, name, fields }) => ({ type, name, fields: Object.keys(fields) }));
  return new Map([...kept, ...now].map((owned) => [keyOf(owned), owned]));
}

function faultsOf(
  desired: Desired,
  prune: boolean,
  rotate: readonly string[],
  target: readonly string[],
): readonly string[] {
  const secretless = rotate.filter(
    (client) => desired.objects.get(keyOf({ type: 'client', name: [client] }))?.fields['secret'] === undefined,
  );
  return [
    ...secretless.map(
      (client) => `--rotate ${client}: the file declares no secret for such a client; see keyturn realm rotate-secret`,
    ),
    ...unknownTargets(desired, target).map((one) => `--target ${one}: the file declares no such object`),
    ...(prune && target.length > 0
      ? ['--prune and --target exclude each other: pruning looks at everything that is owned']
      : []),
  ];
}
