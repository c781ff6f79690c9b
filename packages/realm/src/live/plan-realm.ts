import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Desired } from '../model/desired.ts';
import { buildPlan, type PlanOptions } from '../plan/build.ts';
import type { UsedRecipe } from '../recipes/expand.ts';
import type { Plan } from '../plan/plan.ts';
import type { Admin } from './admin.ts';
import { AdminRefused, type AdminRefusal } from './admin-refusal.ts';
import { checkNeeds } from './server-version.ts';
import { readFor } from './read-realm.ts';

export type PlanRefusal =
  | { readonly why: 'faults'; readonly faults: readonly string[] }
  | { readonly why: 'unread'; readonly refusal: AdminRefusal };

export interface PlannedRealm {
  readonly plan: Plan;
  /** By the references in the plan. Never stored. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Reads the live realm and plans. Reads only. `used`: the file's recipes, for what they need of the server. */
export async function planRealm(
  admin: Admin,
  desired: Desired,
  options: PlanOptions & { readonly used?: readonly UsedRecipe[] } = {},
): Promise<Result<PlannedRealm, PlanRefusal>> {
  try {
    await checkNeeds(admin, options.used ?? []);
    const observed = await readFor(admin, desired.realm, desired.objects.values());
    const planned = buildPlan(desired, observed, options);
    if (!planned.ok) return refuse({ why: 'faults', faults: planned.faults });
    return ok({ plan: planned.plan, secrets: planned.secrets });
  } catch (error) {
    if (!(error instanceof AdminRefused)) throw error;
    return refuse({ why: 'unread', refusal: error.refusal });
  }
}
