import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { parseScopes, unreachable } from '@keyturn/protocol';
import type { IdpContext } from '../context.ts';
import { noStore, sendJson } from '../http/answers.ts';
import { allowClientOrigins } from '../http/cors.ts';
import { formOf } from '../http/form.ts';
import { withRealm } from '../http/realm-route.ts';
import type { Realm } from '../model/index.ts';
import { boundKey } from '../tokens/bound-key.ts';
import { checkAccessToken, type LiveToken, type TokenRefusal } from '../tokens/check.ts';
import { isLightweight } from '../tokens/access-claims.ts';
import { claimsFor, inOrder } from '../tokens/mapped-claims.ts';
import type { TokenRequest } from '../tokens/token-request.ts';
import { grantedAgain } from '../tokens/granted-again.ts';
import { signJwt } from '../tokens/jwt.ts';
import { checkDpop } from './dpop.ts';
import { textClaim } from '../tokens/text-claim.ts';

/** The UserInfo endpoint (OpenID Connect Core §5.3): the claims that the token's scopes allow, as the user is now. */
export function userinfoEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    noStore(reply);
    const token = bearerToken(request);
    if (token === undefined) return challenge(reply, realm, 401);
    const issuer = context.urls.issuer(request, realm);
    const checked = await checkAccessToken(context, realm, issuer, token.value, { boundToo: true });
    if (!checked.ok) return challenge(reply, realm, 401, 'invalid_token', describe(checked.refusal));
    const live = checked.value;
    allowClientOrigins(request, reply, live.client);
    if (!(await isBindingGood(context, realm, request, live, token))) {
      return challenge(reply, realm, 401, 'invalid_token', 'DPoP proof and token binding verification failed');
    }
    if (isLightweight(live.client)) {
      return challenge(
        reply,
        realm,
        401,
        'invalid_token',
        'Lightweight access token not allowed for userinfo endpoint',
      );
    }
    if (!parseScopes(textClaim(live.claims, 'scope')).includes('openid')) {
      return challenge(reply, realm, 403, 'insufficient_scope', 'Missing openid scope');
    }
    const tokenRequest = grantedAgain(context, realm, issuer, live);
    const claims = inOrder({ ...claimsFor(context, tokenRequest, 'userinfo'), sub: live.user.id });
    context.events.user(realm, {
      type: 'USER_INFO_REQUEST',
      clientId: live.client.clientId,
      userId: live.user.id,
      ...(live.session === undefined ? {} : { sessionId: live.session.id }),
      ipAddress: context.urls.peerOf(request).address,
      details: { auth_method: 'validate_access_token', username: live.user.username, signature_required: 'false' },
    });
    return await answer(context, realm, tokenRequest, claims, reply);
  });
}

async function answer(context: IdpContext, realm: Realm, request: TokenRequest, claims: object, reply: FastifyReply) {
  const algorithm = request.client.attributes['user.info.response.signature.alg'];
  const subject = { sub: request.user.id, ...claims };
  if (algorithm === undefined || algorithm === '') return sendJson(reply, 200, subject);
  const key = await context.keys.active(realm.id, algorithm);
  const signed = signJwt(key, { ...subject, iss: request.issuer, aud: request.client.clientId });
  return reply.code(200).header('content-type', 'application/jwt').send(signed);
}

/** The token of a request, by header or (RFC 6750 §2.2) by form; in two places at once it counts as none. */
function bearerToken(request: FastifyRequest): { readonly value: string; readonly scheme: string } | undefined {
  const header = /^(Bearer|DPoP) +(\S+)$/i.exec(request.headers.authorization ?? '');
  const inForm = formOf(request).getAll('access_token');
  if (header?.[2] !== undefined)
    return inForm.length > 0 ? undefined : { value: header[2], scheme: String(header[1]).toLowerCase() };
  return inForm.length === 1 && inForm[0] !== undefined ? { value: inForm[0], scheme: 'bearer' } : undefined;
}

// RFC 9449 §7.1: a bound token needs the scheme DPoP and a proof by its key; the scheme needs a bound token.
async function isBindingGood(
  context: IdpContext,
  realm: Realm,
  request: FastifyRequest,
  live: LiveToken,
  token: { readonly value: string; readonly scheme: string },
): Promise<boolean> {
  const bound = boundKey(live.claims);
  if (bound === undefined) return token.scheme === 'bearer';
  if (token.scheme !== 'dpop') return false;
  const proof = await checkDpop(context, realm, request, live.client, token.value);
  return proof.ok && proof.value === bound;
}

function challenge(
  reply: FastifyReply,
  realm: Realm,
  status: 401 | 403,
  error?: string,
  description?: string,
): FastifyReply {
  const parts = [`Bearer realm="${realm.realm}"`];
  if (error !== undefined) parts.push(`error="${error}"`, `error_description="${description ?? ''}"`);
  return reply
    .code(status)
    .header('www-authenticate', parts.join(', '))
    .header('content-type', 'text/plain;charset=utf-8')
    .send('');
}

function describe(refusal: TokenRefusal): string {
  switch (refusal.why) {
    case 'session-not-found':
    case 'client-session-not-found':
    case 'offline-session-not-found':
      return 'user_session_not_found';
    case 'user-unknown':
      return 'User not found';
    case 'user-disabled':
      return 'User disabled';
    case 'client-disabled':
      return 'Client disabled';
    case 'invalid':
    case 'wrong-type':
    case 'expired':
    case 'revoked':
    case 'stale':
      return 'Token verification failed';
  }
  return unreachable(refusal);
}
