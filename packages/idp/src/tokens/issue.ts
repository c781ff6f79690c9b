import type { MutableClaims } from '../claims/context.ts';
import type { IdpContext } from '../context.ts';
import type { Client, Realm } from '../model/index.ts';
import { bearer, buildAccessClaims } from './access-claims.ts';
import { idTokenOf } from './id-token.ts';
import { signJwt } from './jwt.ts';
import { refreshTokenOf } from './refresh-token.ts';
import { textClaim } from './text-claim.ts';
import type { IssuedTokens, TokenRequest, TokenResponse } from './token-request.ts';

/**
 * Signs what a grant comes to: access token, and refresh and ID token as asked. Stores nothing. `access`: the access
 * token's claims, if they are known already.
 */
export async function issueTokens(
  context: IdpContext,
  request: TokenRequest,
  access: MutableClaims = buildAccessClaims(context, request),
): Promise<IssuedTokens> {
  const { realm, client, user, session } = request;
  const key = await context.keys.active(realm.id, accessAlgorithm(realm, client));
  const headerType = client.attributes['access.token.header.type.rfc9068'] === 'true' ? 'at+jwt' : 'JWT';
  const accessToken = signJwt(key, access, headerType);
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

function accessAlgorithm(realm: Realm, client: Client): string {
  const own = client.attributes['access.token.signed.response.alg'];
  return own !== undefined && own !== '' ? own : realm.defaultSignatureAlgorithm;
}
