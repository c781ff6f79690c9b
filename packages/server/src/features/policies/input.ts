import type { SafetyInput } from '@keyturn/policy';
import { type EpochMilliseconds, isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { Caller } from '../../http/caller.ts';
import type { Action } from '../../http/rooms.ts';

/** Whether policies judge this: calls of tools, and what agents ask leave for. Roles and permissions judge all else. */
export function isGoverned({ kind, tool }: Action): boolean {
  // A tool that nobody knows is called by nobody: the door says that there is none.
  return kind === 'request.execute' || (kind === 'tool.call' && tool !== undefined);
}

/** A call as policies judge it. */
export function buildInput({ principal, roles, pat }: Caller, action: Action, now: EpochMilliseconds): SafetyInput {
  const { targetUri, args, tool, spec = {} } = action;
  const given = spec['target'];
  const target = isJsonObject(given) ? given : targetUri === undefined ? undefined : { uri: targetUri };
  return {
    principal: {
      issuer: principal.issuer,
      identity: principal.identity,
      subject: principal.subject,
      client: principal.client,
      serviceAccount: principal.serviceAccount,
      roles,
      scopes: principal.scopes,
      claims: principal.claims,
      pat: pat?.id,
      onBehalfOf: personBehind(principal.claims, principal.subject),
    },
    spec: {
      agentIdentity: principal.identity,
      action: action.kind,
      ...(target === undefined ? {} : { target }),
      ...(targetUri === undefined ? {} : { targetURI: targetUri }),
      ...(args === undefined ? {} : { parameters: args }),
      ...spec,
    },
    target,
    tool,
    args: args ?? parametersOf(spec),
    now,
  };
}

function parametersOf(spec: JsonObject): JsonObject | undefined {
  return isJsonObject(spec['parameters']) ? spec['parameters'] : undefined;
}

/** RFC 8693 §4.1: where a token has `act`, its subject is the person and the actor is the agent. */
function personBehind(claims: JsonObject, subject: string | undefined): string | undefined {
  return isJsonObject(claims['act']) ? subject : undefined;
}
