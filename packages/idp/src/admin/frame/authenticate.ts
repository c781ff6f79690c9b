import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { IdpContext } from '../../context.ts';
import { effectiveRoles, findRealm, type Realm } from '../../model/index.ts';
import { audiencesOf } from '../../tokens/issue.ts';
import { checkAccessToken, type LiveToken } from '../../tokens/check.ts';
import { decodeJwt } from '../../tokens/jwt.ts';
import { rolesInScope } from '../../tokens/scopes.ts';
import { checkOrigin } from './origin.ts';
import type { Admin } from './permissions.ts';

export type AuthenticationRefusal = { readonly why: 'no-valid-token' } | { readonly why: 'foreign-origin' };

/** Who calls: the bearer token of any realm of this server, alive, from an origin that its client has. */
export async function authenticate(
  context: IdpContext,
  request: FastifyRequest,
): Promise<Result<Admin, AuthenticationRefusal>> {
  const token = /^Bearer +([\w.-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const realm = token === undefined ? undefined : issuerOf(context, token);
  if (token === undefined || realm === undefined) return refuse({ why: 'no-valid-token' });
  const live = await checkAccessToken(context, realm, context.urls.issuer(request, realm), token);
  // A token that is bound to a key (DPoP) proves nothing as a bearer token.
  if (!live.ok || live.value.claims['cnf'] !== undefined) return refuse({ why: 'no-valid-token' });
  if (!checkOrigin(context, request, live.value.client)) return refuse({ why: 'foreign-origin' });
  return ok(adminOf(context, realm, live.value));
}

/** The realm that a token names as its issuer; whether that is true is for the signature to say. */
function issuerOf(context: IdpContext, token: string): Realm | undefined {
  const issuer = decodeJwt(token)?.claims['iss'];
  const name = typeof issuer === 'string' ? /\/realms\/([^/]+)$/.exec(issuer)?.[1] : undefined;
  if (name === undefined) return undefined;
  try {
    return findRealm(context.state, decodeURIComponent(name));
  } catch {
    return undefined;
  }
}

function adminOf(context: IdpContext, realm: Realm, live: LiveToken): Admin {
  const granted = isLightweight(live.claims) ? rolesOfUser(context, live) : rolesOfToken(live.claims);
  const fromMaster = realm.realm === 'master';
  return {
    realm,
    clientUuid: live.client.id,
    userId: live.user.id,
    has: (target, needs) => {
      if (!fromMaster && target.id !== realm.id) return false;
      const roles = granted.ofClient(fromMaster ? `${target.realm}-realm` : 'realm-management');
      return needs.some((role) => roles.has(role));
    },
    hasMasterRole: (name) => fromMaster && granted.ofRealm.has(name),
  };
}

interface GrantedRoles {
  readonly ofRealm: ReadonlySet<string>;
  ofClient(clientId: string): ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

// The letters after the session's in `jti` say what kind of token it is; the signature covers them.
function isLightweight(claims: JsonObject): boolean {
  return /^[a-z]{2}lt/.test(String(claims['jti']));
}

/**
 * Roles that the token itself carries, and of clients only those in its audience: who narrowed a token by an exchange
 * wants it useless elsewhere. Keycloak 26.7 looks at the user's roles instead, and so forgets both.
 */
function rolesOfToken(claims: JsonObject): GrantedRoles {
  const audiences = new Set(audiencesOf(claims));
  const resources = claims['resource_access'];
  const ofClient = (clientId: string): ReadonlySet<string> => {
    if (!audiences.has(clientId) || !isJsonObject(resources)) return none;
    return rolesIn(Object.getOwnPropertyDescriptor(resources, clientId)?.value);
  };
  // Realm roles survive every narrowing. An exchanged token has them only if it is meant for some management client.
  const exchanged = /^[a-z]{4}te:/.test(String(claims['jti']));
  const meant = [...audiences].some((name) => name === 'realm-management' || name.endsWith('-realm'));
  return { ofRealm: exchanged && !meant ? none : rolesIn(claims['realm_access']), ofClient };
}

function rolesIn(access: unknown): ReadonlySet<string> {
  const roles = isJsonObject(access) ? access['roles'] : undefined;
  return new Set(Array.isArray(roles) ? roles.filter((role): role is string => typeof role === 'string') : []);
}

/** A lightweight token carries no roles (admin-cli's): what counts is what its user has within its client's scope. */
function rolesOfUser(context: IdpContext, live: LiveToken): GrantedRoles {
  const { state } = context;
  const scopes = live.client.defaultScopeIds.flatMap((id) => state.scopes.get(id) ?? []);
  const roles = rolesInScope(state, live.client, scopes, effectiveRoles(state, live.user));
  const byClient = new Map<string, Set<string>>();
  const ofRealm = new Set<string>();
  for (const role of roles) {
    if (role.clientUuid === undefined) ofRealm.add(role.name);
    else {
      const clientId = state.clients.get(role.clientUuid)?.clientId ?? '';
      const known = byClient.get(clientId);
      if (known === undefined) byClient.set(clientId, new Set([role.name]));
      else known.add(role.name);
    }
  }
  return { ofRealm, ofClient: (clientId) => byClient.get(clientId) ?? none };
}
