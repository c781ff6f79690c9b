import { areEnough } from '@keyturn/policy';
import type { EpochMilliseconds } from '@keyturn/protocol';
import type { ApprovalsAsked, Decision } from '../../http/rooms.ts';
import type { Membership } from './membership.ts';
import type { AgentRequest, Approval } from './request.ts';

/**
 * The roles that somebody has now, as far as that can be known without them (Keyturn's own assignments, the identity
 * provider's admin API); undefined where nobody can say, and then their login stands for it. `gone`: they are nobody here
 * any more, so that no list makes them a reviewer either.
 */
export type RolesNow = (who: {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly identity: string;
  readonly tokenRoles: readonly string[];
  /** When they approved. */
  readonly at: EpochMilliseconds;
}) => Promise<readonly string[] | 'gone' | undefined>;

/** Why an approval is worth nothing any more. `reason` is CamelCase, for the condition. */
export interface VoidReason {
  readonly reason: 'PolicyDenies' | 'PolicyChanged' | 'TargetChanged' | 'ApproverLostRole' | 'AgentLostRole';
  readonly message: string;
}

/**
 * Whether what people approved still counts for what policy says now. Asked right before it is spent: the decision is of
 * this moment, and the approvers are looked at again.
 */
export async function stillHolds(
  request: AgentRequest,
  now: { readonly decision: Decision; readonly digest: string; readonly toolVersion: string | undefined },
  members: Membership,
  rolesNow: RolesNow,
): Promise<VoidReason | undefined> {
  const { decision } = now;
  if (decision.effect === 'deny') return { reason: 'PolicyDenies', message: decision.reason };
  if (request.call.toolVersion !== now.toolVersion) {
    return { reason: 'TargetChanged', message: 'The tool is not the one that was approved.' };
  }
  if (request.digest !== now.digest) {
    return { reason: 'PolicyChanged', message: 'The policies are not those that asked for the approval.' };
  }
  if (request.asked === undefined) return undefined;
  // A rule may ask for more than it did; what it asked for then is the least.
  const rules = [request.asked, ...(decision.effect === 'needs-second-key' ? [decision.approvals] : [])];
  const standing: Approval[] = [];
  for (const approval of request.approvals) {
    const now = await rolesNow(approval);
    if (now === 'gone') continue;
    const roles = rolesOfReviewer(approval.identity, now ?? approval.roles, members);
    standing.push({ ...approval, roles });
  }
  if (rules.every((asked) => areEnough(asReviewers(asked), standing))) return undefined;
  const names = request.approvals.map(({ identity }) => identity).join(', ');
  return { reason: 'ApproverLostRole', message: `Not all of ${names} may approve this any more.` };
}

/** The role that whoever reviews has for rules: by a subject list, or by a role that is mapped to it. */
export const reviewerRole = 'reviewer';

/** The roles of somebody, with `reviewer` if they are one now and without it if they are not. */
export function rolesOfReviewer(identity: string, roles: readonly string[], members: Membership): readonly string[] {
  const isOne =
    members.reviewerSubjects.includes(identity) || members.reviewerRoles.some((role) => roles.includes(role));
  const others = roles.filter((role) => role !== reviewerRole || members.reviewerRoles.includes(role));
  return isOne ? [...new Set([...others, reviewerRole])] : others;
}

/** A rule that names no role asks for reviewers. */
export function asReviewers(asked: ApprovalsAsked): ApprovalsAsked {
  return asked.from.length === 0 ? { ...asked, from: [reviewerRole] } : asked;
}
