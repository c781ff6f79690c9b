import { unreachable } from '@keyturn/protocol';
import type { Problem } from './problem.ts';
import type { AskedRequest, SecondKeyRefusal } from './rooms.ts';

/** What a caller sees of the third room. A call that waits for people is no error: 202, and where to look. */
export function explainSecondKey(refusal: SecondKeyRefusal): Problem {
  switch (refusal.why) {
    case 'second-key-needed':
      return {
        status: 202,
        code: 'approval_required',
        title: 'People have to approve this call',
        detail: `${refusal.reason} The request ${refusal.request.name} waits for them; send the same call again once it is approved.`,
        ...factsOf(refusal.request),
      };
    case 'request-denied':
      return {
        status: 403,
        code: 'approval_denied',
        title: 'People have denied this call',
        detail: `${refusal.reason} The same call can be asked for again after the request ${refusal.request.name} has expired.`,
        ...factsOf(refusal.request),
      };
    case 'call-under-way': {
      const { facts, headers } = factsOf(refusal.request);
      return {
        status: 409,
        code: 'call_under_way',
        title: 'This very call is being made',
        detail: `The approval of ${refusal.request.name} is being spent by another call with the same arguments.`,
        facts,
        headers: { ...headers, 'retry-after': '1' },
      };
    }
    case 'outcome-unknown':
      return {
        status: 409,
        code: 'outcome_unknown',
        title: 'Nobody knows what became of this call',
        detail: `An earlier call with the same arguments (${refusal.request.name}) may have reached the upstream. Look there, then say what happened: POST ${refusal.request.url}/completed or /failed.`,
        ...factsOf(refusal.request),
      };
    case 'call-edited': {
      const { facts, headers } = factsOf(refusal.request);
      return {
        status: 409,
        code: 'approval_edited',
        title: 'People have approved another form of this call',
        detail: `An approver of ${refusal.request.name} has changed the arguments: call with those in “arguments”, or cancel the request and ask again.`,
        facts: { ...facts, arguments: refusal.args, difference: refusal.changes },
        headers,
      };
    }
    case 'too-many-pending':
      return {
        status: 429,
        code: 'too_many_requests',
        title: 'Too many requests of yours wait for people',
        detail: `At most ${refusal.limit} requests of one agent may be pending (requests.maxPendingPerAgent). Cancel some, or wait.`,
        facts: { limit: refusal.limit },
        headers: { 'retry-after': String(Math.max(1, Math.ceil(refusal.retryAfter))) },
      };
    case 'nobody-to-ask':
      return {
        status: 403,
        code: 'second_key_needed',
        title: 'A second person has to turn their key',
        detail: refusal.reason,
      };
    default:
      return unreachable(refusal);
  }
}

function factsOf({ name, url, expiresAt }: AskedRequest) {
  return {
    facts: { request: name, expires_at: new Date(expiresAt).toISOString() },
    headers: { location: url },
  };
}
