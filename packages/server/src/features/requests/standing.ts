import { mayApprove } from '@keyturn/policy';
import { type EpochMilliseconds, ok, type Result, refuse, seconds } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import { phaseAt } from './life.ts';
import type { Membership } from './membership.ts';
import { approverOf, isReviewer, requesterOf } from './parties.ts';
import type { RequestRefusal } from './refusals.ts';
import type { AgentRequest } from './request.ts';
import { asReviewers } from './validity.ts';

/** Whether it was this caller who asked, by the name that subject lists know them by. */
export function isOwner(caller: Caller, { requester }: AgentRequest, members: Membership): boolean {
  const mine = requesterOf(caller, members);
  return mine.issuer === requester.issuer && mine.identity === requester.identity && mine.subject === requester.subject;
}

/**
 * Whether the caller is the account that the request was made by or for: the same `sub` of the same issuer, and nothing
 * else. A name or a mail address can be given to somebody else; with an agent that acts for a person, `sub` is the person.
 */
export function isPersonBehind({ principal }: Caller, { requester }: AgentRequest): boolean {
  const { issuer, subject } = principal;
  return subject !== undefined && subject === requester.subject && issuer === requester.issuer;
}

/** Reviewers see all, others what is theirs; what is not theirs does not exist for them. */
export function maySee(caller: Caller, request: AgentRequest, members: Membership): boolean {
  return (
    isOwner(caller, request, members) ||
    isPersonBehind(caller, request) ||
    isReviewer(caller, members) ||
    hasRoleAskedFor(caller, request)
  );
}

/** Whoever has a role that the rule asks for sees what waits for them, reviewer or not. */
function hasRoleAskedFor({ roles }: Caller, { asked }: AgentRequest): boolean {
  return asked?.from.some((role) => roles.includes(role)) ?? false;
}

/** `no` takes neither a fresh login nor a credential of one's own. */
export type Verdict = 'yes' | 'no';

/** Whether somebody may say yes or no to a request as it is, or what is missing. */
export function mayDecide(
  caller: Caller,
  request: AgentRequest,
  verdict: Verdict,
  members: Membership,
  now: EpochMilliseconds,
): Result<undefined, RequestRefusal> {
  const self = approverOf(caller, members);
  if (!self.isReviewer && !hasRoleAskedFor(caller, request)) return refuse(noReviewer);
  const asked = asReviewers(request.asked ?? { from: [], count: 1, within: seconds(0) });
  const may =
    verdict === 'no'
      ? mayApprove({ from: asked.from, count: 1 }, request.requester, [], { ...self, shared: false }, now)
      : mayApprove(asked, request.requester, request.approvals, self, now);
  const phase = phaseAt(request, now);
  if (may.ok) return ok(undefined);
  // Who may not at all is told so; anybody else first hears that it is too late.
  const isNobody = may.refusal.why === 'self-approval' || may.refusal.why === 'lacks-role';
  if (!isNobody && phase !== 'Pending') return refuse({ why: 'phase', phase, event: 'approve' });
  return refuse({ why: 'approver', refusal: may.refusal });
}

export const noReviewer: RequestRefusal = { why: 'approver', refusal: { why: 'not-a-reviewer' } };

/** What somebody may do with a request now: what a page offers them. */
export interface Standing {
  readonly request: AgentRequest;
  /** It was made by them, or by a program for them. */
  readonly isTheirs: boolean;
  /** Undefined where it waits for nobody any more. */
  readonly mayApprove: Result<undefined, RequestRefusal> | undefined;
  readonly mayDeny: boolean;
  readonly mayCancel: boolean;
  readonly mayConfirm: boolean;
}

export function standingOf(
  caller: Caller,
  request: AgentRequest,
  members: Membership,
  now: EpochMilliseconds,
): Standing {
  const phase = phaseAt(request, now);
  const isTheirs = isPersonBehind(caller, request) || isOwner(caller, request, members);
  const isOpen = phase === 'Pending' || phase === 'Approved';
  const isConfirmed = request.conditions.some(({ type, status }) => type === 'Confirmed' && status === 'True');
  return {
    request,
    isTheirs,
    mayApprove: phase === 'Pending' ? mayDecide(caller, request, 'yes', members, now) : undefined,
    mayDeny: phase === 'Pending' && mayDecide(caller, request, 'no', members, now).ok,
    mayCancel: isTheirs && isOpen,
    mayConfirm:
      isPersonBehind(caller, request) && phase === 'Pending' && !isConfirmed && caller.session?.kind === 'oidc',
  };
}
