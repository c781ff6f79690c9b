import { areEnough } from '@keyturn/policy';
import {
  type EpochMilliseconds,
  epochMilliseconds,
  type JsonObject,
  ok,
  type Result,
  refuse,
  unreachable,
} from '@keyturn/protocol';
import { type Condition, withCondition } from './conditions.ts';
import type { AgentRequest, Approval, ArgumentChange, AskedCall, Phase } from './request.ts';

/** Everything that can happen to a request. Who may do it is decided before; whether it is its time, here. */
export type LifeEvent =
  | { readonly type: 'approve'; readonly approval: Approval; readonly edit?: EditedCall }
  | { readonly type: 'deny'; readonly by: string; readonly reason: string }
  | { readonly type: 'cancel'; readonly by: string; readonly reason: string }
  /** What was asked for, or approved, no longer holds. `reason` is CamelCase, `message` a sentence. */
  | { readonly type: 'void'; readonly reason: string; readonly message: string }
  /** The approval is spent. */
  | { readonly type: 'execute'; readonly until: EpochMilliseconds }
  /** Nothing has happened yet, for certain: the approval is good for another try. */
  | { readonly type: 'release'; readonly message: string }
  | { readonly type: 'complete'; readonly message: string; readonly result?: JsonObject }
  | { readonly type: 'fail'; readonly message: string; readonly result?: JsonObject }
  /** Whoever executed is gone, and the upstream may have acted. */
  | { readonly type: 'lose'; readonly message: string }
  | { readonly type: 'confirm'; readonly by: string }
  | { readonly type: 'expire' };

/** What an approver makes of a call before approving it. */
export interface EditedCall {
  readonly call: AskedCall;
  readonly digest: string;
  readonly callKey: string;
  readonly changes: readonly ArgumentChange[];
}

/** It is not the time for this. `phase` is what the request is in now, which the clock may have made Expired. */
export interface LifeRefusal {
  readonly why: 'phase';
  readonly phase: Phase;
  readonly event: LifeEvent['type'];
}

/** From where each event may come. `lose` and what it leaves behind are the only way out of an end. */
const from: Readonly<Record<LifeEvent['type'], readonly Phase[]>> = {
  approve: ['Pending'],
  deny: ['Pending'],
  cancel: ['Pending', 'Approved'],
  void: ['Pending', 'Approved'],
  execute: ['Approved'],
  release: ['Executing'],
  complete: ['Executing'],
  fail: ['Executing'],
  lose: ['Executing'],
  confirm: ['Pending', 'Approved'],
  expire: ['Pending', 'Approved'],
};

/** The phase as the clock has it: what nobody has turned into Expired yet is so all the same. */
export function phaseAt(request: AgentRequest, now: EpochMilliseconds): Phase {
  const { phase, expiresAt } = request;
  return (phase === 'Pending' || phase === 'Approved') && now >= expiresAt ? 'Expired' : phase;
}

/**
 * The request after an event, or why it is not its time. Pure: whoever stores it says by `version` which state it was
 * computed from, so that of two who come at once one is computed again.
 */
export function step(
  request: AgentRequest,
  event: LifeEvent,
  now: EpochMilliseconds,
): Result<AgentRequest, LifeRefusal> {
  const phase = event.type === 'expire' ? request.phase : phaseAt(request, now);
  const isSettling = (event.type === 'complete' || event.type === 'fail') && request.outcomeUnknown;
  const mayCome = from[event.type].includes(phase) || (phase === 'Failed' && isSettling);
  if (!mayCome || (event.type === 'expire' && now < request.expiresAt)) {
    return refuse({ why: 'phase', phase, event: event.type });
  }
  const changed = change(request, event, now);
  return ok({ ...changed, version: request.version + 1, updatedAt: now });
}

function change(request: AgentRequest, event: LifeEvent, now: EpochMilliseconds): AgentRequest {
  const mark = (
    on: AgentRequest,
    type: Condition['type'],
    status: Condition['status'],
    reason: string,
    message: string,
  ): AgentRequest => ({ ...on, conditions: withCondition(on.conditions, { type, status, reason, message }, now) });
  switch (event.type) {
    case 'approve':
      return approved(request, event, now);
    case 'deny': {
      const { reason: message } = event;
      return mark({ ...request, phase: 'Denied', message }, 'Approved', 'False', 'Denied', `${event.by}: ${message}`);
    }
    case 'cancel': {
      const { reason: message } = event;
      const cancelled: AgentRequest = { ...request, phase: 'Cancelled', message };
      return mark(cancelled, 'Cancelled', 'True', 'CancelledBy', `${event.by}: ${message}`);
    }
    case 'void': {
      const { reason, message } = event;
      return mark({ ...request, phase: 'Cancelled', message }, 'Cancelled', 'True', reason, message);
    }
    case 'execute': {
      const executing: AgentRequest = { ...request, phase: 'Executing', executingUntil: event.until };
      return mark(executing, 'Executing', 'True', 'Executing', 'The approval has been spent on this one execution.');
    }
    case 'release': {
      const free: AgentRequest = { ...request, phase: 'Approved', executingUntil: undefined };
      return mark(free, 'Executing', 'False', 'NotReached', event.message);
    }
    case 'complete':
    case 'fail': {
      const done = event.type === 'complete';
      const ended: AgentRequest = {
        ...mark(request, 'Executing', 'False', done ? 'Completed' : 'Failed', event.message),
        phase: done ? 'Completed' : 'Failed',
        message: event.message,
        outcomeUnknown: false,
        executingUntil: undefined,
        ...(event.result === undefined ? {} : { result: event.result }),
      };
      const reason = done ? 'Succeeded' : 'Failed';
      const told = mark(ended, 'Completed', done ? 'True' : 'False', reason, event.message);
      return mark(told, 'Failed', done ? 'False' : 'True', reason, event.message);
    }
    case 'lose': {
      const message = `outcome unknown: ${event.message}`;
      const lost: AgentRequest = {
        ...request,
        phase: 'Failed',
        message,
        outcomeUnknown: true,
        executingUntil: undefined,
      };
      const ended = mark(lost, 'Executing', 'False', 'OutcomeUnknown', message);
      return mark(
        mark(ended, 'Completed', 'Unknown', 'OutcomeUnknown', message),
        'Failed',
        'Unknown',
        'OutcomeUnknown',
        message,
      );
    }
    case 'confirm':
      return mark(
        request,
        'Confirmed',
        'True',
        'ConfirmedByRequester',
        `${event.by} confirmed that they ask for this.`,
      );
    case 'expire': {
      const message =
        request.phase === 'Pending'
          ? 'Not enough people approved in time.'
          : 'It was approved, and not executed in time.';
      return mark({ ...request, phase: 'Expired', message }, 'Expired', 'True', 'TimeIsUp', message);
    }
    default:
      return unreachable(event);
  }
}

/** One more approval; an edited call is approved by its editor alone, since the others have seen another one. */
function approved(
  request: AgentRequest,
  { approval, edit }: LifeEvent & { type: 'approve' },
  now: EpochMilliseconds,
): AgentRequest {
  const asked = request.asked ?? { from: [], count: 1, within: 0 };
  const edited: AgentRequest =
    edit === undefined
      ? { ...request, approvals: [...request.approvals, approval] }
      : {
          ...request,
          call: edit.call,
          digest: edit.digest,
          callKey: edit.callKey,
          approvals: [approval],
          edit: {
            by: approval.identity,
            at: now,
            formerDigest: request.edit?.formerDigest ?? request.digest,
            changes: edit.changes,
          },
        };
  const enough = areEnough(asked, edited.approvals);
  const count = `${edited.approvals.length} of ${asked.count}`;
  const message = enough
    ? `Approved by ${edited.approvals.map(({ identity }) => identity).join(', ')}.`
    : `${count} have approved; the last was ${approval.identity}.`;
  const condition = {
    type: 'Approved',
    status: enough ? 'True' : 'False',
    reason: enough ? 'Approved' : 'WaitingForApprovals',
    message,
  } as const;
  return {
    ...edited,
    phase: enough ? 'Approved' : 'Pending',
    conditions: withCondition(edited.conditions, condition, now),
  };
}

/** How a request begins, by what policy said of it. */
export function begin(
  asked: Omit<
    AgentRequest,
    'version' | 'phase' | 'conditions' | 'approvals' | 'outcomeUnknown' | 'updatedAt' | 'asked' | 'message'
  >,
  decision:
    | { readonly effect: 'allow' }
    | { readonly effect: 'deny'; readonly reason: string }
    | { readonly effect: 'needs-second-key'; readonly reason: string; readonly approvals: AgentRequest['asked'] },
): AgentRequest {
  const { createdAt: now } = asked;
  const fresh = { ...asked, version: 1, approvals: [], outcomeUnknown: false, updatedAt: now } as const;
  const policies = `by policy ${asked.policyVersion}`;
  const conditions = (...list: readonly Omit<Condition, 'lastTransitionTime'>[]): readonly Condition[] =>
    [submitted, ...list].reduce<readonly Condition[]>((all, each) => withCondition(all, each, now), []);
  switch (decision.effect) {
    case 'allow':
      return {
        ...fresh,
        phase: 'Approved',
        conditions: conditions(
          { type: 'PolicyEvaluated', status: 'True', reason: 'Allowed', message: `Allowed ${policies}.` },
          { type: 'RequiresApproval', status: 'False', reason: 'Allowed', message: 'Nobody has to approve this.' },
          { type: 'Approved', status: 'True', reason: 'PolicyAllows', message: `Approved ${policies}.` },
        ),
      };
    case 'deny':
      return {
        ...fresh,
        phase: 'Denied',
        message: decision.reason,
        conditions: conditions(
          { type: 'PolicyEvaluated', status: 'True', reason: 'Denied', message: `Denied ${policies}.` },
          { type: 'Approved', status: 'False', reason: 'PolicyDenies', message: decision.reason },
        ),
      };
    case 'needs-second-key': {
      const count = decision.approvals?.count ?? 1;
      const message = `${count === 1 ? 'One person has' : `${count} people have`} to approve.`;
      return {
        ...fresh,
        phase: 'Pending',
        asked: decision.approvals,
        conditions: conditions(
          { type: 'PolicyEvaluated', status: 'True', reason: 'RequiresApproval', message: decision.reason },
          {
            type: 'RequiresApproval',
            status: 'True',
            reason: asked.rule ?? 'RequiresApproval',
            message: decision.reason,
          },
          { type: 'Approved', status: 'False', reason: 'WaitingForApprovals', message },
        ),
      };
    }
    default:
      return unreachable(decision);
  }
}

const submitted = {
  type: 'RequestSubmitted',
  status: 'True',
  reason: 'Submitted',
  message: 'The request was received.',
} as const;

/** When a request ends by itself. */
export function endOf(now: EpochMilliseconds, within: number): EpochMilliseconds {
  return epochMilliseconds(now + within * 1000);
}
