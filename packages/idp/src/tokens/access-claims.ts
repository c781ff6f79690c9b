import type { MutableClaims } from '../claims/context.ts';
import type { IdpContext } from '../context.ts';
import type { Client } from '../model/index.ts';
import { accessTokenLifespan, clientSessionEnd } from './lifespans.ts';
import { claimsFor, inOrder } from './mapped-claims.ts';
import type { TokenRequest } from './token-request.ts';

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
  const all = inOrder({
    // First, so that no mapper writes what follows: an administrator's hard-coded `iss` stays without effect.
    ...claims,
    ...(transient ? { sub: request.user.id } : {}),
    aud: audienceClaim(audiencesOf(claims)),
    exp: now + accessTokenLifespan(realm, client, end, now),
    iat: now,
    jti: `${request.kind}${type}${request.grant}:${context.state.newUuid()}`,
    iss: request.issuer,
    typ: request.dpopThumbprint === undefined ? bearer(client) : 'DPoP',
    azp: client.clientId,
    ...(transient ? {} : { sid: session.id }),
    scope: request.scopes.text,
    ...(request.dpopThumbprint === undefined ? {} : { cnf: { jkt: request.dpopThumbprint } }),
  });
  return request.audiences === undefined ? all : narrowClaims(all, request.audiences);
}

/** Whether an access token of this client would have this audience; for the exchange's check. */
export function audiencesOf(claims: MutableClaims): readonly string[] {
  const { aud } = claims;
  return typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.filter((it) => typeof it === 'string') : [];
}

/**
 * The claims narrowed to these audiences: `aud`, and `resource_access` with it. Realm roles stay, as in Keycloak. A
 * token shows one audience as a bare string and none not at all.
 */
export function narrowClaims(claims: MutableClaims, audiences: readonly string[]): MutableClaims {
  const available = audiencesOf(claims);
  const access = claims['resource_access'];
  const narrowed = { ...claims, aud: audienceClaim(audiences.filter((it) => available.includes(it))) };
  if (typeof access !== 'object' || access === null) return inOrder(narrowed);
  const kept = Object.entries(access).filter(([client]) => audiences.includes(client));
  return inOrder({ ...narrowed, resource_access: Object.fromEntries(kept) });
}

function audienceClaim(audiences: readonly string[]): MutableClaims[string] {
  return audiences.length > 1 ? audiences : audiences[0];
}

/** Whether the client gets lightweight access tokens: few claims, the rest by introspection. */
export function isLightweight(client: Client): boolean {
  return client.attributes['client.use.lightweight.access.token.enabled'] === 'true';
}

/** The token type as the client wants it spelt. */
export function bearer(client: Client): string {
  return client.attributes['token.response.type.bearer.lower-case'] === 'true' ? 'bearer' : 'Bearer';
}
