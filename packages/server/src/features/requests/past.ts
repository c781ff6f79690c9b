import type { SafetyInput } from '@keyturn/policy';
import type { ToolOfAction } from '../../http/rooms.ts';
import type { RequestRepository } from './repository.ts';
import type { AgentRequest } from './request.ts';

/** A request of the past as policies judged it. */
export interface PastRequest {
  readonly name: string;
  readonly input: SafetyInput;
  readonly effect: 'allow' | 'deny' | 'needs-second-key';
  readonly policyVersion: string;
}

/** Gives requests for trying policies on: who asked, for what, when, and what was decided then. Claims are not kept. */
export function openPast(repository: RequestRepository, toolById: (id: string) => ToolOfAction | undefined) {
  return async (range: {
    readonly from: number;
    readonly to: number;
    readonly limit: number;
  }): Promise<readonly PastRequest[]> => {
    const found = await repository.madeWithin(range.from, range.to, range.limit);
    return found.map((request) => ({
      name: request.name,
      input: inputOf(request, request.call.tool === undefined ? undefined : toolById(request.call.tool)),
      effect: effectOf(request),
      policyVersion: request.policyVersion,
    }));
  };
}

function inputOf({ requester, call, createdAt }: AgentRequest, tool: ToolOfAction | undefined): SafetyInput {
  const { action, targetUri, args, spec } = call;
  const target = targetUri === undefined ? undefined : { uri: targetUri };
  return {
    principal: {
      issuer: requester.issuer,
      identity: requester.identity,
      subject: requester.subject,
      client: requester.client,
      serviceAccount: requester.serviceAccount,
      roles: requester.roles,
      scopes: requester.scopes,
      claims: {},
      pat: requester.pat,
      onBehalfOf: requester.actors.length === 0 ? undefined : requester.subject,
    },
    spec: spec ?? {
      agentIdentity: requester.identity,
      action,
      parameters: args,
      ...(target === undefined ? {} : { target, targetURI: targetUri }),
    },
    target,
    tool,
    args,
    now: createdAt,
  };
}

/** What policy said when the request was made, whatever became of it. */
function effectOf({ asked, conditions }: AgentRequest): PastRequest['effect'] {
  if (asked !== undefined) return 'needs-second-key';
  return conditions.some(({ type, reason }) => type === 'PolicyEvaluated' && reason === 'Denied') ? 'deny' : 'allow';
}
