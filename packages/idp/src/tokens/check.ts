import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { IdpContext } from '../context.ts';
import { boundKey } from './bound-key.ts';
import { type Client, findClient, findSession, type Realm, type User, type UserSession } from '../model/index.ts';
import type { SessionKind } from './token-request.ts';
import { verifyJwt } from './jwt.ts';
import { clientIdle, isAlive } from './lifespans.ts';
import { textClaim } from './text-claim.ts';

/** Why a token of this realm is not accepted. Each endpoint decides what of it the caller sees. */
export type TokenRefusal =
  | { readonly why: 'invalid' }
  | { readonly why: 'wrong-type'; readonly typ: string }
  | { readonly why: 'expired' }
  | { readonly why: 'revoked' }
  | { readonly why: 'stale' }
  | { readonly why: 'client-disabled' }
  | { readonly why: 'user-unknown' }
  | { readonly why: 'user-disabled'; readonly user: User }
  | { readonly why: 'session-not-found' }
  | { readonly why: 'client-session-not-found' }
  | { readonly why: 'offline-session-not-found' };

/** A token that is alive, with all that it speaks of as it is now. */
export interface LiveToken {
  readonly claims: JsonObject;
  readonly client: Client;
  readonly user: User;
  /** Absent for service accounts, whose tokens hang on no session. */
  readonly session: UserSession | undefined;
  readonly kind: SessionKind;
}

const asymmetric = (algorithm: string): boolean => !algorithm.startsWith('HS');

/**
 * Checks an access token that this realm issued: signature, issuer as this request names it, expiry, revocation,
 * not-before, and that client, user and session are still there and well. A token that is bound to a DPoP key is refused,
 * unless `boundToo` says that the caller looks at the proof itself or needs none.
 */
export async function checkAccessToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  token: string,
  options: { readonly boundToo?: boolean } = {},
): Promise<Result<LiveToken, TokenRefusal>> {
  const read = await readToken(context, realm, issuer, token, asymmetric);
  if (!read.ok) return read;
  const typ = textClaim(read.value, 'typ');
  const bound = typ === 'DPoP' || boundKey(read.value) !== undefined;
  if (bound ? options.boundToo !== true : typ.toLowerCase() !== 'bearer') return refuse({ why: 'wrong-type', typ });
  return checkHolder(context, realm, read.value, kindOf(read.value));
}

/** Checks a refresh or offline token in the same way. */
export async function checkRefreshToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  token: string,
): Promise<Result<LiveToken, TokenRefusal>> {
  const read = await readToken(context, realm, issuer, token, (algorithm) => algorithm === 'HS512');
  if (!read.ok) return read;
  const typ = textClaim(read.value, 'typ');
  if (typ !== 'Refresh' && typ !== 'Offline') return refuse({ why: 'wrong-type', typ });
  return checkHolder(context, realm, read.value, typ === 'Offline' ? 'of' : 'on');
}

/** The claims of a token that this realm signed under this issuer and that is neither expired nor revoked. */
export async function readToken(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  token: string,
  allowed: (algorithm: string) => boolean,
  options: { readonly zeroIsNoEnd?: boolean } = {},
): Promise<Result<JsonObject, TokenRefusal>> {
  const verified = await verifyJwt(token, (kid) => context.keys.byKid(realm.id, kid), allowed);
  if (!verified.ok) return refuse({ why: 'invalid' });
  const { claims } = verified.value;
  if (claims['iss'] !== issuer || typeof claims['jti'] !== 'string') return refuse({ why: 'invalid' });
  const { exp, nbf } = claims;
  const now = context.state.now();
  const endless = exp === undefined || (exp === 0 && options.zeroIsNoEnd === true);
  if (!endless && (typeof exp !== 'number' || exp <= now)) return refuse({ why: 'expired' });
  if (typeof nbf === 'number' && nbf > now) return refuse({ why: 'expired' });
  if (isRevoked(context, realm, claims['jti'])) return refuse({ why: 'revoked' });
  return ok(claims);
}

function checkHolder(
  context: IdpContext,
  realm: Realm,
  claims: JsonObject,
  kind: SessionKind,
): Result<LiveToken, TokenRefusal> {
  const { state } = context;
  const client = findClient(state, realm.id, textClaim(claims, 'azp'));
  if (client?.enabled !== true) return refuse({ why: 'client-disabled' });
  const issuedAt = Number(claims['iat']);
  if (issuedAt < realm.notBefore || issuedAt < client.notBefore) return refuse({ why: 'stale' });
  const session = kind === 'tr' ? undefined : sessionOf(context, realm, client, claims, kind);
  if (session !== undefined && !session.ok) return session;
  const found = session?.value;
  const userId = found?.userId ?? textClaim(claims, 'sub');
  const user = state.users.inRealm(realm.id, userId);
  if (user === undefined || (claims['sub'] !== undefined && claims['sub'] !== user.id))
    return refuse({ why: 'user-unknown' });
  if (!user.enabled) return refuse({ why: 'user-disabled', user });
  if (issuedAt < user.notBefore) return refuse({ why: 'stale' });
  return ok({ claims, client, user, session: found, kind });
}

function sessionOf(
  context: IdpContext,
  realm: Realm,
  client: Client,
  claims: JsonObject,
  kind: SessionKind,
): Result<UserSession, TokenRefusal> {
  const offline = kind === 'of' || kind === 'ft';
  const now = context.state.now();
  const session = findSession(context.state, realm.id, textClaim(claims, 'sid'), offline);
  if (session === undefined || !isAlive(realm, session, offline, now)) {
    return refuse({ why: offline ? 'offline-session-not-found' : 'session-not-found' });
  }
  if (kind === 'nt' || kind === 'ft') return ok(session);
  const own = session.clients[client.id];
  const idle = clientIdle(realm, client, offline);
  // A token older than the client's part of the session belongs to one that was ended and begun again.
  if (own === undefined || (idle > 0 && own.lastAccess + idle < now) || Number(claims['iat']) < own.started) {
    return refuse({ why: 'client-session-not-found' });
  }
  return ok(session);
}

/** Which session an access token hangs on, by its `jti`. */
export function kindOf(claims: JsonObject): SessionKind {
  const prefix = /^(on|of|tr|nt|ft)[a-z]{4}:/.exec(textClaim(claims, 'jti'))?.[1];
  switch (prefix) {
    case 'of':
    case 'tr':
    case 'nt':
    case 'ft':
      return prefix;
    default:
      return 'on';
  }
}

/** Whether a token was revoked by its id. */
export function isRevoked(context: IdpContext, realm: Realm, jti: string): boolean {
  return context.state.revocations.inRealm(realm.id, jti) !== undefined;
}

/** Revokes a token by its id until it would have died anyway. */
export function revokeToken(context: IdpContext, realm: Realm, claims: JsonObject): void {
  const expiresAt = typeof claims['exp'] === 'number' ? claims['exp'] : Number.MAX_SAFE_INTEGER;
  context.state.revocations.put({ id: textClaim(claims, 'jti'), realmId: realm.id, expiresAt });
}
