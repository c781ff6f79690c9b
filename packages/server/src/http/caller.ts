import type { Principal } from '@keyturn/protocol';
import type { Bearer } from './bearer.ts';

/** The effective roles of a principal. The spine reads the token's; the feature `rbac` replaces this port. */
export type RolesOf = (principal: Principal) => readonly string[] | Promise<readonly string[]>;

/** Who is calling: a verified principal, its effective roles, and the credential that proved it. */
export interface Caller {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly bearer: Bearer;
}

/** Realm roles by name, client roles as `client:role`: what a Keycloak token says by itself. */
export function rolesOfToken(principal: Principal): readonly string[] {
  const clientRoles = Object.entries(principal.roles.clients).flatMap(([client, roles]) =>
    roles.map((role) => `${client}:${role}`),
  );
  return [...principal.roles.realm, ...clientRoles];
}
