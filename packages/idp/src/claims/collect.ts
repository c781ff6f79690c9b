import type { ClientScope, ProtocolMapper, Role } from '../model/index.ts';
import { appliesTo, type ClaimContext, type ClaimMapper, type MutableClaims } from './context.ts';
import { acr, allowedOrigins, hardcodedClaim, nonce, nothing, sessionNote, sessionState } from './other-mappers.ts';
import { audience, audienceResolve, clientRoles, hardcodedRole, realmRoles } from './role-mappers.ts';
import { address, fullName, groupMembership, subject, userAttribute, userProperty } from './user-mappers.ts';

/** The mapper types that exist, in the names of `protocolMapper`. */
export const claimMappers: Readonly<Record<string, ClaimMapper>> = {
  'oidc-acr-mapper': acr,
  'oidc-address-mapper': address,
  'oidc-allowed-origins-mapper': allowedOrigins,
  'oidc-amr-mapper': nothing,
  'oidc-audience-mapper': audience,
  'oidc-audience-resolve-mapper': audienceResolve,
  'oidc-claims-param-token-mapper': nothing,
  'oidc-claims-param-value-idtoken-mapper': nothing,
  'oidc-full-name-mapper': fullName,
  'oidc-group-membership-mapper': groupMembership,
  'oidc-hardcoded-claim-mapper': hardcodedClaim,
  'oidc-hardcoded-role-mapper': nothing,
  'oidc-nonce-backwards-compatible-mapper': nonce,
  'oidc-organization-group-membership-mapper': nothing,
  'oidc-organization-membership-mapper': nothing,
  'oidc-role-name-mapper': nothing,
  'oidc-session-state-mapper': sessionState,
  'oidc-sha256-pairwise-sub-mapper': nothing,
  'oidc-sub-mapper': subject,
  'oidc-usermodel-attribute-mapper': userAttribute,
  'oidc-usermodel-client-role-mapper': clientRoles,
  'oidc-usermodel-property-mapper': userProperty,
  'oidc-usermodel-realm-role-mapper': realmRoles,
  'oidc-usersessionmodel-note-mapper': sessionNote,
};

// Mapper types that belong to some documents only, whatever their configuration says.
const notIn: Readonly<Record<string, readonly string[]>> = {
  'oidc-acr-mapper': ['userinfo'],
  'oidc-audience-mapper': ['userinfo'],
  'oidc-audience-resolve-mapper': ['id', 'userinfo'],
  'oidc-allowed-origins-mapper': ['id', 'userinfo'],
  'oidc-sub-mapper': ['id', 'userinfo'],
  'oidc-usersessionmodel-note-mapper': ['userinfo'],
};

/** The mappers of a client: its own and those of its scopes. */
export function mappersOf(own: readonly ProtocolMapper[], scopes: readonly ClientScope[]): readonly ProtocolMapper[] {
  return [...scopes.flatMap((scope) => scope.protocolMappers), ...own];
}

/** Runs all mappers that apply to the document and returns what they add. */
export function collectClaims(
  context: ClaimContext,
  mappers: readonly ProtocolMapper[],
  lightweight = false,
): MutableClaims {
  const claims: MutableClaims = {};
  const widened = { ...context, roles: withHardcodedRoles(context, mappers) };
  for (const mapper of mappers) {
    const run = claimMappers[mapper.protocolMapper];
    if (run === undefined || notIn[mapper.protocolMapper]?.includes(context.target) === true) continue;
    // Keycloak's resolver and origin mappers predate the switches: without configuration they act on access tokens.
    const bare = Object.keys(mapper.config).length === 0;
    if (bare ? context.target === 'access' && !lightweight : appliesTo(mapper.config, context.target, lightweight)) {
      run(widened, mapper.config, claims);
    }
  }
  return claims;
}

function withHardcodedRoles(context: ClaimContext, mappers: readonly ProtocolMapper[]): readonly Role[] {
  const more = mappers.flatMap((mapper) =>
    mapper.protocolMapper === 'oidc-hardcoded-role-mapper'
      ? (hardcodedRole(context, mapper.config['role'] ?? '') ?? [])
      : [],
  );
  return more.length === 0 ? context.roles : [...new Set([...context.roles, ...more])];
}
