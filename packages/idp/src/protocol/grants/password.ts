import { ok } from '@keyturn/protocol';
import { checkPassword, pendingActions } from '../../authentication.ts';
import type { IdpContext } from '../../context.ts';
import { effectiveRoles } from '../../model/index.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { startLogin } from '../../tokens/start-login.ts';
import { type GrantHandler, refuseGrant } from '../grants.ts';

/** `password`: the user's name and password in the request. For tests and old clients; pages are the better way. */
export function passwordGrant(context: IdpContext): GrantHandler {
  return {
    eventType: 'LOGIN',
    handle: async ({ realm, client, form, issuer, address, dpopThumbprint, resources }) => {
      if (!client.directAccessGrantsEnabled) {
        return refuseGrant(400, 'unauthorized_client', 'Client not allowed for direct access grants', {
          error: 'not_allowed',
        });
      }
      if (client.consentRequired) {
        return refuseGrant(400, 'invalid_client', 'Client requires user consent', { error: 'consent_denied' });
      }
      const parameter = form.get('scope') ?? undefined;
      const known = grantScopes(context.state, client, parameter);
      if (!known.ok) {
        const description = `Invalid scopes: ${known.refusal.scope}`;
        return refuseGrant(400, 'invalid_scope', description, { error: 'invalid_request', reason: description });
      }
      const username = form.get('username');
      if (username === null) {
        return refuseGrant(401, 'invalid_request', 'Missing parameter: username', { error: 'user_not_found' });
      }
      const login = await checkPassword(context, realm, username, form.get('password') ?? '', address);
      if (!login.ok) {
        const { refusal } = login;
        const facts = refusal.why === 'unknown' ? {} : { userId: refusal.user.id };
        const details = { username };
        switch (refusal.why) {
          case 'disabled':
            return refuseGrant(400, 'invalid_grant', 'Account disabled', { error: 'user_disabled', ...facts, details });
          case 'locked': {
            const error = refusal.permanently ? 'user_disabled' : 'user_temporarily_disabled';
            return refuseGrant(400, 'invalid_grant', 'Invalid user credentials', { error, ...facts, details });
          }
          case 'unknown':
            return refuseGrant(400, 'invalid_grant', 'Invalid user credentials', { error: 'user_not_found', details });
          case 'wrong':
            return refuseGrant(400, 'invalid_grant', 'Invalid user credentials', {
              error: 'invalid_user_credentials',
              ...facts,
              details,
            });
        }
      }
      const user = login.value;
      if (pendingActions(realm, user).length > 0) {
        const event = { error: 'resolve_required_actions', userId: user.id, details: { username } };
        return refuseGrant(400, 'invalid_grant', 'Account is not fully set up', event);
      }
      const scopes = grantScopes(context.state, client, parameter, user, effectiveRoles(context.state, user));
      if (!scopes.ok) return refuseGrant(400, 'invalid_scope', 'Invalid scopes', { error: 'invalid_request' });
      const started = await startLogin(context, {
        realm,
        client,
        user,
        issuer,
        address,
        grant: 'ro',
        scopes: scopes.value,
        scopeParameter: parameter ?? '',
        ...(dpopThumbprint === undefined ? {} : { dpopThumbprint }),
        ...(resources === undefined ? {} : { audiences: resources }),
      });
      return ok({
        response: started.issued.response,
        event: {
          userId: user.id,
          sessionId: started.session.id,
          details: {
            auth_method: 'openid-connect',
            token_id: started.issued.accessTokenId,
            ...(started.issued.refreshTokenId === undefined ? {} : { refresh_token_id: started.issued.refreshTokenId }),
            scope: scopes.value.text,
            username: user.username,
          },
        },
      });
    },
  };
}
