import { ok } from '@keyturn/protocol';
import { z } from 'zod';
import { issuerSchema } from '../../config/rbac-model.ts';
import type { Caller } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import { closeReview, findReview } from './close-reviews.ts';
import { buildEvidence, buildEvidenceTable } from './evidence.ts';
import type { RbacParts } from './parts.ts';
import { describeItem, describeReview, isReviewer, type Review, type Reviewer } from './review.ts';
import type { FullReview } from './review-rows.ts';
import { beginReview, decideItem, listReviews, replaceReviewers } from './reviews.ts';
import { done, managing, nameSchema, rbacPath, turnedDown } from './route-parts.ts';

const reviewer = z.union([
  z.strictObject({ user: z.string().min(1).max(255), issuer: issuerSchema.optional() }),
  z.strictObject({ role: nameSchema }),
]);
const reviewers = z.array(reviewer).min(1).max(100);
const newReview = z.strictObject({
  name: z.string().min(1).max(200),
  /** Of which roles; all if there is no list. */
  roles: z.array(nameSchema).min(1).optional(),
  reviewers,
  deadline: z.iso.datetime({ offset: true }),
  /** What becomes of what nobody decides. */
  undecided: z.enum(['keep', 'revoke']).default('keep'),
});
const decision = z.strictObject({ decision: z.enum(['keep', 'revoke']), comment: z.string().max(2000).optional() });
const path = `${rbacPath}/reviews`;

/** Access review campaigns: begun and closed by those who manage roles, decided by their reviewers. */
export function mountReviews(frame: Frame, parts: RbacParts): void {
  const named = (given: z.infer<typeof reviewers>): readonly Reviewer[] =>
    given.map((one) => ('role' in one ? one : { issuer: one.issuer ?? parts.issuer, subject: one.user }));
  const maySee = (caller: Caller, review: Review): boolean =>
    caller.roles.includes(parts.adminRole) || caller.permissions.allows('rbac.view') || isReviewer(review, caller);
  const show = ({ review, items }: FullReview): object => ({
    ...describeReview(review, items),
    decisions: items.map(describeItem),
  });

  frame.route({
    method: 'POST',
    path,
    body: newReview,
    action: ({ body }) => managing(parts, 'rbac.review.create', body.name),
    handle: async ({ approved, body, requestId }) => {
      const deadline = Date.parse(body.deadline);
      if (deadline <= parts.clock()) {
        return turnedDown({ why: 'bad-query', field: '/deadline', message: 'is in the past' });
      }
      const asked = { ...body, roles: body.roles, reviewers: named(body.reviewers), deadline };
      const begun = await beginReview(parts, approved.caller, asked, requestId);
      return begun.ok ? done(show(begun.value), 201) : turnedDown(begun.refusal);
    },
  });
  frame.route({
    method: 'GET',
    path,
    action: () => ({ kind: 'rbac.review.list' }),
    handle: async ({ approved }) => {
      const all = await listReviews(parts);
      const seen = all.filter(({ review }) => maySee(approved.caller, review));
      return done(seen.map(({ review, items }) => describeReview(review, items)));
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/:review`,
    action: ({ params }) => ({ kind: 'rbac.review.read', target: params['review'] ?? '' }),
    handle: async ({ approved, params }) => {
      const found = await findReview(parts, params['review'] ?? '');
      if (!found.ok) return turnedDown(found.refusal);
      const { caller } = approved;
      return maySee(caller, found.value.review) ? done(show(found.value)) : turnedDown({ why: 'unknown-review' });
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/:review/items/:item/decision`,
    body: decision,
    // A personal access token decides only if it may turn the second key, which these two words say.
    action: ({ params, body }) => ({
      kind: body.decision === 'keep' ? 'rbac.review.approve' : 'rbac.review.deny',
      target: params['item'] ?? '',
    }),
    handle: async ({ approved, params, body, requestId }) => {
      const asked = { review: params['review'] ?? '', item: params['item'] ?? '', ...body, comment: body.comment };
      const decided = await decideItem(parts, approved.caller, asked, requestId);
      return decided.ok ? done(describeItem(decided.value)) : turnedDown(decided.refusal);
    },
  });
  frame.route({
    method: 'PUT',
    path: `${path}/:review/reviewers`,
    body: z.strictObject({ reviewers }),
    action: ({ params }) => managing(parts, 'rbac.review.update', params['review']),
    handle: async ({ approved, params, body, requestId }) => {
      const asked = { review: params['review'] ?? '', reviewers: named(body.reviewers) };
      const replaced = await replaceReviewers(parts, approved.caller, asked, requestId);
      return replaced.ok ? done(show(replaced.value)) : turnedDown(replaced.refusal);
    },
  });
  frame.route({
    method: 'POST',
    path: `${path}/:review/close`,
    body: z.strictObject({ force: z.boolean().default(false) }),
    action: ({ params }) => managing(parts, 'rbac.review.close', params['review']),
    handle: async ({ approved, params, body, requestId }) => {
      const asked = { review: params['review'] ?? '', force: body.force };
      const closed = await closeReview(parts, approved.caller, asked, requestId);
      return closed.ok ? done(show(closed.value)) : turnedDown(closed.refusal);
    },
  });
  frame.route({
    method: 'GET',
    path: `${path}/:review/evidence`,
    action: ({ params }) => ({ kind: 'rbac.review.evidence.read', target: params['review'] ?? '' }),
    handle: async ({ approved, params, query }) => {
      const found = await findReview(parts, params['review'] ?? '');
      if (!found.ok) return turnedDown(found.refusal);
      if (!maySee(approved.caller, found.value.review)) return turnedDown({ why: 'unknown-review' });
      if (query['format'] !== 'csv') return done(buildEvidence(found.value));
      const headers = { 'content-type': 'text/csv; charset=utf-8' };
      return ok({ answer: { status: 200, headers, body: buildEvidenceTable(found.value) }, outcome: 'allowed' });
    },
  });
}
