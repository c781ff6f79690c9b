import type { ToolInput } from '@keyturn/policy';
import { type EpochMilliseconds, type JsonObject, ok, type Result, refuse, type Seconds } from '@keyturn/protocol';
import type { Bearer } from './bearer.ts';
import type { Caller } from './caller.ts';
import { goOn, type Soon } from './soon.ts';

/**
 * The six rooms that every call goes through, in this order: who → may they → two keys → next hop → do it → remember.
 *
 * The order is held by types, not by discipline: `Permitted` can only come from `mayThey`, `Approved` only from
 * `twoKeys`, and whoever wants a token for the next hop or calls an upstream must show an `Approved`. Which decision
 * each room makes is filled in by compose.ts; a room with nothing in it yet is an explicit allow there.
 */

/** The doors: each accepts tokens for its own audience only. `edge` answers for services behind a proxy. */
export type Resource = 'rest' | 'mcp' | 'edge';

/** From where a credential came, and for which service, where the door has several. */
export interface Presentation {
  readonly address: string | undefined;
  readonly audience?: string | undefined;
}

/** What the caller wants to do, as policy judges it and the audit records it. */
export interface Action {
  /** For example `tool.call`, `source.register`. */
  readonly kind: string;
  /** What it is done to: a tool id, a source id. */
  readonly target?: string;
  /** The role without which nobody may. */
  readonly needsRole?: string;
  /** The permission without which nobody may, `content.publish@page:7`; where a role is named as well, either will do. */
  readonly needsPermission?: string;
  /** Of `tool.call`: which tool, as policies see it. */
  readonly tool?: ToolOfAction;
  /**
   * The arguments of a call, in canonical form (RFC 8785): sorted once, here, and the outbound request is built from
   * these very values, so that what was approved is what is sent.
   */
  readonly args?: JsonObject;
  /** What it is done to, as a URI: `tool://source/operation` of a tool, the target of an agent's request. */
  readonly targetUri?: string;
  /** Of `request.execute`: what an agent asks leave for (`action`, `target.uri`, `reason`, …), as policies see it at `request.spec`. */
  readonly spec?: JsonObject;
}

/** The tool of a call: as policies see it, with what approvals are bound to. */
export interface ToolOfAction extends ToolInput {
  /** Of its definition: a tool that has changed is another tool to those who approved it. */
  readonly hash: string;
  /** For whom the upstream token will be made out; undefined where the caller's own would be passed on. */
  readonly audience: string | undefined;
}

/** What the second room says. `policyVersion` names the policies that decided; it goes into digest and audit. */
export type Decision = (
  | { readonly effect: 'allow' }
  | { readonly effect: 'deny'; readonly reason: string }
  | {
      readonly effect: 'needs-second-key';
      readonly reason: string;
      /** The name of the rule that asks. */
      readonly rule: string;
      readonly approvals: ApprovalsAsked;
    }
) & {
  readonly policyVersion?: string;
  /** For the audit: what rules of policies that only watch would have said, as `guard@2/menus: Deny`. */
  readonly observed?: readonly string[];
};

/** Whose keys a rule asks for: `config.approvals` of a SafetyPolicy. */
export interface ApprovalsAsked {
  /** Roles, of which each approver must have one. Empty: whoever is a reviewer. */
  readonly from: readonly string[];
  /** How many different people. */
  readonly count: number;
  /** The authentication context that approvers must have logged in with. RFC 9470. */
  readonly acr?: string;
  /** How long ago their login may lie (`auth_time`). RFC 9470. */
  readonly maxAge?: Seconds;
  /** Counted from the request: after it, nobody can approve any more and an approval is worth nothing. */
  readonly within: Seconds;
}

declare const stage: unique symbol;
export interface Permitted {
  readonly [stage]: 'permitted';
  readonly caller: Caller;
  readonly action: Action;
  readonly decision: Decision;
}
export interface Approved {
  readonly [stage]: 'approved';
  readonly caller: Caller;
  readonly action: Action;
  /** Set where people had to turn their keys: the request that this call spends. */
  readonly turned?: TurnedKey;
}

/** An approval that has been spent on exactly one call, by one conditional update. */
export interface TurnedKey {
  /** The name of the agent request. */
  readonly request: string;
}

/** The request by which people are asked, as whoever has to wait for it is told. */
export interface AskedRequest {
  readonly name: string;
  /** Where its state can be read. */
  readonly url: string;
  readonly expiresAt: EpochMilliseconds;
}

/** Why the third room does not let a call through. */
export type SecondKeyRefusal =
  /** People have been asked, or are being asked already. The same call again, after they approved, goes through once. */
  | { readonly why: 'second-key-needed'; readonly reason: string; readonly request: AskedRequest }
  /** People were asked and said no, and that stands until `request.expiresAt`. */
  | { readonly why: 'request-denied'; readonly reason: string; readonly request: AskedRequest }
  /** Another call is spending the approval at this moment. */
  | { readonly why: 'call-under-way'; readonly request: AskedRequest }
  /** An earlier one of exactly this call may have reached the upstream, and nobody has said yet what became of it. */
  | { readonly why: 'outcome-unknown'; readonly request: AskedRequest }
  /** An approver has changed the arguments: what is approved is another call, which the caller may make instead. */
  | {
      readonly why: 'call-edited';
      readonly request: AskedRequest;
      readonly args: JsonObject;
      readonly changes: readonly JsonObject[];
    }
  | { readonly why: 'too-many-pending'; readonly limit: number; readonly retryAfter: Seconds }
  /** Nobody can be asked: the feature `requests` is off. */
  | { readonly why: 'nobody-to-ask'; readonly reason: string };

/**
 * What became of an approved call. `unknown`: it may have reached the upstream. `not-reached`: it certainly has not, and
 * the approval is good for another try.
 */
export type Outcome = 'completed' | 'failed' | 'unknown' | 'not-reached';

/** What the action named. */
type Needs = Pick<Action, 'needsRole' | 'needsPermission'>;

export type RoomRefusal<Who, Hop> =
  | { readonly room: 'who'; readonly refusal: Who }
  | ({
      readonly room: 'may-they';
      readonly why: 'forbidden';
      readonly reason: string;
      /** For the audit: which policies decided, where policies did. */
      readonly policyVersion?: string;
    } & Needs)
  | ({ readonly room: 'two-keys' } & SecondKeyRefusal)
  | { readonly room: 'next-hop'; readonly refusal: Hop };

/** The bearer credential for an upstream. */
export interface UpstreamCredential {
  readonly bearer: Bearer;
  /** Kept from an earlier call, so that the upstream may have stopped accepting it since. */
  readonly fromCache: boolean;
}

export interface HopTarget {
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** What compose.ts fills the rooms with. Every part answers; none may be left out. */
export interface RoomParts<Who, Hop> {
  /** verify: the token is genuine, for this resource, alive and not revoked. */
  readonly identify: (bearer: Bearer, resource: Resource, presented: Presentation) => Soon<Result<Caller, Who>>;
  /** policy: allow, deny, or allow with a second key. */
  readonly decide: (caller: Caller, action: Action) => Soon<Decision>;
  /** approvals: spends what people have approved of exactly this call, else asks them. */
  readonly secondKey: (permitted: Permitted) => Promise<Result<TurnedKey, SecondKeyRefusal>>;
  /** Says what became of a call that spent an approval. */
  readonly settle: (turned: TurnedKey, outcome: Outcome, note: string | undefined) => Promise<void>;
  /** exchange: a token for the upstream's audience, as the caller. */
  readonly exchange: (approved: Approved, target: HopTarget) => Soon<Result<UpstreamCredential, Hop>>;
  /** Drops what `exchange` keeps for this caller and audience: the upstream has refused it. */
  readonly forget: (approved: Approved, target: HopTarget) => void;
  /** audit: durable before the answer leaves. */
  readonly remember: (entry: Remembered) => Promise<void>;
}

/** One row of the audit: who did what, with what outcome. */
export interface Remembered {
  readonly caller: Caller;
  readonly action: Action;
  readonly outcome: 'allowed' | 'refused' | 'failed';
  readonly reason?: string;
  readonly requestId: string;
  /** Which policies decided; undefined where none was asked. */
  readonly policyVersion?: string;
  /** What policies that only watch would have said. */
  readonly observed?: readonly string[];
  /** The agent request that the call asked for, or spent. */
  readonly request?: string;
}

export interface Rooms<Who, Hop> {
  readonly who: (
    bearer: Bearer,
    resource: Resource,
    presented: Presentation,
  ) => Soon<Result<Caller, RoomRefusal<Who, Hop>>>;
  readonly mayThey: (caller: Caller, action: Action) => Soon<Result<Permitted, RoomRefusal<Who, Hop>>>;
  readonly twoKeys: (permitted: Permitted) => Soon<Result<Approved, RoomRefusal<Who, Hop>>>;
  readonly settle: (turned: TurnedKey, outcome: Outcome, note: string | undefined) => Promise<void>;
  readonly nextHop: (approved: Approved, target: HopTarget) => Soon<Result<UpstreamCredential, RoomRefusal<Who, Hop>>>;
  readonly forgetHop: (approved: Approved, target: HopTarget) => void;
  readonly remember: (entry: Remembered) => Promise<void>;
}

/** Builds the chain from its parts. The casts here are the only way to a `Permitted` or an `Approved`. */
export function buildRooms<Who, Hop>(parts: RoomParts<Who, Hop>): Rooms<Who, Hop> {
  return {
    who: (bearer, resource, presented) =>
      goOn(parts.identify(bearer, resource, presented), (found) =>
        found.ok ? found : refuse({ room: 'who', refusal: found.refusal } as const),
      ),
    mayThey: (caller, action) =>
      goOn(parts.decide(caller, action), (decision) =>
        decision.effect === 'deny' ? forbid(action, decision) : ok({ caller, action, decision } as Permitted),
      ),
    twoKeys(permitted) {
      const { caller, action, decision } = permitted;
      if (decision.effect !== 'needs-second-key') return ok({ caller, action } as Approved);
      return parts
        .secondKey(permitted)
        .then((turned) =>
          turned.ok
            ? ok({ caller, action, turned: turned.value } as Approved)
            : refuse({ room: 'two-keys', ...turned.refusal }),
        );
    },
    settle: parts.settle,
    nextHop: (approved, target) =>
      goOn(parts.exchange(approved, target), (token) =>
        token.ok ? token : refuse({ room: 'next-hop', refusal: token.refusal } as const),
      ),
    forgetHop: parts.forget,
    remember: parts.remember,
  };
}

function forbid(
  { needsRole, needsPermission }: Action,
  { reason, policyVersion }: Decision & { readonly effect: 'deny' },
): Result<never, RoomRefusal<never, never>> {
  return refuse({
    room: 'may-they',
    why: 'forbidden',
    reason,
    ...(policyVersion === undefined ? {} : { policyVersion }),
    ...(needsRole === undefined ? {} : { needsRole }),
    ...(needsPermission === undefined ? {} : { needsPermission }),
  });
}
