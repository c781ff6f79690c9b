import type { ApproverRefusal } from '@keyturn/policy';
import { unreachable } from '@keyturn/protocol';
import { bearerChallenge } from '@keyturn/verify';
import type { ErrorCode } from '../../errors.ts';
import { invalidRequest, type FieldFault, type Problem } from '../../http/problem.ts';
import type { LifeRefusal } from './life.ts';
import type { Phase } from './request.ts';

/** Why the gateway does not do what it was asked. */
export type RequestRefusal =
  | { readonly why: 'not-an-agent' }
  | { readonly why: 'identity-mismatch'; readonly claimed: string }
  | { readonly why: 'unknown-request'; readonly name: string }
  | { readonly why: 'not-yours' }
  /** Only a browser's session proves that a person is there. */
  | { readonly why: 'browser-only' }
  | { readonly why: 'nothing-to-see' }
  | { readonly why: 'approver'; readonly refusal: ApproverRefusal }
  | LifeRefusal
  /** It was executed by Keyturn when the agent repeated the call, so that the agent has nothing to say of it. */
  | { readonly why: 'not-by-hand' }
  | { readonly why: 'void'; readonly message: string }
  | { readonly why: 'policy-denies'; readonly reason: string }
  | { readonly why: 'too-many-pending'; readonly limit: number; readonly retryAfter: number }
  | { readonly why: 'bad-edit'; readonly faults: readonly FieldFault[] }
  | { readonly why: 'edit-taken' }
  | { readonly why: 'bad-query'; readonly faults: readonly FieldFault[] }
  | { readonly why: 'changed-meanwhile' };

/** The one place where they become what the caller sees. The member `error` has the words of seed 001's gateway. */
export function explainRequestRefusal(refusal: RequestRefusal): Problem {
  switch (refusal.why) {
    case 'not-an-agent':
      return forbidden(
        'agent_role_required',
        'agent role required',
        'The identity in the token is not in requests.agentSubjects, and its roles are none of requests.agentRoles.',
      );
    case 'identity-mismatch':
      return forbidden(
        'identity_mismatch',
        'IDENTITY_MISMATCH: agentIdentity is not the identity in the token',
        'The identity comes from the token. Leave agentIdentity out of the body, or give the one that the token has.',
      );
    case 'unknown-request':
      return {
        status: 404,
        code: 'unknown_request',
        title: 'There is no such request',
        detail: `AgentRequest ${refusal.name} not found: it is not there, or it is not for you to see.`,
        facts: { error: `AgentRequest ${refusal.name} not found` },
      };
    case 'not-yours':
      return forbidden(
        'not_your_request',
        'forbidden: only the creating agent may transition this request',
        'Only whoever asked may execute, complete or cancel a request.',
      );
    case 'browser-only':
      return forbidden(
        'browser_session_required',
        'forbidden: a person confirms in their own browser',
        'Open the address of the request in a browser and log in there. A token proves nobody’s presence: the agent has one too.',
      );
    case 'nothing-to-see':
      return forbidden(
        'agent_role_required',
        'agent or reviewer role required',
        'Agents see their own requests, reviewers all.',
      );
    case 'approver':
      return explainApprover(refusal.refusal);
    case 'phase':
      return explainPhase(refusal);
    case 'not-by-hand':
      return conflict(
        'request_phase',
        'this request is executed by repeating the call',
        'Send the same tool call again: Keyturn makes it and says what became of it.',
      );
    case 'void':
      return conflict('request_void', `the approval is void: ${refusal.message}`, refusal.message);
    case 'policy-denies':
      return forbidden('forbidden', 'POLICY_VIOLATION: the policies deny this now', refusal.reason);
    case 'too-many-pending':
      return {
        status: 429,
        code: 'too_many_requests',
        title: 'Too many requests of yours wait for people',
        detail: `At most ${refusal.limit} requests of one agent may be pending (requests.maxPendingPerAgent). Cancel some, or wait.`,
        facts: { limit: refusal.limit, error: 'RATE_LIMITED: too many pending requests' },
        headers: { 'retry-after': String(refusal.retryAfter) },
      };
    case 'bad-edit':
      return { ...invalidRequest(refusal.faults), title: 'The edited arguments do not fit' };
    case 'edit-taken':
      return conflict(
        'request_phase',
        'another request for exactly this call is active',
        'What the edit would make of the call is asked for by another request. Approve that one.',
      );
    case 'bad-query':
      return invalidRequest(refusal.faults);
    case 'changed-meanwhile':
      return conflict(
        'changed_meanwhile',
        'the request was changed by others at the same moment',
        'Read the request again, and decide on what it is now.',
      );
    default:
      return unreachable(refusal);
  }
}

function explainPhase({ event, phase }: LifeRefusal): Problem {
  const needed: Readonly<Record<LifeRefusal['event'], readonly [verb: string, phases: string]>> = {
    approve: ['approve/deny', 'Pending'],
    deny: ['approve/deny', 'Pending'],
    cancel: ['cancel', 'Pending or Approved'],
    void: ['void', 'Pending or Approved'],
    execute: ['execute', 'Approved'],
    release: ['release', 'Executing'],
    complete: ['complete', 'Executing'],
    fail: ['fail', 'Executing'],
    lose: ['give up', 'Executing'],
    confirm: ['confirm', 'Pending or Approved'],
    expire: ['expire', 'Pending or Approved'],
  };
  const [verb, phases] = needed[event];
  const error = `request is in phase "${phase}" — can only ${verb} when ${phases}`;
  return { ...conflict('request_phase', error, `The ${error}.`), facts: { error, phase } };
}

function explainApprover(refusal: ApproverRefusal): Problem {
  switch (refusal.why) {
    case 'not-a-reviewer':
      return forbidden(
        'reviewer_role_required',
        'reviewer role required',
        'The identity in the token is not in requests.reviewerSubjects, and its roles are none of requests.reviewerRoles.',
      );
    case 'self-approval':
      return forbidden(
        'self_approval',
        'forbidden: self-approval not permitted',
        {
          'same-identity': 'Whoever asks cannot approve, by whatever client or spelling.',
          'same-client': 'Whoever asks and whoever approves came by the same client, as itself.',
          'acts-for': 'One of you acts for the other.',
          'same-owner': 'One of you owns the client or the token of the other, or both belong to one person.',
        }[refusal.overlap],
      );
    case 'approved-already':
      return conflict('approved_already', 'you have approved this request', 'Another person has to turn the next key.');
    case 'same-as-approver':
      return forbidden(
        'self_approval',
        'forbidden: approvers must be different people',
        'You are, act for, or belong to somebody who has approved this request.',
      );
    case 'lacks-role':
      return {
        ...forbidden(
          'reviewer_role_required',
          'reviewer role required',
          `The rule asks for an approver with one of the roles ${refusal.from.join(', ')}.`,
        ),
        facts: { error: 'reviewer role required', required_roles: [...refusal.from] },
      };
    case 'shared-credential':
      return forbidden(
        'shared_credential',
        'forbidden: a shared credential may not approve',
        'A personal access token or a client’s own account may be in several hands. An operator can allow it by name (requests.reviewerSubjects, requests.sharedApprovers).',
      );
    case 'step-up': {
      const { acr, maxAge } = refusal;
      const asked = [
        ...(acr === undefined ? [] : [`acr_values="${acr.replaceAll(/[^\x21-\x7e]|["\\]/g, '')}"`]),
        ...(maxAge === undefined ? [] : [`max_age="${maxAge}"`]),
      ];
      // RFC 9470 §3.
      const challenge = `${bearerChallenge({
        status: 401,
        error: 'insufficient_user_authentication',
        description: 'The rule asks for a stronger or a fresher login',
      })}, ${asked.join(', ')}`;
      return {
        status: 401,
        code: 'step_up_required',
        title: 'Log in again, more strongly',
        detail: `This approval needs a login${acr === undefined ? '' : ` with acr ${acr}`}${maxAge === undefined ? '' : ` not older than ${maxAge} s`}.`,
        facts: {
          error: 'insufficient_user_authentication',
          ...(acr === undefined ? {} : { acr_values: acr }),
          ...(maxAge === undefined ? {} : { max_age: maxAge }),
        },
        headers: { 'www-authenticate': challenge },
      };
    }
    default:
      return unreachable(refusal);
  }
}

function forbidden(code: ErrorCode, error: string, detail: string): Problem {
  return { status: 403, code, title: sentence(error), detail: `${error}. ${detail}`, facts: { error } };
}

function conflict(code: ErrorCode, error: string, detail: string): Problem {
  return { status: 409, code, title: sentence(error), detail, facts: { error } };
}

function sentence(error: string): string {
  return error.charAt(0).toUpperCase() + error.slice(1);
}

/** For the log and for tests: whether a phase is an end. */
export function isEnd(phase: Phase): boolean {
  return phase !== 'Pending' && phase !== 'Approved' && phase !== 'Executing';
}
