import { ok } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import { effectiveRoles, findSession } from '../../model/index.ts';
import { type GrantHandler, refuseGrant } from '../../protocol/grants.ts';
import { isAlive } from '../../tokens/lifespans.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { startLogin } from '../../tokens/start-login.ts';
import { checkCodeVerifier } from '../authorize/pkce.ts';
import { pollDeviceRequest, spendDeviceRequest } from './device-codes.ts';

/** The device's polls at the token endpoint (RFC 8628 §3.4), with Keycloak's texts. */
export function deviceCodeGrant(context: IdpContext): GrantHandler {
  const { state } = context;
  return {
    eventType: 'OAUTH2_DEVICE_CODE_TO_TOKEN',
    handle: async ({ realm, client, form, issuer, address, dpopThumbprint, resources }) => {
      if (client.attributes['oauth2.device.authorization.grant.enabled'] !== 'true') {
        const description = 'Client not allowed OAuth 2.0 Device Authorization Grant';
        return refuseGrant(400, 'unauthorized_client', description, { error: 'not_allowed' });
      }
      const deviceCode = form.get('device_code');
      if (deviceCode === null) {
        return refuseGrant(400, 'invalid_request', 'Missing parameter: device_code', {
          error: 'invalid_oauth2_device_code',
        });
      }
      const poll = pollDeviceRequest(state, realm, deviceCode);
      // A code that is gone was used, or has expired; nothing is kept to tell which.
      if (poll.why === 'unknown') {
        return refuseGrant(400, 'expired_token', 'Device code is expired', { error: 'expired_oauth2_device_code' });
      }
      if (poll.why === 'too-fast') return refuseGrant(400, 'slow_down', 'Slow down', { error: 'slow_down' });
      const { request: asked, userCode } = poll;
      const invalid = (description: string, error = 'invalid_oauth2_device_code') =>
        refuseGrant(400, 'invalid_grant', description, { error, reason: description });
      if (asked.clientUuid !== client.id) return invalid('unauthorized client', 'invalid_client');
      const verified = checkCodeVerifier(asked.codeChallenge, form.get('code_verifier') ?? undefined);
      if (!verified.ok) return invalid(verified.refusal, 'invalid_code_verifier');
      switch (asked.decision) {
        case 'pending': {
          const description = 'The authorization request is still pending';
          return refuseGrant(400, 'authorization_pending', description, { error: 'authorization_pending' });
        }
        case 'denied':
          spendDeviceRequest(state, realm, deviceCode, userCode);
          return refuseGrant(400, 'access_denied', 'The end user denied the authorization request', {
            error: 'access_denied',
          });
        case 'approved':
      }
      if (!spendDeviceRequest(state, realm, deviceCode, userCode)) return invalid('Device code not valid');
      const session = findSession(state, realm.id, asked.sessionId ?? '');
      const user = session === undefined ? undefined : state.users.inRealm(realm.id, session.userId);
      if (session?.clients[client.id] === undefined || !isAlive(realm, session, false, state.now()))
        return invalid('Session not active');
      if (user?.enabled !== true) return invalid('User disabled', 'user_disabled');
      const scopes = grantScopes(state, client, asked.scope, user, effectiveRoles(state, user));
      if (!scopes.ok)
        return refuseGrant(400, 'invalid_scope', 'Client no longer has requested scope', { error: 'invalid_request' });
      const { issued } = await startLogin(context, {
        realm,
        client,
        user,
        issuer,
        address,
        session,
        grant: 'dg',
        scopes: scopes.value,
        scopeParameter: asked.scope,
        ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
        ...(dpopThumbprint === undefined ? {} : { dpopThumbprint }),
        ...(resources === undefined ? {} : { audiences: resources }),
      });
      const details = { token_id: issued.accessTokenId, scope: scopes.value.text };
      return ok({ response: issued.response, event: { userId: user.id, sessionId: session.id, details } });
    },
  };
}
