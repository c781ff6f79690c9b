import type { MutableClaims } from '../claims/context.ts';
import type { Client, Realm, User, UserSession } from '../model/index.ts';
import type { GrantedScopes } from './scopes.ts';

/**
 * Which session a token hangs on, in Keycloak's letters: online, offline, transient (service account), and online or
 * offline without a part for the token's client (what an exchange makes). Stands first in an access token's `jti`.
 */
export type SessionKind = 'on' | 'of' | 'tr' | 'nt' | 'ft';

/** How the token came about: password, authorization code, client credentials, refresh, exchange, device. */
export type GrantKind = 'ro' | 'ac' | 'cc' | 'rt' | 'te' | 'dg' | 'pg';

/** For whom, through which client and from which session tokens are made. */
export interface TokenRequest {
  readonly realm: Realm;
  readonly client: Client;
  readonly user: User;
  readonly issuer: string;
  /** A transient session has no `id` in the store; only its notes count. */
  readonly session: UserSession;
  readonly kind: SessionKind;
  readonly grant: GrantKind;
  readonly scopes: GrantedScopes;
  readonly nonce?: string;
  /** Narrows `aud` and `resource_access` to these; each must be among what the token would have. */
  readonly audiences?: readonly string[];
  /** Thumbprint of the DPoP key that the tokens are bound to (RFC 9449 §6). */
  readonly dpopThumbprint?: string;
  readonly refresh: boolean;
  /** Carried from refresh token to refresh token: the audiences of the exchange that began it, and the rotation's family. */
  readonly carried?: { readonly 'req-aud'?: readonly string[]; readonly reuse_id?: string };
  /** Adds the ID token when the scopes have `openid`. */
  readonly idToken: boolean;
}

/** The answer of the token endpoint in Keycloak's order. */
export interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_expires_in: number;
  readonly refresh_token?: string;
  readonly token_type: string;
  readonly id_token?: string;
  readonly 'not-before-policy': number;
  readonly session_state?: string;
  readonly scope: string;
  readonly issued_token_type?: string;
}

/** Tokens with what the caller needs to store or report. */
export interface IssuedTokens {
  readonly response: TokenResponse;
  readonly accessTokenId: string;
  readonly accessClaims: MutableClaims;
  readonly refreshTokenId: string | undefined;
}
