import type { IdpContext } from '../context.ts';
import { effectiveRoles, type Realm, type UserSession } from '../model/index.ts';
import type { LiveToken } from './check.ts';
import type { TokenRequest } from './issue.ts';
import { grantScopes } from './scopes.ts';

/**
 * What a live token would be if it were made now: introspection and userinfo run the mappers again with the user's
 * present state, as Keycloak does, so a role that was taken away is gone.
 */
export function grantedAgain(context: IdpContext, realm: Realm, issuer: string, live: LiveToken): TokenRequest {
  const { client, user, session, kind, claims } = live;
  const optional = new Set(client.optionalScopeIds.map((id) => context.state.scopes.get(id)?.name));
  const names = String(claims['scope'] ?? '').split(' ');
  const wanted = names.filter((name) => name === 'openid' || optional.has(name)).join(' ');
  const granted = grantScopes(context.state, client, wanted, user, effectiveRoles(context.state, user));
  const empty = { scopes: [], openid: false, offline: false, text: '', allNames: '' };
  const nonce = claims['nonce'];
  return {
    ...{ realm, client, user, issuer, kind, grant: 'rt' },
    session: session ?? transient(realm.id, user.id, context.state.now()),
    scopes: granted.ok ? granted.value : empty,
    ...(typeof nonce === 'string' ? { nonce } : {}),
    ...{ refresh: false, idToken: false },
  };
}

function transient(realmId: string, userId: string, now: number): UserSession {
  const times = { started: now, lastAccess: now };
  return {
    id: '',
    realmId,
    userId,
    ...times,
    ipAddress: '',
    rememberMe: false,
    authMethod: '',
    notes: {},
    clients: {},
  };
}
