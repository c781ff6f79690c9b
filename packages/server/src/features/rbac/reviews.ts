import { rolePermissions } from '@keyturn/policy/rbac';
import { newId, ok, refuse } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import { closeDue, findReview } from './close-reviews.ts';
import { keyOf } from './context.ts';
import { readNames } from './names.ts';
import { changedBy } from '../../http/audit-actor.ts';
import type { RbacParts } from './parts.ts';
import { personOf, userKey } from './person.ts';
import { type Decision, isReviewer, type Reviewer, reviewOf } from './review.ts';
import { chunks, type Found, type FullReview, note, readReview } from './review-rows.ts';
import type { RbacTables, ReviewItemRow } from './tables.ts';

export interface NewReview {
  readonly name: string;
  readonly roles: readonly string[] | undefined;
  readonly reviewers: readonly Reviewer[];
  readonly deadline: number;
  readonly undecided: Decision;
}

/** Permissions that an item shows to its reviewer at most. */
const shownPermissions = 100;

/** Begins a campaign: an item for every assignment there is now, of the named roles or of all. */
export async function beginReview(
  parts: RbacParts,
  caller: Caller,
  asked: NewReview,
  requestId: string,
): Found<FullReview> {
  const { store, clock, random, keeper } = parts;
  const { rbac } = keeper.current();
  const unknown = asked.roles?.find((role) => !rbac.roles.has(role));
  if (unknown !== undefined) return refuse({ why: 'unknown-role', role: unknown });
  const names = await readNames(store);
  const wanted = asked.roles === undefined ? undefined : new Set(asked.roles);
  const permissions = new Map<string, string>();
  const permissionsOf = (role: string): string => {
    const known = permissions.get(role);
    if (known !== undefined) return known;
    const texts = rolePermissions(rbac, role);
    const json = JSON.stringify(texts.ok ? texts.value.slice(0, shownPermissions) : []);
    permissions.set(role, json);
    return json;
  };
  const id = newId('rev', random);
  const items = [...rbac.users]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([user, { assigned }]) =>
      [...assigned]
        .filter(([role]) => wanted === undefined || wanted.has(role))
        .map(([role, { manual, synced, via }]) => ({
          id: newId('rvi', random),
          review: id,
          ...personOf(user),
          user_name: names.get(user) ?? null,
          role,
          manual: manual ? 1 : 0,
          synced: synced ? 1 : 0,
          via: JSON.stringify(via),
          permissions: permissionsOf(role),
          decision: null,
          decided_by: null,
          decided_at: null,
          comment: null,
          outcome: null,
        })),
    );
  const row = {
    id,
    name: asked.name,
    roles: asked.roles === undefined ? null : JSON.stringify(asked.roles),
    reviewers: JSON.stringify(asked.reviewers),
    deadline: asked.deadline,
    undecided: asked.undecided,
    created_at: clock(),
    created_by: caller.principal.identity,
    state: 'open',
    closed_at: null,
    closed_by: null,
  };
  await store.transaction(async (tx) => {
    const db = tx.db.withTables<RbacTables>();
    await db.insertInto('rbac_review').values(row).execute();
    for (const some of chunks(items)) await db.insertInto('rbac_review_item').values(some).execute();
    note(parts, tx, changedBy(caller, requestId), 'begin', id, { items: items.length, undecided: asked.undecided });
  });
  return ok({ review: reviewOf(row), items });
}

/** Campaigns, newest first, with their items. What is due is closed first. */
export async function listReviews(parts: RbacParts): Promise<readonly FullReview[]> {
  await closeDue(parts);
  const db = parts.store.db.withTables<RbacTables>();
  const reviews = await db.selectFrom('rbac_review').selectAll().orderBy('created_at', 'desc').orderBy('id').execute();
  const items = await db.selectFrom('rbac_review_item').selectAll().orderBy('id').execute();
  const byReview = Map.groupBy(items, ({ review }) => review);
  return reviews.map((row) => ({ review: reviewOf(row), items: byReview.get(row.id) ?? [] }));
}

/**
 * One reviewer's word on one item; it can be changed until the review is closed. Nobody decides on their own access, and
 * not on what is no longer there: a user who vanished, or lost the role, leaves an item that is closed as gone.
 */
export async function decideItem(
  parts: RbacParts,
  caller: Caller,
  asked: {
    readonly review: string;
    readonly item: string;
    readonly decision: Decision;
    readonly comment: string | undefined;
  },
  requestId: string,
): Found<ReviewItemRow> {
  const found = await findReview(parts, asked.review);
  if (!found.ok) return found;
  const { review, items } = found.value;
  const item = items.find(({ id }) => id === asked.item);
  if (!isReviewer(review, caller)) return refuse({ why: 'not-reviewer' });
  if (item === undefined) return refuse({ why: 'unknown-item' });
  if (review.state !== 'open') return refuse({ why: 'review-closed' });
  if (keyOf(caller.principal) === userKey(item)) return refuse({ why: 'own-item' });
  if (!parts.keeper.current().rbac.users.get(userKey(item))?.assigned.has(item.role))
    return refuse({ why: 'item-gone' });
  const decided = {
    decision: asked.decision,
    decided_by: caller.principal.identity,
    decided_at: parts.clock(),
    comment: asked.comment ?? null,
  };
  return parts.store.transaction(async (tx): Found<ReviewItemRow> => {
    const db = tx.db.withTables<RbacTables>();
    // Held until the end, so that a review which is being closed does not miss this, or refuses it.
    const open = await db
      .updateTable('rbac_review')
      .set({ state: 'open' })
      .where('id', '=', review.id)
      .where('state', '=', 'open')
      .executeTakeFirst();
    if (open.numUpdatedRows !== 1n) return refuse({ why: 'review-closed' });
    await db.updateTable('rbac_review_item').set(decided).where('id', '=', item.id).execute();
    note(parts, tx, changedBy(caller, requestId), asked.decision, review.id, {
      item: item.id,
      user: userKey(item),
      role: item.role,
    });
    return ok({ ...item, ...decided });
  });
}

/** Puts others in the place of the reviewers, for when one has left. */
export async function replaceReviewers(
  parts: RbacParts,
  caller: Caller,
  asked: { readonly review: string; readonly reviewers: readonly Reviewer[] },
  requestId: string,
): Found<FullReview> {
  const found = await findReview(parts, asked.review);
  if (!found.ok) return found;
  if (found.value.review.state !== 'open') return refuse({ why: 'review-closed' });
  await parts.store.transaction(async (tx) => {
    const set = { reviewers: JSON.stringify(asked.reviewers) };
    await tx.db.withTables<RbacTables>().updateTable('rbac_review').set(set).where('id', '=', asked.review).execute();
    note(parts, tx, changedBy(caller, requestId), 'replace-reviewers', asked.review, {});
  });
  return readReview(parts, asked.review);
}
