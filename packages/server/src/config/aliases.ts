/**
 * Every name from a seed, in one table: an environment name or flag, and the one setting that it sets.
 * Two names that set one path to different values are an error that names both.
 */
export interface Alias {
  readonly env?: string;
  readonly flag?: string;
  readonly path: string;
  /** For documents: which seed promises the name. */
  readonly seed: '000' | '001' | '002' | '003' | '004' | 'common';
}

export const aliases: readonly Alias[] = [
  { env: 'KEYCLOAK_ISSUER', path: 'auth.issuer', seed: '002' },
  { env: 'KEYCLOAK_JWKS_URL', path: 'auth.jwksUrl', seed: '002' },
  { env: 'JWKS_URI', path: 'auth.jwksUrl', seed: '003' },
  { env: 'KEYCLOAK_URL', path: 'auth.keycloakUrl', seed: '003' },
  { env: 'KEYCLOAK_REALM', path: 'auth.realm', seed: '003' },
  { env: 'EXPECTED_AUDIENCE', path: 'auth.audiences', seed: '003' },
  { env: 'TOKEN_EXCHANGE_CLIENT_ID', path: 'exchange.clientId', seed: '003' },
  { env: 'TOKEN_EXCHANGE_CLIENT_SECRET', path: 'exchange.clientSecret', seed: '003' },
  { env: 'TOKEN_EXCHANGE_CACHE_TTL_BUFFER', path: 'exchange.cacheTtlBuffer', seed: '003' },
  { env: 'TOKEN_EXCHANGE_TIMEOUT', path: 'exchange.timeout', seed: '003' },
  { env: 'CIRCUIT_BREAKER_FAILURE_THRESHOLD', path: 'exchange.failureThreshold', seed: '003' },
  { env: 'CIRCUIT_BREAKER_RECOVERY_TIMEOUT', path: 'exchange.recoveryTimeout', seed: '003' },
  { flag: 'oidc-issuer-url', path: 'auth.issuer', seed: '001' },
  { flag: 'oidc-audience', path: 'auth.audiences', seed: '001' },
  { flag: 'oidc-identity-claim', path: 'auth.identityClaim', seed: '001' },
  { env: 'LOG_LEVEL', path: 'log.level', seed: 'common' },
];

/**
 * Names that promise to turn verification off. There is no such setting: whoever sets one is told so, instead of
 * believing that it worked.
 */
export const refusedSwitches: readonly { readonly env: string; readonly refusedValues: readonly string[]; readonly reason: string }[] = [
  {
    env: 'VERIFY_AUDIENCE',
    refusedValues: ['false', '0', 'no', 'off'],
    reason:
      'the audience is always verified: without it a token meant for any other service opens this one. Remove VERIFY_AUDIENCE, and name this service in auth.audiences (EXPECTED_AUDIENCE)',
  },
];
