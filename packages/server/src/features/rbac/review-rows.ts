import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Tx } from '@keyturn/store';
import type { Changer } from '../../http/audit-actor.ts';
import type { RbacParts } from './parts.ts';
import type { RbacRuleRefusal } from './refusals.ts';
import { type Review, reviewOf } from './review.ts';
import type { RbacTables, ReviewItemRow } from './tables.ts';

/** A review and everything that is looked at in it. */
export interface FullReview {
  readonly review: Review;
  readonly items: readonly ReviewItemRow[];
}

export type Found<Value> = Promise<Result<Value, RbacRuleRefusal>>;

/** Rows that one statement takes at most. */
const chunk = 200;

/** As it stands, due or not. */
export async function readReview(parts: RbacParts, id: string): Found<FullReview> {
  const db = parts.store.db.withTables<RbacTables>();
  const row = await db.selectFrom('rbac_review').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return refuse({ why: 'unknown-review' });
  const items = await db.selectFrom('rbac_review_item').selectAll().where('review', '=', id).orderBy('id').execute();
  return ok({ review: reviewOf(row), items });
}

/** Notes in the audit, in the transaction of what is noted. */
export function note(
  { store, clock }: RbacParts,
  tx: Tx,
  by: Changer,
  action: string,
  review: string,
  facts: Record<string, string | number>,
): void {
  const { actor, requestId } = by;
  store.audit.append(tx, {
    at: clock(),
    kind: 'rbac.review',
    actor,
    action,
    target: review,
    outcome: 'allowed',
    requestId,
    facts,
  });
}

/** Rows in portions that one statement takes. */
export function chunks<Value>(all: readonly Value[]): readonly (readonly Value[])[] {
  return Array.from({ length: Math.ceil(all.length / chunk) }, (_, i) => all.slice(i * chunk, (i + 1) * chunk));
}
