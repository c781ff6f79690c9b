import { collectClaims, mappersOf } from '../claims/collect.ts';
import type { ClaimContext, ClaimTarget, MutableClaims } from '../claims/context.ts';
import type { IdpContext } from '../context.ts';
import { effectiveRoles, type Role } from '../model/index.ts';
import { rolesInScope } from './scopes.ts';
import type { TokenRequest } from './token-request.ts';

/** Claims that the mappers give for a document. */
export function claimsFor(
  context: IdpContext,
  request: TokenRequest,
  target: ClaimTarget,
  lightweight = false,
): MutableClaims {
  const claims = collectClaims(
    claimContext(context, request, target),
    mappersOf(request.client.protocolMappers, request.scopes.scopes),
    lightweight,
  );
  return claims;
}

function claimContext(context: IdpContext, request: TokenRequest, target: ClaimTarget): ClaimContext {
  const all = effectiveRoles(context.state, request.user);
  const roles: readonly Role[] = rolesInScope(context.state, request.client, request.scopes.scopes, all);
  const { realm, client, user, nonce } = request;
  // Keycloak's level 0: the browser's session let this client in, nobody typed a password for it.
  const bySession = request.session.clients[client.id]?.notes['SSO_AUTH'] === 'true';
  const session = bySession ? { ...request.session, acr: '0' } : request.session;
  return { state: context.state, realm, client, user, roles, session, nonce, target };
}

const order = [
  'exp',
  'iat',
  'auth_time',
  'jti',
  'iss',
  'aud',
  'sub',
  'typ',
  'azp',
  'nonce',
  'sid',
  'at_hash',
  'acr',
  'allowed-origins',
  'realm_access',
  'resource_access',
  'cnf',
  'scope',
];

/** Claims in Keycloak's order, absent ones left out. */
export function inOrder(claims: MutableClaims): MutableClaims {
  const sorted: MutableClaims = {};
  for (const name of order) if (claims[name] !== undefined) sorted[name] = claims[name];
  for (const [name, value] of Object.entries(claims)) {
    if (value === undefined || order.includes(name)) continue;
    Object.defineProperty(sorted, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return sorted;
}
