import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { type ObservedObject, showRef } from '../model/objects.ts';
import { isJsonList } from '../representation.ts';
import { compareFields, withValue } from './fields.ts';
import { parseOwnership, showOwnership } from './ownership.ts';
import { type Change, type Plan, type Step, secretReference } from './plan.ts';
import { isDone } from './progress.ts';

// What carrying out a plan needs to know of it, without any server.

/** The members that a PUT must carry: whole where Keycloak replaces them, only what changes in a client's attributes. */
export function mergeChanges(
  type: Step['type'],
  now: JsonObject,
  changes: readonly Change[],
  secret: (value: Json) => Json,
): JsonObject {
  let members: JsonObject = {};
  for (const { path, after } of changes) {
    const [top = ''] = path;
    if (!Object.hasOwn(members, top) && path.length > 1 && !(type === 'client' && top === 'attributes')) {
      members = { ...members, [top]: now[top] ?? {} };
    }
    members = withValue(members, path, secret(after));
  }
  return members;
}

/** What the server shows differently from what a step wrote; secrets cannot be read back. */
export function differencesOf(step: Step, live: ObservedObject | undefined): readonly string[] {
  const what = showRef(step);
  if (step.action === 'delete') return live === undefined ? [] : [`${what}: still there`];
  if (live === undefined) return [`${what}: not there`];
  if (isDone(step, live) || step.action === 'adopt') return [];
  const fields: JsonObject =
    step.action === 'create'
      ? step.fields
      : step.changes.reduce<JsonObject>(
          (all, { path, after, sensitive }) => (sensitive === true ? all : withValue(all, path, after)),
          {},
        );
  return compareFields(fields, live.fields)
    .filter(
      ({ path, after }) =>
        path[0] !== 'credentials' && secretReference(after) === undefined && !path.includes('$secret'),
    )
    .map(({ path }) => `${what}: ${path.join('.')} is not what was written`);
}

/** What is Keyturn's while the plan is being carried out: what was, and what will be. */
export function unionOf(plan: Plan): string {
  const before = parseOwnership(plan.ownership.before);
  const after = parseOwnership(plan.ownership.after);
  if (!before.ok || !after.ok) return plan.ownership.after;
  return showOwnership(new Map([...before.value, ...after.value]));
}

/** The secrets that a plan refers to. */
export function secretNames(plan: Plan): readonly string[] {
  const names = new Set<string>();
  const collect = (value: Json | undefined): void => {
    const name = secretReference(value);
    if (name !== undefined) names.add(name);
    else if (isJsonList(value)) value.forEach(collect);
    else if (isJsonObject(value)) Object.values(value).forEach(collect);
  };
  for (const step of plan.steps) {
    if (step.action === 'create') collect(step.fields);
    if (step.action === 'update') for (const change of step.changes) collect(change.after);
  }
  return [...names];
}
