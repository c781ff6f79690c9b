import type { MutableClaims } from '../claims/context.ts';
import type { IdpContext } from '../context.ts';
import { signJwt } from './jwt.ts';
import { clientSessionEnd, refreshTokenLifespan } from './lifespans.ts';
import type { TokenRequest } from './token-request.ts';

/** The refresh token of a grant: a JWT under the realm's own secret, which hangs on the session and is stored nowhere. */
export async function refreshTokenOf(
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
  const token = signJwt(key, {
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
