import type { JsonObject } from '@keyturn/protocol';
import type { Document } from './documents.ts';

/**
 * A login of a user: Keycloak's user session. `id` is the `sid` of all its tokens. Online and offline sessions are two
 * collections; an offline session has the `sid` of the online one that it came from. Times are epoch seconds.
 */
export interface UserSession extends Document {
  readonly userId: string;
  readonly started: number;
  readonly lastAccess: number;
  readonly ipAddress: string;
  readonly rememberMe: boolean;
  /** How the user got in: `openid-connect` for password grants and pages. */
  readonly authMethod: string;
  /** Seconds of the last interactive login, `auth_time`; absent for password grants. */
  readonly authTime?: number;
  readonly acr?: string;
  readonly notes: Readonly<Record<string, string>>;
  /** By the client's internal id. */
  readonly clients: Readonly<Record<string, ClientSession>>;
}

/** What one client has of a user session. Without it the client's refresh tokens are refused. */
export interface ClientSession {
  readonly started: number;
  readonly lastAccess: number;
  /** The `scope` parameter of the request that made it. */
  readonly scope: string;
  readonly redirectUri?: string;
  readonly notes: Readonly<Record<string, string>>;
}

/**
 * A thing that may be used once and dies by itself: authorization code, device code, PAR request, login ticket,
 * assertion `jti`. `purpose` is part of the look-up, so that one kind cannot be spent as another.
 */
export interface SingleUse<Body extends object = JsonObject> extends Document {
  readonly purpose: string;
  /** Epoch seconds; from this second on it does not exist. */
  readonly expiresAt: number;
  readonly body: Body;
}

/** An access or refresh token that was revoked before its end; `id` is its `jti`. Swept when the token would have died. */
export interface Revocation extends Document {
  readonly expiresAt: number;
}
