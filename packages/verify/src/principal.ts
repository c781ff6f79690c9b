import { inspect } from 'node:util';
import type { Claims, EpochSeconds, Principal, Result, TokenRoles } from '@keyturn/protocol';
import { epochSeconds, isJsonObject, ok, parseScopes, refuse } from '@keyturn/protocol';
import { isTexts } from './claims.ts';
import { remembering } from './memo.ts';
import type { TokenRefusal } from './refusal.ts';
import { parseFrozen } from './strict-json.ts';

/** How a token says who is calling. */
export interface IdentityRules {
  /** Claims that may hold the identity, the first that is there wins. */
  readonly identityClaims: readonly string[];
  /** Whether a token is a client's own, not a person's who logged in through it. `profile`: it says `at+jwt`. */
  readonly isServiceAccount: (claims: Claims, profile: boolean) => boolean;
  readonly readScopes: ReadScopes;
}

/** Claims that name the client. A person's token has them too, so only a client's own token is known by them. */
const clientClaims: ReadonlySet<string> = new Set(['azp', 'client_id', 'appid', 'cid']);

/**
 * Turns checked claims into the facts that the rest of the house works on. `plainText`: all claims, where those that are
 * given are only the judged ones.
 */
export function buildPrincipal(
  claims: Claims,
  audiences: readonly string[],
  rules: IdentityRules,
  accessTokenProfile: boolean,
  plainText?: string,
): Result<Principal, TokenRefusal> {
  const { iss = '', sub, azp, client_id: clientId, jti, sid, iat, exp = Number.NaN } = claims;
  const serviceAccount = rules.isServiceAccount(claims, accessTokenProfile);
  const identity = identityOf(claims, rules.identityClaims, serviceAccount);
  if (identity === undefined) return refuse({ why: 'identity', claims: rules.identityClaims });
  const facts = {
    issuer: iss,
    identity,
    subject: sub,
    client: azp ?? clientId ?? clientOfProvider(claims),
    serviceAccount,
    audiences,
    scopes: rules.readScopes(claims),
    tokenId: jti,
    sessionId: sid,
    issuedAt: iat === undefined ? undefined : epochSeconds(iat),
    expiresAt: epochSeconds(exp),
  };
  return ok(new TokenPrincipal(facts, plainText ?? claims));
}

/**
 * The principal of a token. Most services look at who calls and at the scopes and never at the other claims, so these,
 * and the roles within them, are built and frozen when first asked for. Making them members of each object would cost as
 * much as half of the rest (decision 0030): they are the class's, and `toJSON` says all.
 */
class TokenPrincipal implements Principal {
  readonly issuer: string;
  readonly identity: string;
  readonly subject: string | undefined;
  readonly client: string | undefined;
  readonly serviceAccount: boolean;
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly tokenId: string | undefined;
  readonly sessionId: string | undefined;
  readonly issuedAt: EpochSeconds | undefined;
  readonly expiresAt: EpochSeconds;
  #claims: Claims | string;
  #roles: TokenRoles | undefined;

  constructor(facts: Omit<Principal, 'roles' | 'claims'>, claims: Claims | string) {
    this.issuer = facts.issuer;
    this.identity = facts.identity;
    this.subject = facts.subject;
    this.client = facts.client;
    this.serviceAccount = facts.serviceAccount;
    this.audiences = facts.audiences;
    this.scopes = facts.scopes;
    this.tokenId = facts.tokenId;
    this.sessionId = facts.sessionId;
    this.issuedAt = facts.issuedAt;
    this.expiresAt = facts.expiresAt;
    this.#claims = claims;
    Object.freeze(this);
  }

  get roles(): TokenRoles {
    this.#roles ??= rolesOf(this.claims);
    return this.#roles;
  }

  get claims(): Claims {
    if (typeof this.#claims === 'string') this.#claims = parseFrozen(this.#claims);
    return this.#claims;
  }

  toJSON(): Principal {
    // A plain copy is what is wanted.
    // oxlint-disable-next-line typescript/no-misused-spread
    return { ...this, roles: this.roles, claims: this.claims };
  }

  [inspect.custom](): Principal {
    return this.toJSON();
  }
}

/** The client where the standard claims do not name it: Entra's v1 tokens and Okta's have their own. */
function clientOfProvider({ appid, cid }: Claims): string | undefined {
  if (typeof appid === 'string') return appid;
  return typeof cid === 'string' ? cid : undefined;
}

/**
 * The identity. A person's token carries the client's id as well (`azp`): known by it, everybody who logs in through a
 * client would be that client, so a person falls back to `sub`.
 */
function identityOf(claims: Claims, from: readonly string[], serviceAccount: boolean): string | undefined {
  for (const claim of from) {
    const value = clientClaims.has(claim) && !serviceAccount ? claims.sub : claims[claim];
    // Anyone may write any address into a profile until somebody has verified it.
    if (claim === 'email' && claims.email_verified !== true) continue;
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

const none: readonly string[] = Object.freeze([]);

/** Reads the scopes of a token: `scope` (RFC 8693 §4.2), else the `scp` of Okta and Entra; a list or one text. */
export type ReadScopes = (claims: Claims) => readonly string[];

/** Builds a reader that takes each text apart once: a client's tokens all have the same. */
export function createScopeReader(): ReadScopes {
  const scopesOf = remembering((text) => Object.freeze(parseScopes(text)));
  return (claims) => {
    const scope: unknown = claims.scope ?? claims.scp;
    if (!isTexts(scope)) return none;
    return typeof scope === 'string' ? scopesOf(scope) : scope;
  };
}

/**
 * An object without the names that all objects have: `roles.clients['constructor']` is what the token says and nothing
 * else. As quick to fill as an ordinary one, which `Object.create(null)` is not.
 */
class RolesByClient {
  [client: string]: readonly string[];
}
Object.setPrototypeOf(RolesByClient.prototype, null);
// oxlint-disable-next-line typescript/no-dynamic-delete
delete (RolesByClient.prototype as { constructor?: unknown }).constructor;

/** Keycloak's roles. Anything of another shape grants nothing. */
function rolesOf(claims: Claims): TokenRoles {
  const access = claims.resource_access;
  const clients = new RolesByClient();
  if (isJsonObject(access)) for (const client in access) clients[client] = roleList(access[client]);
  return Object.freeze({ realm: roleList(claims.realm_access), clients: Object.freeze(clients) });
}

function roleList(access: unknown): readonly string[] {
  const roles: unknown = isJsonObject(access) ? access.roles : undefined;
  return isTexts(roles) && typeof roles !== 'string' ? roles : none;
}
