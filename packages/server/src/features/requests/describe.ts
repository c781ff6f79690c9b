import type { EpochMilliseconds } from '@keyturn/protocol';
import { urlOfRequest } from './gate.ts';
import { phaseAt } from './life.ts';
import type { AgentRequest } from './request.ts';

/**
 * A request as the gateway shows it: the members of seed 001 first, then Keyturn's own. Texts of agents and reviewers
 * are in it as they were given: whoever shows them shows text.
 */
export function describeRequest(request: AgentRequest, now: EpochMilliseconds): Record<string, unknown> {
  const { call, requester, labels, asked, approvals, edit } = request;
  const phase = phaseAt(request, now);
  const at = (moment: EpochMilliseconds): string => new Date(moment).toISOString();
  return {
    name: request.name,
    phase,
    conditions: request.conditions,
    ...(phase === 'Denied'
      ? {
          denial: {
            code: approvalDenied(request) ? 'APPROVAL_DENIED' : 'POLICY_VIOLATION',
            message: request.message ?? '',
          },
        }
      : {}),
    agentIdentity: requester.identity,
    action: call.action,
    targetURI: call.targetUri ?? null,
    reason: call.reason,
    parameters: call.args,
    ...(call.tool === undefined ? {} : { tool: call.tool }),
    labels: {
      namespace: labels.namespace,
      ...(labels.correlationId === undefined ? {} : { correlationID: labels.correlationId }),
      ...(labels.classification === undefined ? {} : { classification: labels.classification }),
    },
    requester: {
      identity: requester.identity,
      ...(requester.subject === undefined ? {} : { subject: requester.subject }),
      ...(requester.client === undefined ? {} : { client: requester.client }),
      ...(requester.actors.length === 0 ? {} : { actors: requester.actors }),
    },
    policy: { version: request.policyVersion, ...(request.rule === undefined ? {} : { rule: request.rule }) },
    digest: request.digest,
    ...(asked === undefined
      ? {}
      : {
          approvals: {
            required: asked.count,
            from: asked.from,
            ...(asked.acr === undefined ? {} : { acr: asked.acr }),
            given: approvals.map((approval) => ({
              approver: approval.identity,
              at: at(approval.at),
              ...(approval.reason === undefined ? {} : { reason: approval.reason }),
              ...(approval.acr === undefined ? {} : { acr: approval.acr }),
              ...(approval.authTime === undefined ? {} : { authTime: at(approval.authTime) }),
            })),
          },
        }),
    ...(edit === undefined
      ? {}
      : { edit: { by: edit.by, at: at(edit.at), formerDigest: edit.formerDigest, difference: edit.changes } }),
    ...(request.message === undefined ? {} : { message: request.message }),
    ...(request.outcomeUnknown ? { outcome: 'unknown' } : {}),
    ...(request.result === undefined ? {} : { result: request.result }),
    url: urlOfRequest(request.name),
    version: request.version,
    createdAt: at(request.createdAt),
    updatedAt: at(request.updatedAt),
    expiresAt: at(request.expiresAt),
  };
}

function approvalDenied({ asked }: AgentRequest): boolean {
  return asked !== undefined;
}
