import { explainRbacRefusal, type RbacRefusal } from '@keyturn/policy/rbac';
import { unreachable } from '@keyturn/protocol';
import type { ErrorCode } from '../../errors.ts';
import type { Problem } from '../../http/problem.ts';
import { invalidRequest } from '../../http/problem.ts';
import type { CommitRefusal } from './keeper.ts';

/** Why a request about roles was turned down. */
export type RbacRuleRefusal =
  | CommitRefusal
  | { readonly why: 'mapped'; readonly role: string; readonly pattern: string }
  | { readonly why: 'unknown-role'; readonly role: string }
  | { readonly why: 'others' }
  | { readonly why: 'no-session' }
  | { readonly why: 'no-subject' }
  | { readonly why: 'bad-query'; readonly field: string; readonly message: string }
  | { readonly why: 'unknown-review' }
  | { readonly why: 'unknown-item' }
  | { readonly why: 'not-reviewer' }
  | { readonly why: 'own-item' }
  | { readonly why: 'review-closed' }
  | { readonly why: 'item-gone' }
  | { readonly why: 'past-deadline' }
  | { readonly why: 'undecided'; readonly open: number };

/** What the caller sees. */
export function explainRule(refusal: RbacRuleRefusal): Problem {
  switch (refusal.why) {
    case 'rbac':
      return {
        ...problemOf(refusal.refusal),
        detail: explainRbacRefusal(refusal.refusal),
        facts: { change: JSON.parse(JSON.stringify(refusal.change)), ...factsOf(refusal.refusal) },
      };
    case 'stale':
      return {
        status: 409,
        code: 'rbac_plan_stale',
        title: 'The plan is out of date',
        detail: 'Roles have been changed since it was made. Plan again, and look at it again.',
        facts: { version: refusal.version },
      };
    case 'mapped':
      return {
        status: 409,
        code: 'role_mapped',
        title: 'Groups are mapped to this role',
        detail: `rbac.groupToRole gives the role ${refusal.role} to ${refusal.pattern}. Take it out of the setting first.`,
        facts: { role: refusal.role, group: refusal.pattern },
      };
    case 'unknown-role':
      return {
        status: 404,
        code: 'unknown_in_rbac',
        title: 'There is no such thing',
        detail: explainRbacRefusal(refusal),
      };
    case 'others':
      return {
        status: 403,
        code: 'forbidden',
        title: 'You may not do this',
        detail: 'What others may do is for those with the permission rbac.view. Leave out user to ask about yourself.',
        facts: { required_permission: 'rbac.view' },
      };
    case 'no-session':
      return {
        status: 409,
        code: 'no_role_session',
        title: 'This token belongs to no session',
        detail:
          'Which roles are active can be chosen in a login or with a personal access token. This token is of neither.',
      };
    case 'no-subject':
      return {
        status: 403,
        code: 'token_without_subject',
        title: 'The token does not say whose it is',
        detail: 'The access token has no sub. Keycloak leaves it out where the client lacks the scope basic.',
      };
    case 'bad-query':
      return invalidRequest([{ field: refusal.field, message: refusal.message }]);
    case 'unknown-review':
    case 'unknown-item':
      return {
        status: 404,
        code: 'unknown_review',
        title: 'There is no such access review',
        detail: 'No access review that you may see has this id, or it has no such item.',
      };
    case 'not-reviewer':
      return {
        status: 403,
        code: 'not_a_reviewer',
        title: 'You are not a reviewer',
        detail: 'Only the reviewers of this access review decide in it.',
      };
    case 'own-item':
      return {
        status: 403,
        code: 'own_access',
        title: 'This is your own access',
        detail: 'Nobody decides on their own roles: another reviewer has to.',
      };
    case 'review-closed':
    case 'past-deadline':
      return {
        status: 409,
        code: 'review_closed',
        title: 'The access review is closed',
        detail: 'Nothing can be decided in it any more. Its evidence can be exported.',
      };
    case 'item-gone':
      return {
        status: 409,
        code: 'review_item_gone',
        title: 'The user does not have this role any more',
        detail:
          'It was taken away since the review began, or its user was. There is nothing to decide; the evidence will say so.',
      };
    case 'undecided':
      return {
        status: 409,
        code: 'review_undecided',
        title: 'Not everything is decided',
        detail: `${refusal.open} items are open and the deadline has not come. Decide them, or close with force.`,
        facts: { open: refusal.open },
      };
    default:
      return unreachable(refusal);
  }
}

function problemOf(refusal: RbacRefusal): { status: number; code: ErrorCode; title: string } {
  switch (refusal.why) {
    case 'malformed-name':
    case 'malformed-permission':
    case 'bad-cardinality':
      return { status: 400, code: 'invalid_request', title: 'The request does not fit its schema' };
    case 'unknown-user':
    case 'unknown-role':
    case 'unknown-session':
    case 'not-session-owner':
    case 'unknown-set':
    case 'not-assigned':
    case 'not-granted':
    case 'not-inherited':
    case 'role-not-in-set':
    case 'not-active':
      return { status: 404, code: 'unknown_in_rbac', title: 'There is no such thing' };
    case 'user-exists':
    case 'role-exists':
    case 'session-exists':
    case 'set-exists':
    case 'already-assigned':
    case 'already-granted':
    case 'already-active':
    case 'already-inherits':
    case 'role-in-set':
      return { status: 409, code: 'already_so', title: 'It is so already' };
    case 'not-authorized':
      return { status: 403, code: 'role_not_authorized', title: 'The user is not authorised for this role' };
    case 'cycle':
      return { status: 409, code: 'role_cycle', title: 'Roles cannot inherit in a circle' };
    case 'ssd':
    case 'dsd':
      return { status: 409, code: 'separation_of_duty', title: 'Separation of duty forbids it' };
    default:
      return unreachable(refusal);
  }
}

function factsOf(refusal: RbacRefusal): { set?: string; roles?: string[]; path?: string[] } {
  if (refusal.why === 'ssd' || refusal.why === 'dsd') return { set: refusal.set, roles: [...refusal.roles] };
  return refusal.why === 'cycle' ? { path: [...refusal.path] } : {};
}
