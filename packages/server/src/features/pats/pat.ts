import { after, days, type EpochMilliseconds, type EpochSeconds, type PatId, secondsOf } from '@keyturn/protocol';
import type { PatLimits } from '../../http/caller.ts';

/**
 * - `reference`: opaque; the edge and Keyturn's own doors swap it for a short-lived token of its owner.
 * - `jwt`: signed by the identity provider, so that Envoy accepts it by itself.
 * - `memory`: HS256 by Keyturn; for development only.
 */
export type PatKind = 'reference' | 'jwt' | 'memory';

/** Whose token it is: `sub` at an issuer. */
export interface PatOwner {
  readonly issuer: string;
  readonly subject: string;
}

/** What is kept of a personal access token. Never its text: SHA-256 of it, and the `jti` if it is a JWT. */
export interface Pat {
  readonly id: PatId;
  readonly kind: PatKind;
  readonly owner: PatOwner;
  /** Unique among the owner's tokens. */
  readonly name: string;
  /** SHA-256 of the token's text, in hex. */
  readonly hash: string;
  /** Of `jwt` and `memory` tokens. */
  readonly jti: string | undefined;
  readonly limits: PatLimits;
  /** The client through which the owner made it. */
  readonly client: string | undefined;
  /** Of the owner, as verified by the identity provider when the token was made: for the mail before its end. */
  readonly email: string | undefined;
  readonly createdAt: EpochMilliseconds;
  /** When its secret was made: moves with each rotation. */
  readonly issuedAt: EpochMilliseconds;
  readonly expiresAt: EpochSeconds;
  /** To the minute. */
  readonly lastUsedAt: EpochMilliseconds | undefined;
  readonly lastAddress: string | undefined;
  /** After a rotation: the token before, which holds until then. */
  readonly former: FormerSecret | undefined;
}

/** What is asked of a token at the door: read with each one that is not known, and kept for a minute, so no more than that. */
export interface PatAtDoor
  extends Pick<
    Pat,
    'id' | 'kind' | 'owner' | 'limits' | 'createdAt' | 'issuedAt' | 'expiresAt' | 'lastUsedAt' | 'lastAddress'
  > {
  /** Until when the secret before the last rotation holds. */
  readonly formerUntil: EpochSeconds | undefined;
}

export interface FormerSecret {
  readonly hash: string;
  readonly jti: string | undefined;
  readonly until: EpochSeconds;
}

/**
 * Until when somebody who verifies by themselves may take a secret of this token for good. A JWT may say that it lives longer
 * than the token was made for; no verifier takes one that lives for more than 366 days.
 */
export function longestLifeOf({ kind, issuedAt, expiresAt }: Pat): EpochSeconds {
  return kind === 'jwt' ? after(secondsOf(issuedAt), days(366)) : expiresAt;
}

/** A token as the API lists it: the seed's members, then what narrows it. The token itself is never among them. */
export function describePat(pat: Pat): Record<string, unknown> {
  const { limits } = pat;
  return {
    id: pat.id,
    name: pat.name,
    kind: pat.kind,
    created_at: new Date(pat.createdAt).toISOString(),
    expires_at: new Date(pat.expiresAt * 1000).toISOString(),
    last_used_at: pat.lastUsedAt === undefined ? null : new Date(pat.lastUsedAt).toISOString(),
    last_address: pat.lastAddress ?? null,
    audiences: limits.audiences ?? null,
    scopes: limits.scopes ?? null,
    tools: limits.tools ?? null,
    source_cidrs: limits.sourceCidrs ?? null,
    read_only: limits.readOnly,
    may_approve: limits.mayApprove,
    former_valid_until: pat.former === undefined ? null : new Date(pat.former.until * 1000).toISOString(),
  };
}
