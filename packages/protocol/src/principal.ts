import type { Claims } from './claims.ts';
import type { EpochSeconds } from './units.ts';

/**
 * The facts of a verified access token: who is calling, through which client, for whom the token is meant and until
 * when. Holds no decision: what the principal may do is for `policy`. Frozen, and free of the token's own text.
 */
export interface Principal {
  /** `iss`, equal to a configured issuer. */
  readonly issuer: string;
  /** The value of the identity claim (default `sub`; seed 001 uses `azp` for service accounts). */
  readonly identity: string;
  /** `sub`; Keycloak leaves it out where a client lacks the scope `basic`. */
  readonly subject: string | undefined;
  /** `azp`, else `client_id`, else Entra's `appid` or Okta's `cid`: the client that the token was issued to. */
  readonly client: string | undefined;
  /** Keycloak marks a service account's token with `client_id` and gives it no `sid`. Only such tokens have `azp` as identity. */
  readonly serviceAccount: boolean;
  /** `aud` as a list, whether it came as string, array or not at all. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** A copy names it and `claims`: both may be built when first read, and then `{ ...principal }` leaves them out. */
  readonly roles: TokenRoles;
  /** `jti`. */
  readonly tokenId: string | undefined;
  /** `sid`: the session at the identity provider. */
  readonly sessionId: string | undefined;
  readonly issuedAt: EpochSeconds | undefined;
  readonly expiresAt: EpochSeconds;
  /** All claims as the issuer wrote them, deeply frozen. */
  readonly claims: Claims;
}

/** Keycloak's `realm_access.roles` and `resource_access.<client>.roles`. */
export interface TokenRoles {
  readonly realm: readonly string[];
  readonly clients: Readonly<Record<string, readonly string[]>>;
}
