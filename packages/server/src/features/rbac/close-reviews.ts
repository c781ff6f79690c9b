import type { RbacChange } from '@keyturn/policy/rbac';
import { ok, refuse } from '@keyturn/protocol';
import { changedBy, type Changer } from '../../http/audit-actor.ts';
import type { Caller } from '../../http/caller.ts';
import type { RbacParts } from './parts.ts';
import { userKey } from './person.ts';
import type { Outcome, Review } from './review.ts';
import { chunks, type Found, type FullReview, note, readReview } from './review-rows.ts';
import type { Denial, RbacState } from './state.ts';
import type { RbacTables, ReviewItemRow } from './tables.ts';

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

/** A review as it stands once what is due has been closed. */
export async function findReview(parts: RbacParts, id: string): Found<FullReview> {
  await closeDue(parts);
  return readReview(parts, id);
}

/**
 * First nothing can be decided any more, then what was is carried out, in one transaction with its record. Whoever comes
 * second to the same review finds it done.
 */
async function carryOut(parts: RbacParts, id: string, by: Changer): Promise<void> {
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
