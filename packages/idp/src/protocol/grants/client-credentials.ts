import { ok } from '@keyturn/protocol';
import type { IdpContext } from '../../context.ts';
import { createSession, putClientSession, serviceAccountOf, transientSession } from '../../model/index.ts';
import { issueTokens } from '../../tokens/issue.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { type GrantHandler, refuseGrant } from '../grants.ts';

/** `client_credentials`: a token of the client's own service account. Writes nothing, unless the client wants refresh tokens. */
export function clientCredentialsGrant(context: IdpContext): GrantHandler {
  return {
    eventType: 'CLIENT_LOGIN',
    handle: async ({ realm, client, form, issuer, address, dpopThumbprint, resources }) => {
      const forbid = (description: string) =>
        refuseGrant(401, 'unauthorized_client', description, { error: 'invalid_client', reason: description });
      if (client.publicClient) return forbid('Public client not allowed to retrieve service account');
      if (!client.serviceAccountsEnabled) return forbid('Client not enabled to retrieve service account');
      const user = serviceAccountOf(context.state, client);
      if (user === undefined) return forbid('Client not enabled to retrieve service account');
      if (!user.enabled) {
        return refuseGrant(401, 'invalid_request', `User '${user.username}' disabled`, { error: 'user_disabled' });
      }
      const scopes = grantScopes(context.state, client, form.get('scope') ?? undefined);
      if (!scopes.ok) {
        const description = `Invalid scopes: ${scopes.refusal.scope}`;
        return refuseGrant(400, 'invalid_scope', description, { error: 'invalid_request', reason: description });
      }
      const withRefresh = client.attributes['client_credentials.use_refresh_token'] === 'true';
      const notes = { clientHost: address, clientAddress: address, client_id: client.clientId };
      const session = withRefresh
        ? context.state.transaction(() => {
            const started = createSession(context.state, {
              realmId: realm.id,
              userId: user.id,
              ipAddress: address,
              notes,
            });
            return putClientSession(context.state, started, client, { scope: form.get('scope') ?? '' });
          })
        : transientSession(context.state, { realmId: realm.id, userId: user.id, ipAddress: address, notes });
      const issued = await issueTokens(context, {
        realm,
        client,
        user,
        issuer,
        session,
        kind: withRefresh ? 'on' : 'tr',
        grant: 'cc',
        scopes: scopes.value,
        refresh: withRefresh,
        idToken: true,
        ...(dpopThumbprint === undefined ? {} : { dpopThumbprint }),
        ...(resources === undefined ? {} : { audiences: resources }),
      });
      return ok({
        response: issued.response,
        event: {
          userId: user.id,
          ...(withRefresh ? { sessionId: session.id } : {}),
          details: { token_id: issued.accessTokenId, scope: scopes.value.text, username: user.username },
        },
      });
    },
  };
}
