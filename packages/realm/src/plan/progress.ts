import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { ObservedObject } from '../model/objects.ts';
import { compareFields, sameValue } from './fields.ts';
import type { Change, Step } from './plan.ts';

// A plan may be taken up again after a run that stopped: each step says whether it is done, or finds what it expects.

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
