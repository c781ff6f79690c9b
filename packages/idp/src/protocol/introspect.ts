import type { JsonObject } from '@keyturn/protocol';
import type { FastifyReply, RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { sendJson } from '../http/answers.ts';
import { duplicateOf, formOf } from '../http/form.ts';
import { withRealm } from '../http/realm-route.ts';
import type { Client, Realm } from '../model/index.ts';
import { checkAccessToken, checkRefreshToken, type LiveToken } from '../tokens/check.ts';
import { audiencesOf, isLightweight } from '../tokens/access-claims.ts';
import { claimsFor, inOrder } from '../tokens/mapped-claims.ts';
import { grantedAgain } from '../tokens/granted-again.ts';
import { authenticateClient } from './client-authentication.ts';

/**
 * Token introspection (RFC 7662). As in Keycloak the caller must be in the token's `aud`, and what it sees are the
 * user's claims as they are now, not the token's own.
 */
export function introspectionEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    const form = formOf(request);
    const refused = (status: number, error: string, description: string): FastifyReply =>
      sendJson(reply.header('cache-control', 'no-store'), status, { error, error_description: description });
    if (!realm.enabled) return refused(403, 'access_denied', 'Realm not enabled');
    const authenticated = await authenticateClient(context, realm, request);
    if (!authenticated.ok) {
      const wrong = authenticated.refusal.why === 'bad-credentials';
      const text = wrong ? 'Client authentication failed.' : 'Invalid client or Invalid client credentials';
      return refused(401, 'invalid_client', text);
    }
    const { client } = authenticated.value;
    if (client.publicClient) return refused(403, 'invalid_request', 'Client not allowed.');
    if (duplicateOf(form) !== undefined) return refused(400, 'invalid_request', 'duplicated parameter');
    const token = form.get('token');
    if (token === null) return refused(400, 'invalid_request', 'Token not provided.');
    const issuer = context.urls.issuer(request, realm);
    const live = await findLive(context, realm, issuer, token);
    const visible = live === undefined ? undefined : describe(context, realm, issuer, live, client);
    context.events.user(realm, {
      type: visible === undefined ? 'INTROSPECT_TOKEN_ERROR' : 'INTROSPECT_TOKEN',
      clientId: client.clientId,
      ipAddress: context.urls.peerOf(request).address,
      ...(visible === undefined ? { error: 'invalid_token' } : {}),
      details: { client_auth_method: authenticated.value.method },
    });
    return sendJson(reply.header('cache-control', 'no-cache'), 200, visible ?? { active: false });
  });
}

async function findLive(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  token: string,
): Promise<LiveToken | undefined> {
  const access = await checkAccessToken(context, realm, issuer, token, { boundToo: true });
  if (access.ok) return access.value;
  const refresh = await checkRefreshToken(context, realm, issuer, token);
  return refresh.ok ? refresh.value : undefined;
}

function describe(
  context: IdpContext,
  realm: Realm,
  issuer: string,
  live: LiveToken,
  caller: Client,
): JsonObject | undefined {
  const { claims, client, user } = live;
  const isRefresh = claims['typ'] === 'Refresh' || claims['typ'] === 'Offline';
  const now = claimsFor(context, grantedAgain(context, realm, issuer, live), 'introspection');
  const audiences = audiencesOf(now);
  // A lightweight token does not say whom it is meant for; the mappers do.
  const meant = isLightweight(client) ? audiences : audiencesOf({ aud: claims['aud'] });
  // A refresh token is its own client's business; an access token is that of those it is meant for.
  const allowed = isRefresh
    ? client.id === caller.id
    : meant.includes(caller.clientId) ||
      caller.attributes['allow.token.introspection.without.audience.check'] === 'true';
  if (!allowed) return undefined;
  const all = isRefresh ? [...audiencesOf({ aud: claims['aud'] }), ...audiences] : audiences;
  const { scope, exp, iat, jti, iss, typ, azp, sid, cnf } = claims;
  return inOrder({
    ...now,
    exp,
    iat,
    jti,
    iss,
    aud: all.length === 1 ? all[0] : all.length === 0 ? undefined : all,
    sub: user.id,
    typ,
    azp,
    sid,
    scope,
    cnf,
    client_id: client.clientId,
    username: user.username,
    token_type: typ,
    active: true,
  });
}
