import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { Desired } from '../model/desired.ts';
import {
  type DesiredObject,
  isBuiltIn,
  keyOf,
  type ObjectRef,
  type ObservedObject,
  objectTypes,
  referencesOf,
  showRef,
} from '../model/objects.ts';
import { isSecretField, isSecretStandIn, secretName } from '../model/secrets.ts';
import { isJsonList } from '../representation.ts';
import { compareFields, sameValue } from './fields.ts';
import { type Owned, type Ownership, showOwnership } from './ownership.ts';
import { type Change, type DeleteStep, type Plan, planVersion, type Step } from './plan.ts';

/** What the server has: by key, as far as it was asked for. */
export interface Observed {
  /** False: there is no such realm, and everything else is empty. */
  readonly exists: boolean;
  readonly objects: ReadonlyMap<string, ObservedObject>;
  readonly ownership: Ownership;
}

export interface PlanOptions {
  /** Remove owned objects that are no longer declared. Default false: they are only named. */
  readonly prune?: boolean;
  /** Clients whose secret is to be replaced by the file's. Default none: a live secret is never touched. */
  readonly rotate?: readonly string[];
  /** Only steps whose `type name` matches one of these, and what they refer to. Default all. */
  readonly target?: readonly string[];
}

/** A plan, or every reason why there can be none. */
export type Planned =
  | { readonly ok: true; readonly plan: Plan; readonly secrets: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Compares what a file declares with what the server has. Pure: same input, same plan. */
export function buildPlan(desired: Desired, observed: Observed, options: PlanOptions = {}): Planned {
  const faults = [...desired.faults, ...findDangling(desired, observed), ...unknownRotations(desired, options)];
  if (faults.length > 0) return { ok: false, faults };
  const secrets = new Map<string, string>();
  const notices = [...desired.notices];
  const inScope = scopeOf(desired, options.target ?? []);
  const declared = [...desired.objects.values()].filter((object) => inScope.has(keyOf(object))).sort(byDependency);
  const steps: Step[] = [];
  for (const object of declared) {
    const step = stepFor(object, observed, options, secrets, notices);
    if (step !== undefined) steps.push(step);
  }
  const left = [...observed.ownership.values()].filter((owned) => !desired.objects.has(keyOf(owned)));
  const deletions =
    options.prune === true && inScope.size === desired.objects.size
      ? findDeletions(left, desired, observed, notices)
      : [];
  if (options.prune !== true) {
    for (const owned of left) {
      if (observed.objects.has(keyOf(owned)) && !isBuiltIn(owned, desired.realm))
        notices.push(`${showRef(owned)}: owned and no longer declared; --prune would remove it`);
    }
  }
  const kept = left.filter((owned) => options.prune !== true || isKeptBack(owned, deletions, observed));
  const after = new Map<string, Owned>(kept.map((owned) => [keyOf(owned), owned]));
  for (const { type, name, fields } of declared)
    after.set(keyOf({ type, name }), { type, name, fields: Object.keys(fields) });
  for (const [key, owned] of observed.ownership) {
    if (desired.objects.has(key) && !inScope.has(key)) after.set(key, owned);
  }
  return {
    ok: true,
    secrets,
    plan: {
      format: 'keyturn-realm-plan',
      version: planVersion,
      realm: desired.realm,
      steps: [...steps, ...deletions],
      ownership: { before: showOwnership(observed.ownership), after: showOwnership(after) },
      notices,
    },
  };
}

function stepFor(
  object: DesiredObject,
  observed: Observed,
  options: PlanOptions,
  secrets: Map<string, string>,
  notices: string[],
): Step | undefined {
  const { type, name } = object;
  const live = observed.objects.get(keyOf(object));
  if (live === undefined) {
    return { action: 'create', type, name, fields: hideSecrets(object, object.fields, [], secrets, notices) };
  }
  const changes = compareFields(object.fields, live.fields).flatMap((difference): Change[] => {
    const { path, before, after } = difference;
    if (!isSecretField(type, path)) return [{ path, before: before ?? null, after }];
    return secretChange(object, path, after, before, options, secrets, notices);
  });
  const adopt = !observed.ownership.has(keyOf(object));
  if (changes.length > 0) return { action: 'update', type, name, adopt, changes };
  return adopt ? { action: 'adopt', type, name } : undefined;
}

/** A secret changes only when somebody asked for it by name, and never to what stands in for one. */
function secretChange(
  object: DesiredObject,
  path: readonly string[],
  after: Json,
  before: Json | undefined,
  options: PlanOptions,
  secrets: Map<string, string>,
  notices: string[],
): Change[] {
  const secret = typeof after === 'string' ? after : undefined;
  const rotate = object.type === 'client' && path[0] === 'secret' && options.rotate?.includes(object.name[0] ?? '');
  if (rotate === true && secret !== undefined && !isSecretStandIn(secret)) {
    const name = secretName(object, path);
    secrets.set(name, secret);
    return [{ path, before: null, after: { $secret: name }, sensitive: true }];
  }
  // The server shows most secrets masked; only one that it shows can be said to differ.
  if (secret !== undefined && !isSecretStandIn(secret) && typeof before === 'string' && !isSecretStandIn(before)) {
    notices.push(
      `${showRef(object)}: the ${path.join('.')} on the server differs from the file's; --rotate ${object.name[0]} would write it`,
    );
  }
  return [];
}

/** Fields for a new object, each secret replaced by a reference; what only stands in for a secret is left out. */
function hideSecrets(
  object: DesiredObject,
  fields: JsonObject,
  at: readonly string[],
  secrets: Map<string, string>,
  notices: string[],
): JsonObject {
  const entries = Object.entries(fields).flatMap(([name, value]): [string, Json][] => {
    const path = [...at, name];
    if (value === undefined) return [];
    if (object.type === 'user' && path[0] === 'credentials') return [[name, hideCredentials(object, value, secrets)]];
    if (isJsonObject(value)) return [[name, hideSecrets(object, value, path, secrets, notices)]];
    if (!isSecretField(object.type, path) || typeof value !== 'string') return [[name, value]];
    if (isSecretStandIn(value)) {
      notices.push(`${showRef(object)}: ${path.join('.')} is empty, masked or a placeholder, so none is written`);
      return [];
    }
    const reference = secretName(object, path);
    secrets.set(reference, value);
    return [[name, { $secret: reference }]];
  });
  return Object.fromEntries(entries);
}

function hideCredentials(object: DesiredObject, value: Json, secrets: Map<string, string>): Json {
  if (!isJsonList(value)) return [];
  return value.filter(isJsonObject).flatMap((credential, index): JsonObject[] => {
    const secret = credential['value'];
    if (typeof secret !== 'string') return [credential];
    if (isSecretStandIn(secret)) return [];
    const reference = secretName(object, ['credentials', `${index}`]);
    secrets.set(reference, secret);
    return [{ type: 'password', ...credential, value: { $secret: reference } }];
  });
}

/** All secrets of a file by the references that a plan uses: what `apply` needs for a plan that was stored. */
export function collectSecrets(desired: Desired): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  for (const object of desired.objects.values()) hideSecrets(object, object.fields, [], secrets, []);
  return secrets;
}

/** Every end of a tie that neither the file nor the server has. A service account comes with its client. */
function findDangling(desired: Desired, observed: Observed): readonly string[] {
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

function unknownRotations(desired: Desired, { rotate = [] }: PlanOptions): readonly string[] {
  return rotate
    .filter((client) => desired.objects.get(keyOf({ type: 'client', name: [client] }))?.fields['secret'] === undefined)
    .map(
      (client) => `--rotate ${client}: the file declares no secret for such a client; see keyturn realm rotate-secret`,
    );
}

/** The keys of what is to be planned: the targets and, transitively, what they refer to. The realm always is. */
function scopeOf(desired: Desired, target: readonly string[]): ReadonlySet<string> {
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

/** `client web` names the client with its mappers, roles and assignments; `client-mapper web / groups` one mapper. */
function isTarget(object: ObjectRef, target: readonly string[]): boolean {
  const names = [showRef(object), ...referencesOf(object).slice(0, 1).map(showRef)];
  return target.some((one) => names.includes(one));
}

/** What `--prune` removes: owned, undeclared, still there; nothing of Keycloak's own and nothing that holds others' things. */
function findDeletions(left: readonly Owned[], desired: Desired, observed: Observed, notices: string[]): DeleteStep[] {
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
function isKeptBack(owned: Owned, deletions: readonly DeleteStep[], observed: Observed): boolean {
  const key = keyOf(owned);
  return owned.type === 'group' && observed.objects.has(key) && !deletions.some((step) => keyOf(step) === key);
}

function byDependency(a: ObjectRef, b: ObjectRef): number {
  const rank = objectTypes.indexOf(a.type) - objectTypes.indexOf(b.type);
  // A group's path is shorter than those below it; otherwise the file's order stands.
  return rank !== 0 ? rank : a.type === 'group' ? depth(a) - depth(b) : 0;
}

const depth = ({ name }: ObjectRef): number => (name[0] ?? '').split('/').length;

/** Whether a live object already has what a step would make of it, so that a plan can be taken up again. */
export function isDone(step: Step, live: ObservedObject | undefined): boolean {
  if (step.action === 'delete') return live === undefined;
  if (live === undefined) return false;
  if (step.action === 'adopt') return true;
  if (step.action === 'create') return compareVisible(step.fields, live.fields);
  return step.changes.every((change) => change.sensitive !== true && sameValue(change.after, changeAt(live, change)));
}

/** Whether the live object still is what it was when the plan was made. */
export function isUntouched(step: Step, live: ObservedObject | undefined): boolean {
  if (step.action === 'create') return live === undefined;
  if (live === undefined) return false;
  if (step.action !== 'update') return true;
  return step.changes.every((change) => {
    const now = changeAt(live, change);
    return change.sensitive === true || sameValue(change.before, now) || sameValue(change.after, now);
  });
}

function changeAt(live: ObservedObject, change: Change): Json | undefined {
  return change.path.reduce<Json | undefined>(
    (inner, part) => (isJsonObject(inner) && Object.hasOwn(inner, part) ? inner[part] : undefined),
    live.fields,
  );
}

/** Compares what a new object would get with what is there, leaving out what cannot be read back. */
function compareVisible(fields: JsonObject, live: JsonObject): boolean {
  const visible = Object.entries(fields).filter(([name]) => name !== 'credentials' && name !== 'secret');
  return compareFields(Object.fromEntries(visible), live).every(
    ({ after }) => isJsonObject(after) && '$secret' in after,
  );
}
