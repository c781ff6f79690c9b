import type { IdpContext } from '../context.ts';
import { effectiveRoles, type Realm, transientSession } from '../model/index.ts';
import type { LiveToken } from './check.ts';
import type { TokenRequest } from './token-request.ts';
import { grantScopes } from './scopes.ts';
import { textClaim } from './text-claim.ts';

/**
 * What a live token would be if it were made now: introspection and userinfo run the mappers again with the user's
 * present state, as Keycloak does, so a role that was taken away is gone.
 */
export function grantedAgain(context: IdpContext, realm: Realm, issuer: string, live: LiveToken): TokenRequest {
  const { client, user, session, kind, claims } = live;
  const optional = new Set(client.optionalScopeIds.map((id) => context.state.scopes.get(id)?.name));
  const names = textClaim(claims, 'scope').split(' ');
  const wanted = names.filter((name) => name === 'openid' || optional.has(name)).join(' ');
  const granted = grantScopes(context.state, client, wanted, user, effectiveRoles(context.state, user));
  const empty = { scopes: [], openid: false, offline: false, text: '', allNames: '' };
  const nonce = claims['nonce'];
  return {
    realm,
    client,
    user,
    issuer,
    kind,
    grant: 'rt',
    session: session ?? transientSession(context.state, { realmId: realm.id, userId: user.id, ipAddress: '' }),
    scopes: granted.ok ? granted.value : empty,
    ...(typeof nonce === 'string' ? { nonce } : {}),
    refresh: false,
    idToken: false,
  };
}
