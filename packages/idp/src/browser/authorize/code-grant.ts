import { ok } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import { effectiveRoles, findSession } from '../../model/index.ts';
import { type GrantHandler, refuseGrant } from '../../protocol/grants.ts';
import { missingResource } from '../../protocol/resource-indicators.ts';
import { isAlive } from '../../tokens/lifespans.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { startLogin } from '../../tokens/start-login.ts';
import { redeemCode } from './code.ts';
import { checkCodeVerifier } from './pkce.ts';

/** `authorization_code`: the code from the browser for tokens. Whatever is wrong with the request, the code is spent. */
export function authorizationCodeGrant(context: IdpContext): GrantHandler {
  const { state } = context;
  return {
    eventType: 'CODE_TO_TOKEN',
    handle: async ({ realm, client, form, issuer, address, dpopThumbprint, resources }) => {
      const code = form.get('code');
      if (code === null || code === '') {
        return refuseGrant(400, 'invalid_request', 'Missing parameter: code', { error: 'invalid_code' });
      }
      const facts = redeemCode(state, realm, code);
      if (facts === undefined) return refuseGrant(400, 'invalid_grant', 'Code not valid', { error: 'invalid_code' });
      const about = { userId: facts.userId, sessionId: facts.sessionId };
      const invalid = (description: string, error = 'invalid_code') =>
        refuseGrant(400, 'invalid_grant', description, { error, ...about, reason: description });

      const user = state.users.inRealm(realm.id, facts.userId);
      if (user === undefined) return invalid('User not found', 'user_not_found');
      if (!user.enabled) return invalid('User disabled', 'user_disabled');
      const redirectUri = form.get('redirect_uri') ?? undefined;
      if (facts.redirectUri !== undefined && facts.redirectUri !== redirectUri)
        return invalid('Incorrect redirect_uri');
      if (facts.clientUuid !== client.id) return invalid('Auth error: Found different client_id in clientSession');
      if (!client.standardFlowEnabled) return invalid('Client not allowed to exchange code', 'not_allowed');
      const session = findSession(state, realm.id, facts.sessionId);
      if (session?.clients[client.id] === undefined || !isAlive(realm, session, false, state.now())) {
        return invalid('Session not active', 'user_session_not_found');
      }
      const verified = checkCodeVerifier(facts.codeChallenge, form.get('code_verifier') ?? undefined);
      if (!verified.ok) return invalid(verified.refusal, 'invalid_code_verifier');
      if (facts.dpopThumbprint !== undefined && facts.dpopThumbprint !== dpopThumbprint) {
        return invalid('DPoP Proof public key thumbprint does not match dpop_jkt', 'invalid_dpop_proof');
      }
      const scopes = grantScopes(state, client, facts.scope, user, effectiveRoles(state, user));
      if (!scopes.ok)
        return refuseGrant(400, 'invalid_scope', 'Client no longer has requested scope', { error: 'invalid_request' });
      const target = (description: string) =>
        refuseGrant(400, 'invalid_target', description, { error: 'invalid_request', ...about, reason: description });
      // RFC 8707 §2.2: the token request may narrow what was granted, never widen it.
      if (facts.resources !== undefined && resources?.every((it) => facts.resources?.includes(it)) === false) {
        return target('resource was not part of the authorization request');
      }
      const audiences = resources ?? facts.resources;
      // Nothing was awaited since the code was spent, so the session is still the one that was looked up.
      const { issued } = await startLogin(context, {
        realm,
        client,
        user,
        issuer,
        address,
        session,
        grant: 'ac',
        scopes: scopes.value,
        scopeParameter: facts.scope,
        ...(facts.nonce === undefined ? {} : { nonce: facts.nonce }),
        ...(redirectUri === undefined ? {} : { redirectUri }),
        ...(dpopThumbprint === undefined ? {} : { dpopThumbprint }),
        ...(audiences === undefined ? {} : { audiences }),
      });
      const missing = missingResource(audiences ?? [], issued.response.access_token);
      if (missing !== undefined) return target(`Requested resource not available: ${missing}`);
      const details = {
        code_id: session.id,
        token_id: issued.accessTokenId,
        ...(issued.refreshTokenId === undefined ? {} : { refresh_token_id: issued.refreshTokenId }),
        scope: scopes.value.text,
      };
      return ok({ response: issued.response, event: { ...about, details } });
    },
  };
}
