import type { Party } from '@keyturn/policy';
import type { EpochMilliseconds, Json, JsonObject, Seconds } from '@keyturn/protocol';
import type { ApprovalsAsked } from '../../http/rooms.ts';
import type { Condition } from './conditions.ts';

/** The life of a request. The last five are its ends, except that an unknown outcome can still be made known. */
export const phases = [
  'Pending',
  'Approved',
  'Executing',
  'Denied',
  'Completed',
  'Failed',
  'Expired',
  'Cancelled',
] as const;
export type Phase = (typeof phases)[number];

/** Whether something can still come of it. */
export function isActive(phase: Phase): boolean {
  return phase === 'Pending' || phase === 'Approved' || phase === 'Executing';
}

/** Whoever asks, as the token said when they did. */
export interface Requester extends Party {
  readonly issuer: string;
  /** What policies saw of them beside their names. */
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly pat?: string | undefined;
}

/** What is asked for: an agent's own action on a target, or the exact call of a tool. */
export interface AskedCall {
  /** `scale-down` of an agent; `tool.call`. */
  readonly action: string;
  readonly targetUri?: string | undefined;
  /** The id of the tool. */
  readonly tool?: string | undefined;
  /** What the approval is bound to beside the id: definition and audience. A tool that has changed has another. */
  readonly toolVersion?: string | undefined;
  /** Canonical. */
  readonly args: JsonObject;
  readonly reason: string;
  /** As policies saw it at `request.spec`. */
  readonly spec?: JsonObject | undefined;
}

/** One person's turn of the key, and what their login proved then. */
export interface Approval extends Party {
  readonly issuer: string;
  readonly at: EpochMilliseconds;
  readonly reason?: string | undefined;
  readonly roles: readonly string[];
  /** Those of them that the token brought: what Keyturn has assigned is looked up again. */
  readonly tokenRoles: readonly string[];
  readonly acr?: string | undefined;
  readonly authTime?: EpochMilliseconds | undefined;
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly pat?: string | undefined;
}

/** One argument that an approver has changed. */
export interface ArgumentChange {
  /** JSON Pointer (RFC 6901) into the arguments. */
  readonly at: string;
  /** Undefined where there was none, or is none any more. */
  readonly from?: Json;
  readonly to?: Json;
}

/** What an approver changed before approving, and who did. */
export interface Edit {
  readonly by: string;
  readonly at: EpochMilliseconds;
  /** The digest of what was asked for at first. */
  readonly formerDigest: string;
  readonly changes: readonly ArgumentChange[];
}

export interface AgentRequest {
  /** `aip-agent-1-x7k2mq4d`: readable, unique, not secret. */
  readonly name: string;
  /** Rises by one with each change; whoever writes says which one they have read. */
  readonly version: number;
  readonly phase: Phase;
  readonly conditions: readonly Condition[];
  /** `api`: the agent itself acts after it was approved. `gate`: Keyturn makes the call when the agent repeats it. */
  readonly via: 'api' | 'gate';
  readonly requester: Requester;
  readonly call: AskedCall;
  /** Of caller, action, target or tool, arguments and policy version. */
  readonly digest: string;
  /** The same without what may change (policy version, definition of the tool): by it a call finds its request. */
  readonly callKey: string;
  readonly policyVersion: string;
  readonly rule?: string | undefined;
  /** Undefined where policy asked for nobody. */
  readonly asked?: ApprovalsAsked | undefined;
  readonly approvals: readonly Approval[];
  readonly edit?: Edit | undefined;
  /** Why it was denied, cancelled or failed, in the words of whoever did. */
  readonly message?: string | undefined;
  /** Only of `Failed`: whether the upstream may have acted. */
  readonly outcomeUnknown: boolean;
  readonly result?: JsonObject | undefined;
  readonly labels: Labels;
  readonly createdAt: EpochMilliseconds;
  readonly updatedAt: EpochMilliseconds;
  /** Pending or Approved, it ends here. Denied, it stands until here. */
  readonly expiresAt: EpochMilliseconds;
  /** Executing, its outcome counts as unknown after this. */
  readonly executingUntil?: EpochMilliseconds | undefined;
}

export interface Labels {
  readonly correlationId?: string | undefined;
  readonly classification?: string | undefined;
  readonly namespace: string;
}

/** How long things may take. */
export interface RequestTimes {
  /** Where a rule does not say: how long people have, and how long an approval is good. */
  readonly within: Seconds;
  /** How long an agent may take for what it does itself. */
  readonly execution: Seconds;
}
