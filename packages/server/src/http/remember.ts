import type { Clock, JsonObject } from '@keyturn/protocol';
import type { Audit } from '@keyturn/store';
import type { Action, Remembered } from './rooms.ts';

/**
 * The room "remember": one row a call, durable before the answer leaves. `delegationOf` says for whom an upstream token was
 * made out and who acted for whom, where one was asked for.
 */
export function rememberIn(
  audit: Audit,
  clock: Clock,
  delegationOf: (action: Action) => JsonObject | undefined,
): (entry: Remembered) => Promise<void> {
  return ({ caller, action, outcome, reason, requestId, policyVersion, request }) => {
    const { identity, issuer, client } = caller.principal;
    const facts: JsonObject = {
      ...(policyVersion === undefined ? {} : { policy_version: policyVersion }),
      ...(request === undefined ? {} : { request }),
      ...delegationOf(action),
    };
    return audit.record({
      at: clock(),
      kind: action.kind,
      actor: { identity, issuer, ...(client === undefined ? {} : { client }) },
      action: action.kind.slice(action.kind.indexOf('.') + 1),
      ...(action.target === undefined ? {} : { target: action.target }),
      outcome,
      ...(reason === undefined ? {} : { reason }),
      requestId,
      ...(Object.keys(facts).length === 0 ? {} : { facts }),
    });
  };
}
