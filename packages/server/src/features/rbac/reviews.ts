import { type RbacChange, rolePermissions } from '@keyturn/policy/rbac';
import { newId, ok, type Result, refuse } from '@keyturn/protocol';
import type { Tx } from '@keyturn/store';
import type { Caller } from '../../http/caller.ts';
import { keyOf } from './context.ts';
import type { ChangedBy } from './keeper.ts';
import { readNames } from './names.ts';
import { changedBy, type RbacParts } from './parts.ts';
import { personOf, userKey } from './person.ts';
import type { RbacRuleRefusal } from './refusals.ts';
import { type Decision, isReviewer, type Outcome, type Review, type Reviewer, reviewOf } from './review.ts';
import type { Denial, RbacState } from './state.ts';
import type { RbacTables, ReviewItemRow } from './tables.ts';

export interface NewReview {
  readonly name: string;
  readonly roles: readonly string[] | undefined;
  readonly reviewers: readonly Reviewer[];
  readonly deadline: number;
  readonly undecided: Decision;
}

/** A review and everything that is looked at in it. */
export interface FullReview {
  readonly review: Review;
  readonly items: readonly ReviewItemRow[];
}

type Found<Value> = Promise<Result<Value, RbacRuleRefusal>>;

/** Rows that one statement takes at most. */
const chunk = 200;
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

export async function findReview(parts: RbacParts, id: string): Found<FullReview> {
  await closeDue(parts);
  return readReview(parts, id);
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

/** Ends a campaign and carries out what was decided. Before its deadline only if everything is, or by force. */
export async function closeReview(
  parts: RbacParts,
  caller: Caller,
  asked: { readonly review: string; readonly force: boolean },
  requestId: string,
): Found<FullReview> {
  const found = await findReview(parts, asked.review);
  if (!found.ok) return found;
  const { review, items } = found.value;
  if (review.state !== 'open') return refuse({ why: 'review-closed' });
  const { rbac } = parts.keeper.current();
  const open = items.filter(
    (item) => item.decision === null && rbac.users.get(userKey(item))?.assigned.has(item.role) === true,
  ).length;
  if (open > 0 && !asked.force) return refuse({ why: 'undecided', open });
  await carryOut(parts, review.id, changedBy(caller, requestId));
  return readReview(parts, review.id);
}

/** Closes what has come to its deadline, and finishes what a process that ended has left half closed. */
export async function closeDue(parts: RbacParts): Promise<number> {
  const due = await parts.store.db
    .withTables<RbacTables>()
    .selectFrom('rbac_review')
    .select('id')
    .where((eb) =>
      eb.or([eb('state', '=', 'closing'), eb.and([eb('state', '=', 'open'), eb('deadline', '<=', parts.clock())])]),
    )
    .execute();
  for (const { id } of due) await carryOut(parts, id, { actor: { identity: 'keyturn' } });
  return due.length;
}

/**
 * First nothing can be decided any more, then what was is carried out, in one transaction with its record. Whoever comes
 * second to the same review finds it done.
 */
async function carryOut(parts: RbacParts, id: string, by: ChangedBy): Promise<void> {
  const { store, clock, keeper } = parts;
  const closing = { state: 'closing', closed_at: clock(), closed_by: by.actor.identity };
  const begun = store.db.withTables<RbacTables>().updateTable('rbac_review').set(closing).where('id', '=', id);
  await begun.where('state', '=', 'open').execute();
  const found = await readReview(parts, id);
  if (!found.ok || found.value.review.state === 'closed') return;
  const { review, items } = found.value;
  try {
    const kept = await keeper.commit<undefined, never>(by, (state) => {
      const { changes, denied, outcomes } = outcomesOf(state, review, items);
      return ok({
        delta: { changes, denied },
        value: undefined,
        also: async (tx) => {
          const db = tx.db.withTables<RbacTables>();
          const closed = await db
            .updateTable('rbac_review')
            .set({ state: 'closed' })
            .where('id', '=', id)
            .where('state', '=', 'closing')
            .executeTakeFirst();
          if (closed.numUpdatedRows !== 1n) throw new ClosedByAnother();
          for (const outcome of ['kept', 'revoked', 'gone'] as const) {
            const ids = [...outcomes].filter(([, one]) => one === outcome).map(([item]) => item);
            for (const some of chunks(ids)) {
              await db.updateTable('rbac_review_item').set({ outcome }).where('id', 'in', some).execute();
            }
          }
          const count = (outcome: Outcome): number => [...outcomes.values()].filter((one) => one === outcome).length;
          note(parts, tx, by, 'close', id, { kept: count('kept'), revoked: count('revoked'), gone: count('gone') });
        },
      });
    });
    if (!kept.ok) throw new Error(`what a review decided was refused: ${JSON.stringify(kept.refusal)}`);
  } catch (error) {
    if (!(error instanceof ClosedByAnother)) throw error;
  }
}

class ClosedByAnother extends Error {}

function outcomesOf(
  { rbac }: RbacState,
  review: Review,
  items: readonly ReviewItemRow[],
): { changes: readonly RbacChange[]; denied: readonly Denial[]; outcomes: ReadonlyMap<string, Outcome> } {
  const changes: RbacChange[] = [];
  const denied: Denial[] = [];
  const outcomes = new Map<string, Outcome>();
  for (const item of items) {
    const user = userKey(item);
    const { role } = item;
    const grounds = rbac.users.get(user)?.assigned.get(role);
    const decision = item.decision ?? review.undecided;
    if (grounds === undefined) outcomes.set(item.id, 'gone');
    else if (decision === 'keep') outcomes.set(item.id, 'kept');
    else {
      outcomes.set(item.id, 'revoked');
      if (grounds.manual) changes.push({ do: 'deassignUser', user, role, origin: 'manual' });
      if (grounds.synced) {
        changes.push({ do: 'deassignUser', user, role, origin: 'synced' });
        // The group is still there and would give the role again with the next sync.
        denied.push({ user, role, review: review.id });
      }
    }
  }
  return { changes, denied, outcomes };
}

async function readReview(parts: RbacParts, id: string): Found<FullReview> {
  const db = parts.store.db.withTables<RbacTables>();
  const row = await db.selectFrom('rbac_review').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return refuse({ why: 'unknown-review' });
  const items = await db.selectFrom('rbac_review_item').selectAll().where('review', '=', id).orderBy('id').execute();
  return ok({ review: reviewOf(row), items });
}

function note(
  { store, clock }: RbacParts,
  tx: Tx,
  by: ChangedBy,
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

function chunks<Value>(all: readonly Value[]): readonly (readonly Value[])[] {
  return Array.from({ length: Math.ceil(all.length / chunk) }, (_, i) => all.slice(i * chunk, (i + 1) * chunk));
}
