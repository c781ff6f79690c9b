import { defaultActivation, permissionsOf, primaryRoleOf, type Rbac } from '@keyturn/policy/rbac';
import type { Principal } from '@keyturn/protocol';
import { contextOfToken, type PatOfCaller, type RoleContext, rolesOfToken } from '../../http/caller.ts';
import { userKey } from './person.ts';

/** What somebody has active in the session at hand, and what waits because of a DSD set. */
export interface Activation {
  readonly active: ReadonlySet<string>;
  readonly held: readonly string[];
  /** Whether the user has chosen; else it is what a session begins with. */
  readonly chosen: boolean;
}

/**
 * Fills the port RolesOf: the token's roles, and those that Keyturn has assigned to the user by `iss` and `sub`, as far as
 * they are active in the session at hand. Once for each token and version of the model; then it is one look-up.
 */
export function createContexts(
  model: () => Rbac,
  /** Whether what others have changed is known here; where not, assigned roles are nobody's (fail closed). */
  isCurrent: () => boolean,
): (principal: Principal, pat?: PatOfCaller) => RoleContext {
  const known = new WeakMap<Principal, { rbac: Rbac; pat: string | undefined; context: RoleContext }>();
  return (principal, pat) => {
    if (!isCurrent()) return contextOfToken(principal);
    const rbac = model();
    const before = known.get(principal);
    if (before?.rbac === rbac && before.pat === pat?.id) return before.context;
    const context = buildContext(rbac, principal, pat);
    known.set(principal, { rbac, pat: pat?.id, context });
    return context;
  };
}

function buildContext(rbac: Rbac, principal: Principal, pat: PatOfCaller | undefined): RoleContext {
  const key = keyOf(principal);
  if (key === undefined || !rbac.users.has(key)) return contextOfToken(principal);
  const { active } = activationOf(rbac, key, sessionOf(principal, pat));
  return {
    roles: [...new Set([...rolesOfToken(principal), ...rbac.hierarchy.belowAll(active)])],
    permissions: permissionsOf(rbac, key, active),
    primaryRole: primaryRoleOf(rbac, active),
  };
}

/** What is active in a session: what its user has chosen, else what every session begins with. */
export function activationOf(rbac: Rbac, user: string, session: string | undefined): Activation {
  const found = session === undefined ? undefined : rbac.sessions.get(sessionKey(user, session));
  const begun = defaultActivation(rbac, rbac.users.get(user));
  if (found === undefined) return { ...begun, chosen: false };
  return { active: found.active, held: begun.held.filter((role) => !found.active.has(role)), chosen: true };
}

/** The model's name of a person whose token says who it is. */
export function keyOf({ issuer, subject }: Principal): string | undefined {
  return subject === undefined ? undefined : userKey({ issuer, subject });
}

/**
 * What counts as one session: a personal access token is one for as long as it lives, a login at the identity provider
 * another. Tokens without either (service accounts) have none, and what is active in them cannot be chosen.
 */
export function sessionOf(principal: Principal, pat: PatOfCaller | undefined): string | undefined {
  if (pat !== undefined) return `pat:${pat.id}`;
  return principal.sessionId === undefined ? undefined : `sid:${principal.sessionId}`;
}

export function sessionKey(user: string, session: string): string {
  return `${user} ${session}`;
}
