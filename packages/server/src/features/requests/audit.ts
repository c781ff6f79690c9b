import type { AuditActor, AuditEvent } from '@keyturn/store';
import type { LifeEvent } from './life.ts';
import type { AgentRequest } from './request.ts';

/** What Keyturn does by itself: the clock, a revocation, a crash found out. */
export const byKeyturn: AuditActor = { identity: 'keyturn' };

/**
 * One change of a request. It holds the digest and never the arguments; `onBehalfOf` is the person for whom an agent
 * asks, where the token says so.
 */
export function changeEvent(
  before: AgentRequest | undefined,
  next: AgentRequest,
  what: LifeEvent['type'] | 'create',
  actor: AuditActor,
): AuditEvent {
  const { requester } = next;
  const isDelegated = requester.actors.length > 0 && requester.subject !== undefined;
  return {
    kind: `request.${what}`,
    actor,
    action: what,
    target: next.name,
    outcome: 'allowed',
    at: next.updatedAt,
    ...(isDelegated ? { onBehalfOf: { identity: requester.subject, issuer: requester.issuer } } : {}),
    facts: {
      from: before?.phase ?? null,
      to: next.phase,
      digest: next.digest,
      policy_version: next.policyVersion,
      action: next.call.action,
      target: next.call.targetUri ?? null,
      ...(next.rule === undefined ? {} : { rule: next.rule }),
      ...(what === 'approve' ? { approvals: next.approvals.length } : {}),
      ...(what === 'approve' ? stepUpFacts(next) : {}),
      ...(next.edit === undefined ? {} : { former_digest: next.edit.formerDigest }),
    },
  };
}

function stepUpFacts({ approvals }: AgentRequest): { readonly acr?: string; readonly auth_time?: number } {
  const { acr, authTime } = approvals.at(-1) ?? {};
  return {
    ...(acr === undefined ? {} : { acr }),
    ...(authTime === undefined ? {} : { auth_time: Math.floor(authTime / 1000) }),
  };
}
