import { type JsonObject, ok } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import {
  effectiveRoles,
  peekSingleUse,
  putClientSession,
  putSingleUse,
  removeClientSession,
  updateSingleUse,
} from '../../model/index.ts';
import { boundKey } from '../../tokens/bound-key.ts';
import { checkRefreshToken, type LiveToken, type TokenRefusal } from '../../tokens/check.ts';
import { issueTokens } from '../../tokens/issue.ts';
import type { TokenRequest } from '../../tokens/token-request.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { type GrantHandler, type GrantRequest, refuseGrant } from '../grants.ts';
import { textClaim } from '../../tokens/text-claim.ts';

/** `refresh_token`: new tokens from a session that still lives. `scope` neither narrows default scopes nor widens. */
export function refreshTokenGrant(context: IdpContext): GrantHandler {
  return {
    eventType: 'REFRESH_TOKEN',
    handle: async (grant) => {
      const { realm, client, form, issuer } = grant;
      const token = form.get('refresh_token');
      if (token === null) return refuseGrant(400, 'invalid_request', 'No refresh token', { error: 'invalid_token' });
      const checked = await checkRefreshToken(context, realm, issuer, token);
      if (!checked.ok) return invalid(describe(checked.refusal));
      const live = checked.value;
      if (live.client.id !== client.id) {
        return invalid("Invalid refresh token. Token client and authorized client don't match");
      }
      const bound = boundKey(live.claims);
      if (bound !== undefined && bound !== grant.dpopThumbprint) {
        return refuseGrant(400, 'invalid_dpop_proof', 'DPoP proof and token binding verification failed', {
          error: 'invalid_token',
        });
      }
      const reused = countUse(context, grant, live);
      if (reused !== undefined) return invalid(reused);
      return await refreshed(context, grant, live);
    },
  };
}

// Without `resource` a refresh is for what the grant was for (RFC 8707 §2.2), where the realm has resources at all.
function resourcesOf({ realm, resources }: GrantRequest, claims: JsonObject): { audiences?: readonly string[] } {
  if (realm.attributes['resource.indicators.enabled'] !== 'true') return {};
  const granted = carriedBy(claims)['req-aud'];
  const audiences = resources ?? granted;
  if (audiences === undefined) return {};
  return { audiences: granted === undefined ? audiences : audiences.filter((it) => granted.includes(it)) };
}

function carriedBy(claims: JsonObject): NonNullable<TokenRequest['carried']> {
  const { 'req-aud': audiences, reuse_id: family } = claims;
  return {
    ...(Array.isArray(audiences) ? { 'req-aud': audiences.filter((it) => typeof it === 'string') } : {}),
    ...(typeof family === 'string' ? { reuse_id: family } : {}),
  };
}

function invalid(description: string) {
  return refuseGrant(400, 'invalid_grant', description, { error: 'invalid_token', reason: description });
}

async function refreshed(context: IdpContext, grant: GrantRequest, live: LiveToken) {
  const { realm, client, issuer } = grant;
  const { state } = context;
  const offline = live.kind === 'of';
  // What was granted stays granted as long as the client still has the scope.
  const before = textClaim(live.claims, 'scope').split(' ');
  const has = new Set(client.optionalScopeIds.map((id) => state.scopes.get(id)?.name));
  const wanted = before.filter((name) => name === 'openid' || has.has(name)).join(' ');
  const user = live.user;
  const scopes = grantScopes(state, client, wanted, user, effectiveRoles(state, user));
  if (!scopes.ok || live.session === undefined) return invalid('Session not active');
  const touched = putClientSession(state, live.session, client, {}, offline);
  const online = offline ? state.sessions.inRealm(realm.id, touched.id) : undefined;
  if (online !== undefined) state.sessions.put({ ...online, lastAccess: state.now() });
  const issued = await issueTokens(context, {
    realm,
    client,
    user,
    issuer,
    session: touched,
    kind: live.kind,
    grant: 'rt',
    scopes: scopes.value,
    refresh: client.attributes['use.refresh.tokens'] !== 'false',
    idToken: true,
    carried: carriedBy(live.claims),
    ...resourcesOf(grant, live.claims),
    ...(grant.dpopThumbprint === undefined ? {} : { dpopThumbprint: grant.dpopThumbprint }),
  });
  return ok({
    response: issued.response,
    event: {
      userId: user.id,
      sessionId: touched.id,
      details: {
        token_id: issued.accessTokenId,
        refresh_token_id: textClaim(live.claims, 'jti'),
        refresh_token_type: textClaim(live.claims, 'typ'),
        ...(issued.refreshTokenId === undefined ? {} : { updated_refresh_token_id: issued.refreshTokenId }),
        scope: scopes.value.text,
      },
    },
  });
}

// With rotation on, a refresh token may be used `refreshTokenMaxReuse` times more than once. One use too many means that
// somebody else has it: the client's part of the session ends, and with it every token of the family.
function countUse(context: IdpContext, { realm, client }: GrantRequest, live: LiveToken): string | undefined {
  if (!realm.revokeRefreshToken) return undefined;
  const { state } = context;
  const jti = textClaim(live.claims, 'jti');
  const seen = peekSingleUse(state, realm.id, 'refresh-use', jti);
  const uses = Number(seen?.body['uses'] ?? 0) + 1;
  if (uses > realm.refreshTokenMaxReuse + 1) {
    if (live.session !== undefined) removeClientSession(state, live.session, client.id, live.kind === 'of');
    return 'Maximum allowed refresh token reuse exceeded';
  }
  if (seen !== undefined) updateSingleUse(state, seen, { uses });
  else {
    const exp = live.claims['exp'];
    const lifetime = typeof exp === 'number' ? exp - state.now() + 60 : realm.offlineSessionIdleTimeout + 60;
    putSingleUse(state, { id: jti, realmId: realm.id, purpose: 'refresh-use', lifetime, body: { uses } });
  }
  return undefined;
}

function describe(refusal: TokenRefusal): string {
  switch (refusal.why) {
    case 'invalid':
    case 'wrong-type':
    case 'client-disabled':
      return 'Invalid refresh token';
    case 'expired':
    case 'revoked':
      return 'Token is not active';
    case 'stale':
      return 'Stale token';
    case 'user-unknown':
      return 'Unknown user';
    case 'user-disabled':
      return 'User disabled';
    case 'session-not-found':
      return 'Session not active';
    case 'offline-session-not-found':
      return 'Offline user session not found';
    case 'client-session-not-found':
      return "Session doesn't have required client";
  }
  return 'Invalid refresh token';
}
