import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { ObjectRef } from '../model/objects.ts';

/** The version of the plan's shape. A plan of another version is refused, not guessed at. */
export const planVersion = 1;

/**
 * What will be done to a realm, as plain data: it can be stored, reviewed and applied later, and `apply` does exactly
 * this. It holds no secret: where one belongs it has `{ "$secret": … }`, which `apply` looks up in the realm file.
 */
export interface Plan extends JsonObject {
  readonly format: 'keyturn-realm-plan';
  readonly version: typeof planVersion;
  readonly realm: string;
  /** In the order of execution: each step comes after what it refers to; deletions come last, ties before ends. */
  readonly steps: readonly Step[];
  /** The text of the ownership attribute before and after. Equal texts need no write. */
  readonly ownership: { readonly before: string; readonly after: string };
  /** For people: corrections, things left alone, secrets that differ. No reason to apply anything. */
  readonly notices: readonly string[];
}

export type Step = CreateStep | UpdateStep | AdoptStep | DeleteStep;

interface StepBase extends JsonObject {
  readonly type: ObjectRef['type'];
  readonly name: readonly string[];
}
export interface CreateStep extends StepBase {
  readonly action: 'create';
  readonly fields: JsonObject;
}
export interface UpdateStep extends StepBase {
  readonly action: 'update';
  /** Whether the object was nobody's until now. Only the declared fields of it change. */
  readonly adopt: boolean;
  readonly changes: readonly Change[];
}
/** Taken over without a change: from now on Keyturn's, so that `--prune` may remove it once it is no longer declared. */
export interface AdoptStep extends StepBase {
  readonly action: 'adopt';
}
export interface DeleteStep extends StepBase {
  readonly action: 'delete';
}

export interface Change extends JsonObject {
  readonly path: readonly string[];
  /** What the server had when the plan was made; null if nothing. Left out where `sensitive`. */
  readonly before: Json;
  readonly after: Json;
  readonly sensitive?: boolean;
}

/** Steps counted as the last line of a plan counts them. Adoptions without a change count as nothing. */
export interface PlanCounts {
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  readonly adopt: number;
}

export function countSteps(plan: Plan): PlanCounts {
  const count = (test: (step: Step) => boolean) => plan.steps.filter(test).length;
  return {
    add: count((step) => step.action === 'create'),
    change: count((step) => step.action === 'update'),
    destroy: count((step) => step.action === 'delete'),
    adopt: count((step) => step.action === 'adopt' || (step.action === 'update' && step.adopt)),
  };
}

/** Whether applying the plan would write anything at all. */
export function isEmptyPlan(plan: Plan): boolean {
  return plan.steps.length === 0 && plan.ownership.before === plan.ownership.after;
}

/** Whether the realm is as declared, though Keyturn may not have noted yet what is its own. What `--detailed-exitcode` asks. */
export function changesNothing(plan: Plan): boolean {
  return plan.steps.every((step) => step.action === 'adopt');
}

/** Whether a value is the reference that stands for a secret, and to which. */
export function secretReference(value: Json | undefined): string | undefined {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return undefined;
  const name = value['$secret'];
  return typeof name === 'string' ? name : undefined;
}
