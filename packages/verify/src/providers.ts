import type { Claims } from '@keyturn/protocol';
import type { IdentityRules } from './principal.ts';

/** What is particular to an identity provider. Seed 001's table, corrected where the provider's own papers differ. */
export interface ProviderPreset extends Pick<IdentityRules, 'identityClaims' | 'isServiceAccount'> {
  readonly name: ProviderName;
  /** What `aud` is and how to get the resource's own name into it. */
  readonly audience: string;
  readonly notes: string;
  /** Whether this provider's ID tokens are what an API is given. */
  readonly acceptIdTokens: boolean;
}

export type ProviderName = 'keycloak' | 'okta' | 'auth0' | 'entra' | 'ping' | 'google';

/** Keycloak names the client of a service account in `client_id` and gives its token no `sid`. */
function isKeycloakServiceAccount(claims: Claims): boolean {
  return claims.client_id !== undefined && claims.sid === undefined;
}

export const providers: Readonly<Record<ProviderName, ProviderPreset>> = {
  keycloak: {
    name: 'keycloak',
    identityClaims: ['azp'],
    isServiceAccount: isKeycloakServiceAccount,
    audience:
      'Only what mappers put there. Give the client that asks for the token an "Audience" mapper (oidc-audience-mapper) with this resource as "Included Custom Audience", access token on, ID token off.',
    notes: 'azp is the identity of service accounts; people are known by sub, since azp is only the client they use.',
    acceptIdTokens: false,
  },
  okta: {
    name: 'okta',
    identityClaims: ['sub'],
    isServiceAccount: (claims) => claims.uid === undefined && claims.cid !== undefined && claims.sub === claims.cid,
    audience:
      'The "Audience" of the custom authorization server (api://default unless changed). Tokens of the org server are for Okta itself and cannot be checked by others.',
    notes: 'For a service app sub is its client id; the client stands in cid, scopes in scp.',
    acceptIdTokens: false,
  },
  auth0: {
    name: 'auth0',
    identityClaims: ['sub'],
    isServiceAccount: (claims) => claims.gty === 'client-credentials' || claims.sub?.endsWith('@clients') === true,
    audience: 'The identifier of the API as registered in Auth0; a token asked for without "audience" is opaque.',
    notes: 'The issuer ends in a slash. For machine-to-machine applications sub is <client_id>@clients.',
    acceptIdTokens: false,
  },
  entra: {
    name: 'entra',
    identityClaims: ['appid', 'azp'],
    isServiceAccount: (claims) => claims.idtyp === 'app' || (claims.oid !== undefined && claims.oid === claims.sub),
    audience:
      'v1 tokens: the Application ID URI (api://…); v2 tokens: the client id of the API. The version is set by requestedAccessTokenVersion in the manifest of the API.',
    notes:
      'The client is appid in v1 tokens (issuer https://sts.windows.net/<tenant>/) and azp in v2 tokens (https://login.microsoftonline.com/<tenant>/v2.0).',
    acceptIdTokens: false,
  },
  ping: {
    name: 'ping',
    identityClaims: ['client_id', 'sub'],
    isServiceAccount: (claims) => claims.sub === undefined || claims.sub === claims.client_id,
    audience: 'Set per resource (PingOne) or per access token manager (PingFederate).',
    notes: 'Which claims a token has depends on the access token mapping; look at one with diagnose.',
    acceptIdTokens: false,
  },
  google: {
    name: 'google',
    identityClaims: ['email'],
    isServiceAccount: (claims) => typeof claims.email === 'string' && claims.email.endsWith('.gserviceaccount.com'),
    audience: 'Whatever target_audience the service account asked for when it minted its ID token.',
    notes:
      "Google's access tokens are opaque. A service of your own is called with an ID token of issuer https://accounts.google.com, so this preset accepts ID tokens.",
    acceptIdTokens: true,
  },
};

/**
 * For issuers without a preset: Keycloak's rule. By RFC 9068 §2.2 people's tokens name the client in `client_id` too,
 * so that in a token which says `at+jwt`, and has no mark of Keycloak, the client must be its own subject.
 */
export function isServiceAccount(claims: Claims, accessTokenProfile: boolean): boolean {
  if (!isKeycloakServiceAccount(claims)) return false;
  return !accessTokenProfile || claims.typ !== undefined || claims.sub === claims.client_id;
}

/** Whose token this looks like, by its issuer and by claims that only one provider writes. */
export function recogniseProvider(claims: Claims): ProviderName | undefined {
  const host = typeof claims.iss === 'string' && URL.canParse(claims.iss) ? new URL(claims.iss).hostname : '';
  const under = (domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
  if (under('login.microsoftonline.com') || under('sts.windows.net')) return 'entra';
  if (under('accounts.google.com') || under('securetoken.google.com')) return 'google';
  if (under('okta.com') || under('oktapreview.com') || under('okta-emea.com')) return 'okta';
  if (under('auth0.com') || claims.gty !== undefined) return 'auth0';
  if (/(^|\.)(pingone|pingidentity)\.[a-z.]+$/.test(host)) return 'ping';
  if (typeof claims.iss === 'string' && /\/realms\/[^/]+$/.test(claims.iss)) return 'keycloak';
  return claims.cid !== undefined && claims.uid !== undefined ? 'okta' : undefined;
}
