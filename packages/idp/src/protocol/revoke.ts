import type { RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { sendJson } from '../http/answers.ts';
import { allowClientOrigins } from '../http/cors.ts';
import { duplicateOf, formOf } from '../http/form.ts';
import { withRealm } from '../http/realm-route.ts';
import { findSession, type Realm, removeClientSession } from '../model/index.ts';
import { readToken, revokeToken } from '../tokens/check.ts';
import { authenticateClient } from './client-authentication.ts';
import { clientError } from './token-endpoint.ts';
import { textClaim } from '../tokens/text-claim.ts';

/**
 * Token revocation (RFC 7009). An access token dies alone; a refresh token takes the client's part of the session with
 * it, and the session itself if nothing else is in it, so tokens exchanged from it die too.
 */
export function revocationEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    const form = formOf(request);
    const invalid = (error: string, description: string, status = 400) =>
      sendJson(reply, status, { error, error_description: description });
    if (!realm.enabled) return invalid('access_denied', 'Realm not enabled', 403);
    const authenticated = await authenticateClient(context, realm, request);
    if (!authenticated.ok) return invalid(...clientError(authenticated.refusal), 401);
    const { client } = authenticated.value;
    allowClientOrigins(request, reply, client);
    if (duplicateOf(form) !== undefined) return invalid('invalid_request', 'duplicated parameter');
    const token = form.get('token');
    if (token === null) return invalid('invalid_request', 'Token not provided');
    const read = await readToken(context, realm, context.urls.issuer(request, realm), token, () => true);
    // RFC 7009 §2.2 wants 200 for what is no token; the body is Keycloak's own.
    if (!read.ok) return invalid('invalid_token', 'Invalid token', 200);
    const claims = read.value;
    if (claims['azp'] !== client.clientId) return invalid('invalid_request', 'Unmatching clients');
    const typ = textClaim(claims, 'typ');
    const bearer = typ.toLowerCase() === 'bearer' || typ === 'DPoP';
    if (!bearer && typ !== 'Refresh' && typ !== 'Offline') {
      return invalid('unsupported_token_type', 'Unsupported token type');
    }
    context.state.transaction(() => {
      revokeToken(context, realm, claims);
      if (!bearer) endSession(context, realm, textClaim(claims, 'sid'), client.id, typ === 'Offline');
    });
    context.events.user(realm, {
      type: 'REVOKE_GRANT',
      clientId: client.clientId,
      ...(typeof claims['sub'] === 'string' ? { userId: claims['sub'] } : {}),
      ...(typeof claims['sid'] === 'string' ? { sessionId: claims['sid'] } : {}),
      ipAddress: context.urls.peerOf(request).address,
      details: { client_auth_method: authenticated.value.method, token_id: textClaim(claims, 'jti') },
    });
    return reply.code(200).send();
  });
}

function endSession(context: IdpContext, realm: Realm, sid: string, clientUuid: string, offline: boolean): void {
  const session = findSession(context.state, realm.id, sid, offline);
  if (session === undefined) return;
  removeClientSession(context.state, session, clientUuid, offline);
  const rest = findSession(context.state, realm.id, sid, offline);
  if (!offline && rest !== undefined && Object.keys(rest.clients).length === 0) context.state.sessions.delete(sid);
}
