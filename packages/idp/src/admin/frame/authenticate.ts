import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import type { IdpContext } from '../../context.ts';
import { effectiveRoles, findClient, findRealm, type Realm, type Role } from '../../model/index.ts';
import { audiencesOf } from '../../tokens/access-claims.ts';
import { checkAccessToken, type LiveToken } from '../../tokens/check.ts';
import { decodeJwt } from '../../tokens/jwt.ts';
import { textClaim } from '../../tokens/text-claim.ts';
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
  const now = rolesOfUser(context, live);
  // A lightweight token that has an audience was narrowed to it, and carries nothing for anybody else.
  const whole = isLightweight(live.claims) && audiencesOf(live.claims).length === 0;
  const carried = whole ? now : rolesOfToken(live.claims);
  const fromMaster = realm.realm === 'master';
  const hasMasterRole = (name: string): boolean => fromMaster && carried.ofRealm.has(name) && now.ofRealm.has(name);
  // Nobody narrowed a token down to less than a realm that did not exist yet: whoever may create realms may go on with
  // the token that created one.
  const isYounger = (target: Realm): boolean =>
    hasMasterRole('create-realm') && target.createdAt >= Number(live.claims['iat']);
  return {
    realm,
    clientUuid: live.client.id,
    userId: live.user.id,
    has: (target, needs) => {
      if (!fromMaster && target.id !== realm.id) return false;
      const clientId = fromMaster ? `${target.realm}-realm` : 'realm-management';
      const present = now.ofClient(clientId);
      const granted = isYounger(target) ? present : carried.ofClient(clientId);
      return needs.some((role) => granted.has(role) && present.has(role));
    },
    hasMasterRole,
  };
}

interface GrantedRoles {
  readonly ofRealm: ReadonlySet<string>;
  ofClient(clientId: string): ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

// The letters after the session's in `jti` say what kind of token it is; the signature covers them.
function isLightweight(claims: JsonObject): boolean {
  return /^[a-z]{2}lt/.test(textClaim(claims, 'jti'));
}

/**
 * Roles that the token itself carries, and of clients only those in its audience: who narrowed a token by an exchange
 * wants it useless elsewhere. Keycloak 26.7 looks at the user's roles alone, and so forgets both.
 */
function rolesOfToken(claims: JsonObject): GrantedRoles {
  const audiences = new Set(audiencesOf(claims));
  const resources = claims['resource_access'];
  const ofClient = (clientId: string): ReadonlySet<string> => {
    if (!audiences.has(clientId) || !isJsonObject(resources)) return none;
    return rolesIn(Object.getOwnPropertyDescriptor(resources, clientId)?.value);
  };
  // Realm roles survive every narrowing: they count in a token that is not meant for something else. `account` is in
  // every ordinary token, and what an exchange leaves it with says nothing.
  const exchanged = /^[a-z]{4}te:/.test(textClaim(claims, 'jti'));
  const manages = [...audiences].some((name) => name === 'realm-management' || name.endsWith('-realm'));
  const meant = audiences.size === 0 || manages || (!exchanged && audiences.has('account'));
  return { ofRealm: meant ? rolesIn(claims['realm_access']) : none, ofClient };
}

function rolesIn(access: unknown): ReadonlySet<string> {
  const roles = isJsonObject(access) ? access['roles'] : undefined;
  return new Set(Array.isArray(roles) ? roles.filter((role): role is string => typeof role === 'string') : []);
}

/**
 * What the user has now within the client's scope. A lightweight token (admin-cli's) carries no roles, so these are
 * its; of any other token they are the bound: a role that was taken away is gone at once, and one that a mapper only
 * writes into the token opens nothing.
 */
function rolesOfUser(context: IdpContext, live: LiveToken): GrantedRoles {
  const { state } = context;
  const scopes = live.client.defaultScopeIds.flatMap((id) => state.scopes.get(id) ?? []);
  const roles = rolesInScope(state, live.client, scopes, effectiveRoles(state, live.user));
  const names = (of: (role: Role) => boolean): ReadonlySet<string> =>
    new Set(roles.filter(of).map((role) => role.name));
  return {
    ofRealm: names((role) => role.clientUuid === undefined),
    ofClient: (clientId) => {
      const uuid = findClient(state, live.client.realmId, clientId)?.id;
      return uuid === undefined ? none : names((role) => role.clientUuid === uuid);
    },
  };
}
