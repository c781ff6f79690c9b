import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Bearer } from './bearer.ts';
import type { Caller } from './caller.ts';

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
}

export type Decision =
  | { readonly effect: 'allow' }
  | { readonly effect: 'deny'; readonly reason: string }
  | { readonly effect: 'needs-second-key'; readonly reason: string };

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
}

export type RoomRefusal<Who, Hop> =
  | { readonly room: 'who'; readonly refusal: Who }
  | { readonly room: 'may-they'; readonly why: 'forbidden'; readonly reason: string; readonly needsRole?: string }
  | { readonly room: 'two-keys'; readonly why: 'second-key-needed'; readonly reason: string }
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
  readonly identify: (bearer: Bearer, resource: Resource, presented: Presentation) => Promise<Result<Caller, Who>>;
  /** policy: allow, deny, or allow with a second key. */
  readonly decide: (caller: Caller, action: Action) => Decision | Promise<Decision>;
  /** approvals: whether a person has turned their key for exactly this call. */
  readonly secondKey: (permitted: Permitted) => Promise<Result<'turned', { readonly reason: string }>>;
  /** exchange: a token for the upstream's audience, as the caller. */
  readonly exchange: (approved: Approved, target: HopTarget) => Promise<Result<UpstreamCredential, Hop>>;
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
}

export interface Rooms<Who, Hop> {
  readonly who: (
    bearer: Bearer,
    resource: Resource,
    presented: Presentation,
  ) => Promise<Result<Caller, RoomRefusal<Who, Hop>>>;
  readonly mayThey: (caller: Caller, action: Action) => Promise<Result<Permitted, RoomRefusal<Who, Hop>>>;
  readonly twoKeys: (permitted: Permitted) => Promise<Result<Approved, RoomRefusal<Who, Hop>>>;
  readonly nextHop: (
    approved: Approved,
    target: HopTarget,
  ) => Promise<Result<UpstreamCredential, RoomRefusal<Who, Hop>>>;
  readonly forgetHop: (approved: Approved, target: HopTarget) => void;
  readonly remember: (entry: Remembered) => Promise<void>;
}

/** Builds the chain from its parts. The casts here are the only way to a `Permitted` or an `Approved`. */
export function buildRooms<Who, Hop>(parts: RoomParts<Who, Hop>): Rooms<Who, Hop> {
  return {
    async who(bearer, resource, presented) {
      const found = await parts.identify(bearer, resource, presented);
      return found.ok ? found : refuse({ room: 'who', refusal: found.refusal });
    },
    async mayThey(caller, action) {
      const decision = await parts.decide(caller, action);
      if (decision.effect === 'deny') {
        const needs = action.needsRole === undefined ? {} : { needsRole: action.needsRole };
        return refuse({ room: 'may-they', why: 'forbidden', reason: decision.reason, ...needs });
      }
      return ok({ caller, action, decision } as Permitted);
    },
    async twoKeys(permitted) {
      const { caller, action, decision } = permitted;
      if (decision.effect === 'needs-second-key') {
        const turned = await parts.secondKey(permitted);
        if (!turned.ok) return refuse({ room: 'two-keys', why: 'second-key-needed', reason: turned.refusal.reason });
      }
      return ok({ caller, action } as Approved);
    },
    async nextHop(approved, target) {
      const token = await parts.exchange(approved, target);
      return token.ok ? token : refuse({ room: 'next-hop', refusal: token.refusal });
    },
    forgetHop: parts.forget,
    remember: parts.remember,
  };
}
