import { type EpochMilliseconds, epochMilliseconds, type Json, type JsonObject } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import { keyOf } from './context.ts';
import { originsOf } from './describe.ts';
import { userKey } from './person.ts';
import { readTexts } from './rows.ts';
import type { ReviewItemRow, ReviewRow } from './tables.ts';

/** Somebody by name, or everybody with a role. */
export type Reviewer = { readonly issuer: string; readonly subject: string } | { readonly role: string };

/** An access review campaign: reviewers look at who has which role, and decide of each whether it stays. */
export interface Review {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[] | undefined;
  readonly reviewers: readonly Reviewer[];
  readonly deadline: EpochMilliseconds;
  readonly undecided: Decision;
  readonly createdAt: EpochMilliseconds;
  readonly createdBy: string;
  /** `closing`: nothing can be decided any more, and what was is being carried out. */
  readonly state: 'open' | 'closing' | 'closed';
  readonly closedAt: EpochMilliseconds | undefined;
  readonly closedBy: string | undefined;
}

export type Decision = 'keep' | 'revoke';

/** What became of an item: `gone` if the user had lost the role, or had vanished, before it was carried out. */
export type Outcome = 'kept' | 'revoked' | 'gone';

export function reviewOf(row: ReviewRow): Review {
  return {
    id: row.id,
    name: row.name,
    roles: row.roles === null ? undefined : readTexts(row.roles),
    reviewers: JSON.parse(row.reviewers) as readonly Reviewer[], // written by this feature, from a checked body
    deadline: epochMilliseconds(row.deadline),
    undecided: row.undecided === 'revoke' ? 'revoke' : 'keep',
    createdAt: epochMilliseconds(row.created_at),
    createdBy: row.created_by,
    state: row.state === 'open' || row.state === 'closing' ? row.state : 'closed',
    closedAt: row.closed_at === null ? undefined : epochMilliseconds(row.closed_at),
    closedBy: row.closed_by ?? undefined,
  };
}

/** Whether the caller is one of the reviewers. */
export function isReviewer({ reviewers }: Review, caller: Caller): boolean {
  const own = keyOf(caller.principal);
  return reviewers.some((reviewer) =>
    'role' in reviewer ? caller.roles.includes(reviewer.role) : own === userKey(reviewer),
  );
}

export function describeReview(review: Review, items: readonly ReviewItemRow[]): JsonObject {
  const count = (is: (item: ReviewItemRow) => boolean): number => items.filter(is).length;
  return {
    id: review.id,
    name: review.name,
    state: review.state,
    roles: review.roles === undefined ? null : [...review.roles],
    reviewers: review.reviewers.map(
      (reviewer): Json =>
        'role' in reviewer ? { role: reviewer.role } : { user: reviewer.subject, issuer: reviewer.issuer },
    ),
    deadline: timeOf(review.deadline),
    undecided: review.undecided,
    created_at: timeOf(review.createdAt),
    created_by: review.createdBy,
    closed_at: review.closedAt === undefined ? null : timeOf(review.closedAt),
    closed_by: review.closedBy ?? null,
    items: items.length,
    open: count(({ decision }) => decision === null),
    keep: count(({ decision }) => decision === 'keep'),
    revoke: count(({ decision }) => decision === 'revoke'),
    kept: count(({ outcome }) => outcome === 'kept'),
    revoked: count(({ outcome }) => outcome === 'revoked'),
    gone: count(({ outcome }) => outcome === 'gone'),
  };
}

export function describeItem(row: ReviewItemRow): JsonObject {
  return {
    id: row.id,
    user: row.subject,
    issuer: row.issuer,
    name: row.user_name,
    role: row.role,
    origin: originsOf(row.manual === 1, row.synced === 1),
    groups: [...readTexts(row.via)],
    permissions: [...readTexts(row.permissions)],
    decision: row.decision,
    decided_by: row.decided_by,
    decided_at: row.decided_at === null ? null : timeOf(epochMilliseconds(row.decided_at)),
    comment: row.comment,
    outcome: row.outcome,
  };
}

function timeOf(at: EpochMilliseconds): string {
  return new Date(at).toISOString();
}
