import { buildPermissionSet, type PermissionSet } from '@keyturn/policy/rbac';
import type { PatId, Principal } from '@keyturn/protocol';
import type { Bearer } from './bearer.ts';

/** What somebody is and may, for the length of one request. */
export interface RoleContext {
  /** Roles of the token, and those that Keyturn has assigned, with all that they inherit from. */
  readonly roles: readonly string[];
  /** What the roles that Keyturn has assigned permit; the token's own roles give none. */
  readonly permissions: PermissionSet;
  /** Of the roles that Keyturn has assigned, the one with the highest tier. */
  readonly primaryRole: string | undefined;
}

/** The effective roles of a principal: the feature `rbac` fills this port. `pat` is what narrows the caller, if anything. */
export type RolesOf = (principal: Principal, pat?: PatOfCaller) => RoleContext | Promise<RoleContext>;

/** Who is calling: a verified principal, its effective roles, and the credential that proved it. */
export interface Caller extends RoleContext {
  readonly principal: Principal;
  readonly bearer: Bearer;
  /** Set where the caller came with a personal access token, which narrows what they may do. */
  readonly pat?: PatOfCaller;
  /**
   * Set where the caller came with what reference tokens are swapped for, as an upstream is shown it. Which of them it was
   * and what narrows that one is not known here, so it makes no token and turns no second key.
   */
  readonly isSwapped?: true;
  /** Set where the caller is a browser with a session of Keyturn's own. */
  readonly session?: SessionOfCaller;
}

/** Whether this is a swapped token by itself, and not the one behind a browser's session, whose person is there. */
export function isSwappedAlone({ isSwapped, session }: Pick<Caller, 'isSwapped' | 'session'>): boolean {
  return isSwapped === true && session === undefined;
}

/** Which session a browser came with; `break-glass` is one that the identity provider knows nothing of. */
export interface SessionOfCaller {
  readonly id: string;
  readonly kind: 'oidc' | 'break-glass';
  /** What its own pages send as X-CSRF-Token with whatever changes something. */
  readonly csrfToken: string;
}

export interface PatOfCaller {
  readonly id: PatId;
  readonly kind: 'reference' | 'jwt' | 'memory';
  readonly limits: PatLimits;
  /** Realm roles that the owner has now, where they are known: a token that lives a year may say more. */
  readonly realmRolesNow?: readonly string[];
}

/**
 * What narrows a personal access token: the caller's rights are those of its owner now, cut by these. Undefined lists cut
 * nothing.
 */
export interface PatLimits {
  /** Services that it may be used at. */
  readonly audiences?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Tool ids, `source/*` for all of a source. Then it does nothing else than list and call these. */
  readonly tools?: readonly string[] | undefined;
  /** Networks from which it may be used. */
  readonly sourceCidrs?: readonly string[] | undefined;
  readonly readOnly: boolean;
  /** Whether it may turn the second key. */
  readonly mayApprove: boolean;
}

/** Realm roles by name, client roles as `client:role`: what a Keycloak token says by itself. */
export function rolesOfToken(principal: Principal): readonly string[] {
  const clientRoles = Object.entries(principal.roles.clients).flatMap(([client, roles]) =>
    roles.map((role) => `${client}:${role}`),
  );
  return [...principal.roles.realm, ...clientRoles];
}

/** Where nothing is known beyond the token: its roles, and no permission. */
export function contextOfToken(principal: Principal): RoleContext {
  return { roles: rolesOfToken(principal), permissions: noPermissions, primaryRole: undefined };
}

const noPermissions = buildPermissionSet([]);
