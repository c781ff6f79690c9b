import type { RbacChange } from '@keyturn/policy/rbac';
import { ok, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import { rbacModelSchema } from '../../config/rbac-model.ts';
import type { Frame } from '../../http/frame.ts';
import { checkMapped, commitChanges } from './commit-changes.ts';
import { changedBy } from '../../http/audit-actor.ts';
import type { RbacParts } from './parts.ts';
import { describeChange, exportModel, planModel } from './plan.ts';
import { applyDelta } from './state.ts';
import { done, managing, turnedDown, viewing } from './route-parts.ts';

const planned = z.strictObject({
  model: rbacModelSchema,
  /** Removes what is not declared too. */
  prune: z.boolean().default(false),
  /** Of apply: only if the model is still at this version, which the plan named. */
  version: z.int().min(0).optional(),
});

const path = '/api/v1/rbac';

/** The declarative side: what a document would change, changing it, and the model as a document. */
export function mountPlans(frame: Frame, parts: RbacParts): void {
  const { keeper, issuer } = parts;
  frame.route({
    method: 'POST',
    path: `${path}/plan`,
    body: planned,
    // Reads, whatever its method: it has a body because a document does not fit into a query.
    action: () => viewing(parts, 'rbac.plan.read'),
    handle: async ({ body }) => {
      const state = keeper.current();
      const changes = planModel(state.rbac, body.model, { issuer, prune: body.prune });
      const checked = checkMapped(parts, changes);
      if (!checked.ok) return turnedDown(checked.refusal);
      const tried = applyDelta(state, { changes });
      if (!tried.ok) return turnedDown({ why: 'rbac', ...tried.refusal });
      return done({ version: keeper.version(), changes: changes.map(describeStep) });
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/apply`,
    body: planned,
    action: () => managing(parts, 'rbac.apply'),
    handle: async ({ body, approved, requestId }) => {
      const kept = await commitChanges(parts, changedBy(approved.caller, requestId), ({ rbac }, version) =>
        body.version !== undefined && body.version !== version
          ? refuse({ why: 'stale', version })
          : ok(planModel(rbac, body.model, { issuer, prune: body.prune })),
      );
      if (!kept.ok) return turnedDown(kept.refusal);
      return done({ version: kept.value.version, changes: kept.value.value.map(describeStep) });
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/export`,
    action: () => viewing(parts, 'rbac.export.read'),
    handle: async () => done(exportModel(keeper.current().rbac, issuer)),
  });
}

function describeStep(change: RbacChange): object {
  return { ...change, text: describeChange(change) };
}
