import { createHash } from 'node:crypto';
import { addAudience } from '../claims/role-mappers.ts';
import { collectClaims, mappersOf } from '../claims/collect.ts';
import type { ClaimContext, ClaimTarget, MutableClaims } from '../claims/context.ts';
import type { IdpContext } from '../context.ts';
import type { UsableKey } from '../keys/key-ring.ts';
import { type Client, effectiveRoles, type Realm, type Role, type User, type UserSession } from '../model/index.ts';
import { signJwt } from './jwt.ts';
import { accessTokenLifespan, clientSessionEnd, refreshTokenLifespan } from './lifespans.ts';
import { type GrantedScopes, rolesInScope } from './scopes.ts';
import { textClaim } from './text-claim.ts';

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

/** Claims of an access token before it is signed; what `issueTokens`, introspection and the admin API's previews share. */
export function buildAccessClaims(context: IdpContext, request: TokenRequest): MutableClaims {
  const { realm, client, session } = request;
  const now = context.state.now();
  const offline = request.kind === 'of' || request.kind === 'ft';
  const transient = request.kind === 'tr';
  const own = request.kind === 'on' || request.kind === 'of' ? session.clients[client.id] : undefined;
  const end = transient ? Number.POSITIVE_INFINITY : clientSessionEnd(realm, client, session, own, offline, now);
  const lightweight = isLightweight(client);
  const claims = claimsFor(context, request, 'access', lightweight);
  const type = lightweight ? 'lt' : 'rt';
  return inOrder({
    exp: now + accessTokenLifespan(realm, client, end, now),
    iat: now,
    jti: `${request.kind}${type}${request.grant}:${context.state.newUuid()}`,
    iss: request.issuer,
    ...claims,
    ...(transient ? { sub: request.user.id } : {}),
    ...narrow(claims, request.audiences),
    typ: request.dpopThumbprint === undefined ? bearer(client) : 'DPoP',
    azp: client.clientId,
    ...(transient ? {} : { sid: session.id }),
    scope: request.scopes.text,
    ...(request.dpopThumbprint === undefined ? {} : { cnf: { jkt: request.dpopThumbprint } }),
  });
}

/** Whether an access token of this client would have this audience; for the exchange's check. */
export function audiencesOf(claims: MutableClaims): readonly string[] {
  const { aud } = claims;
  return typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.filter((it) => typeof it === 'string') : [];
}

/** Claims that the mappers give for a document. */
export function claimsFor(
  context: IdpContext,
  request: TokenRequest,
  target: ClaimTarget,
  lightweight = false,
): MutableClaims {
  const claims = collectClaims(
    claimContext(context, request, target),
    mappersOf(request.client.protocolMappers, request.scopes.scopes),
    lightweight,
  );
  return claims;
}

function claimContext(context: IdpContext, request: TokenRequest, target: ClaimTarget): ClaimContext {
  const all = effectiveRoles(context.state, request.user);
  const roles: readonly Role[] = rolesInScope(context.state, request.client, request.scopes.scopes, all);
  const { realm, client, user, session, nonce } = request;
  return { state: context.state, realm, client, user, roles, session, nonce, target };
}

/** Signs what a grant comes to: access token, and refresh and ID token as asked. Stores nothing. */
export async function issueTokens(context: IdpContext, request: TokenRequest): Promise<IssuedTokens> {
  const { realm, client, user, session } = request;
  const access = buildAccessClaims(context, request);
  const key = await context.keys.active(realm.id, accessAlgorithm(realm, client));
  const headerType = client.attributes['access.token.header.type.rfc9068'] === 'true' ? 'at+jwt' : 'JWT';
  const accessToken = await signJwt(key, access, headerType);
  const refresh = request.refresh ? await refreshTokenOf(context, request, access) : undefined;
  const idToken =
    request.idToken && request.scopes.openid ? await idTokenOf(context, request, access, accessToken) : undefined;
  const now = context.state.now();
  const response: TokenResponse = {
    access_token: accessToken,
    expires_in: Number(access['exp']) - now,
    refresh_expires_in: refresh?.lifespan ?? 0,
    ...(refresh === undefined ? {} : { refresh_token: refresh.token }),
    token_type: request.dpopThumbprint === undefined ? bearer(client) : 'DPoP',
    ...(idToken === undefined ? {} : { id_token: idToken }),
    'not-before-policy': Math.max(realm.notBefore, client.notBefore, user.notBefore),
    ...(request.kind === 'tr' ? {} : { session_state: session.id }),
    scope: request.scopes.text,
  };
  return { response, accessTokenId: textClaim(access, 'jti'), accessClaims: access, refreshTokenId: refresh?.id };
}

/** The ID token alone: for exchanges that ask for one. `accessToken`: what `at_hash` is of. */
export async function idTokenOf(
  context: IdpContext,
  request: TokenRequest,
  access: MutableClaims,
  accessToken?: string,
): Promise<string> {
  const { client, realm, user, session } = request;
  const algorithm = client.attributes['id.token.signed.response.alg'];
  const key = await context.keys.active(realm.id, isSet(algorithm) ? algorithm : realm.defaultSignatureAlgorithm);
  const claims = claimsFor(context, request, 'id');
  const audience = { aud: [client.clientId] };
  for (const name of audiencesOf(claims)) addAudience(audience, name);
  const withHash = accessToken !== undefined && client.attributes['id.token.as.detached.signature'] !== 'true';
  return await signJwt(
    key,
    inOrder({
      exp: access['exp'],
      iat: access['iat'],
      jti: context.state.newUuid(),
      iss: request.issuer,
      ...claims,
      aud: audience.aud.length === 1 ? audience.aud[0] : audience.aud,
      sub: user.id,
      typ: 'ID',
      azp: client.clientId,
      ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
      ...(request.kind === 'tr' ? {} : { sid: session.id }),
      ...(withHash ? { at_hash: halfHash(key, accessToken) } : {}),
    }),
  );
}

async function refreshTokenOf(
  context: IdpContext,
  request: TokenRequest,
  access: MutableClaims,
): Promise<{ readonly token: string; readonly lifespan: number; readonly id: string }> {
  const { realm, client, session, issuer } = request;
  const now = context.state.now();
  const offline = request.kind === 'of';
  const end = clientSessionEnd(realm, client, session, session.clients[client.id], offline, now);
  const lifespan = refreshTokenLifespan(realm, client, session, end, offline, now);
  const key = await context.keys.active(realm.id, 'HS512');
  const id = context.state.newUuid();
  const token = await signJwt(key, {
    ...(lifespan === undefined ? {} : { exp: now + lifespan }),
    iat: now,
    jti: id,
    iss: issuer,
    aud: issuer,
    ...(access['sub'] === undefined ? {} : { sub: access['sub'] }),
    typ: offline ? 'Offline' : 'Refresh',
    azp: client.clientId,
    sid: session.id,
    scope: request.scopes.allNames,
    ...(access['aud'] === undefined ? {} : { aud_x: access['aud'] }),
    prov: 'default',
    ...(realm.revokeRefreshToken ? { reuse_id: context.state.newUuid() } : {}),
    ...(request.audiences === undefined ? {} : { 'req-aud': request.audiences }),
    ...request.carried,
    ...(request.dpopThumbprint === undefined || !client.publicClient ? {} : { cnf: { jkt: request.dpopThumbprint } }),
  });
  return { token, lifespan: lifespan ?? 0, id };
}

/** Whether the client gets lightweight access tokens: few claims, the rest by introspection. */
export function isLightweight(client: Client): boolean {
  return client.attributes['client.use.lightweight.access.token.enabled'] === 'true';
}

function bearer(client: Client): string {
  return client.attributes['token.response.type.bearer.lower-case'] === 'true' ? 'bearer' : 'Bearer';
}

function accessAlgorithm(realm: Realm, client: Client): string {
  const own = client.attributes['access.token.signed.response.alg'];
  return isSet(own) ? own : realm.defaultSignatureAlgorithm;
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

// `aud` is collected as a list; a token shows one audience as a bare string and none not at all.
function narrow(claims: MutableClaims, audiences: readonly string[] | undefined): MutableClaims {
  const available = audiencesOf(claims);
  const kept = audiences === undefined ? available : audiences.filter((it) => available.includes(it));
  const aud = kept.length === 0 ? undefined : kept.length === 1 ? kept[0] : kept;
  const access = claims['resource_access'];
  if (audiences === undefined || typeof access !== 'object' || access === null) return { aud };
  return {
    aud,
    resource_access: Object.fromEntries(Object.entries(access).filter(([client]) => kept.includes(client))),
  };
}

const order = [
  'exp',
  'iat',
  'auth_time',
  'jti',
  'iss',
  'aud',
  'sub',
  'typ',
  'azp',
  'nonce',
  'sid',
  'at_hash',
  'acr',
  'allowed-origins',
  'realm_access',
  'resource_access',
  'cnf',
  'scope',
];

/** Claims in Keycloak's order, absent ones left out. */
export function inOrder(claims: MutableClaims): MutableClaims {
  const sorted: MutableClaims = {};
  for (const name of order) if (claims[name] !== undefined) sorted[name] = claims[name];
  for (const [name, value] of Object.entries(claims)) {
    if (value === undefined || order.includes(name)) continue;
    Object.defineProperty(sorted, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return sorted;
}

// OpenID Connect Core §3.1.3.6: the left half of the hash that the signature's algorithm names.
function halfHash(key: UsableKey, token: string): string {
  const bits = /\d+$/.exec(key.algorithm)?.[0] ?? '512';
  const digest = createHash(`sha${bits}`).update(token).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
