import { hash } from 'node:crypto';
import { canonicalise } from '@keyturn/policy';
import { type EpochMilliseconds, isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { AuditActor, AuditEvent } from '@keyturn/store';
import type { Caller } from '../../http/caller.ts';
import { matchesName } from '../../http/pat-limits.ts';
import type { Action, Remembered } from '../../http/rooms.ts';

/** Tool patterns (`shop/*`) and the names of arguments that may be written in the clear. */
export type RevealedArguments = Readonly<Record<string, readonly string[]>>;

/**
 * The row of a call: who, on whose behalf, what, with what outcome, by which policies. Arguments are written as one hash,
 * by which an approved call and the call that spent it can be told to be the same; in the clear only where a rule says so.
 */
export function buildCallEvent(
  entry: Remembered,
  at: EpochMilliseconds,
  revealed: RevealedArguments,
  delegation: JsonObject | undefined,
): AuditEvent {
  const { caller, action, outcome, reason, requestId, policyVersion, observed, request } = entry;
  const facts: JsonObject = {
    ...(policyVersion === undefined ? {} : { policy_version: policyVersion }),
    ...(observed === undefined ? {} : { observed: [...observed] }),
    ...(request === undefined ? {} : { request }),
    ...(caller.pat === undefined ? {} : { pat: caller.pat.id }),
    ...delegation,
    ...argumentFacts(action, revealed),
  };
  return {
    at,
    kind: action.kind,
    ...principalsOf(caller),
    action: action.kind.slice(action.kind.indexOf('.') + 1),
    ...(action.target === undefined ? {} : { target: action.target }),
    outcome,
    ...(reason === undefined ? {} : { reason }),
    requestId,
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
  };
}

/**
 * Both principals. Where a token has `act` (RFC 8693 §4.1) the actor is the one named there and the subject is whom it acts
 * for; a personal access token acts for its owner through the client that made it.
 */
export function principalsOf({ principal }: Pick<Caller, 'principal'>): Pick<AuditEvent, 'actor' | 'onBehalfOf'> {
  const { identity, client, issuer, claims } = principal;
  const caller: AuditActor = { identity, client, issuer };
  const act = claims['act'];
  if (!isJsonObject(act)) return { actor: caller };
  const named = textOf(act['sub']) ?? textOf(act['azp']) ?? textOf(act['client_id']);
  if (named === undefined) return { actor: caller };
  return { actor: { identity: named, client, issuer: textOf(act['iss']) ?? issuer }, onBehalfOf: caller };
}

function argumentFacts({ args, target = '' }: Action, revealed: RevealedArguments): JsonObject {
  if (args === undefined) return {};
  const names = Object.entries(revealed).flatMap(([pattern, some]) => (matchesName([pattern], target) ? some : []));
  const shown: Record<string, Json> = {};
  for (const name of names) {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    if (value !== undefined)
      shown[name] = typeof value === 'string' && value.length > 200 ? `${value.slice(0, 199)}…` : value;
  }
  return {
    arguments_sha256: hash('sha256', `keyturn/audit-arguments/v1\n${canonicalise(args)}`, 'hex'),
    ...(names.length === 0 ? {} : { arguments: shown }),
  };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
