import type { SettingAlias } from '@keyturn/net';

/** Names by which the seeds' users set things today; each sets exactly one setting. Two that disagree are an error. */
export const aliases: readonly SettingAlias[] = [
  // 002: the issuer apart from the key address
  { env: 'KEYCLOAK_ISSUER', path: 'auth.issuer' },
  { env: 'KEYCLOAK_JWKS_URL', path: 'auth.jwksUrl' },
  // 000: personal access tokens
  { env: 'PAT__TOKEN_ISSUER_ADAPTER', path: 'pat.token_issuer_adapter' },
  { env: 'PAT__TOKEN_ISSUER_KWARGS__TOKEN_URL', path: 'pat.token_issuer_kwargs.token_url' },
  { env: 'PAT__TOKEN_ISSUER_KWARGS__CLIENT_ID', path: 'pat.token_issuer_kwargs.client_id' },
  { env: 'PAT__TOKEN_ISSUER_KWARGS__CLIENT_SECRET', path: 'pat.token_issuer_kwargs.client_secret' },
  { env: 'PAT__TOKEN_ISSUER_KWARGS__AUDIENCE', path: 'pat.token_issuer_kwargs.audience' },
  { env: 'PAT__TOKEN_ISSUER_KWARGS__SIGNING_KEY', path: 'pat.token_issuer_kwargs.signing_key' },
  // 003: token exchange and tools
  { env: 'KEYCLOAK_URL', path: 'auth.keycloakUrl' },
  { env: 'KEYCLOAK_REALM', path: 'auth.realm' },
  { env: 'JWKS_URI', path: 'auth.jwksUrl' },
  { env: 'EXPECTED_AUDIENCE', path: 'auth.audiences' },
  { env: 'VERIFY_AUDIENCE', path: 'auth.audiences', parse: readVerifyAudience },
  { env: 'TOKEN_EXCHANGE_CLIENT_ID', path: 'exchange.clientId' },
  { env: 'TOKEN_EXCHANGE_CLIENT_SECRET', path: 'exchange.clientSecret' },
  { env: 'TOKEN_EXCHANGE_CACHE_TTL_BUFFER', path: 'exchange.cacheTtlBuffer' },
  { env: 'TOKEN_EXCHANGE_TIMEOUT', path: 'exchange.timeout' },
  { env: 'CIRCUIT_BREAKER_FAILURE_THRESHOLD', path: 'exchange.failureThreshold' },
  { env: 'CIRCUIT_BREAKER_RECOVERY_TIMEOUT', path: 'exchange.recoveryTimeout' },
  // 004: groups and roles
  { env: 'KEYCLOAK_GROUP_TO_ROLE', path: 'rbac.groupToRole' },
  { env: 'OTEL_EXPORTER_OTLP_ENDPOINT', path: 'telemetry.endpoint' },
  { env: 'OTEL_SERVICE_NAME', path: 'telemetry.serviceName' },
  // 001: flags
  { flag: 'oidc-issuer-url', path: 'auth.issuer' },
  { flag: 'oidc-audience', path: 'auth.audiences' },
  { flag: 'oidc-identity-claim', path: 'auth.identityClaim' },
  // 004: login
  { env: 'KEYCLOAK_SERVER_URL', path: 'auth.backchannelUrl' },
  { env: 'KEYCLOAK_CLIENT_ID', path: 'login.clientId' },
  { env: 'KEYCLOAK_CLIENT_SECRET', path: 'login.clientSecret' },
  { flag: 'agent-subjects', path: 'requests.agentSubjects' },
  { flag: 'reviewer-subjects', path: 'requests.reviewerSubjects' },
  // 001: the values of its Helm chart, as they stand in a file or after --set
  ...gatewayAlias('oidcIssuerURL', 'auth.issuer', { path: 'auth.discovery', value: true }),
  ...gatewayAlias('oidcAudience', 'auth.audiences', { path: 'requests', value: {} }),
  ...gatewayAlias('oidcIdentityClaim', 'auth.identityClaim'),
  ...gatewayAlias('agentSubjects', 'requests.agentSubjects'),
  ...gatewayAlias('reviewerSubjects', 'requests.reviewerSubjects'),
  { env: 'LOG_LEVEL', path: 'log.level', parse: (text) => ({ ok: true, value: text.toLowerCase() }) },
];

/**
 * There is no setting that turns the audience check off: whoever tries is told so, instead of believing that it
 * worked. `true` says what is the case anyway.
 */
function readVerifyAudience(text: string): ReturnType<NonNullable<SettingAlias['parse']>> {
  if (['true', '1', 'yes', 'on'].includes(text.trim().toLowerCase())) return { ok: true, value: undefined };
  return {
    ok: false,
    refusal:
      'would turn the audience check off, and there is no such setting: without it a token meant for any other service opens this one. Remove it, and name this service in auth.audiences (EXPECTED_AUDIENCE)',
  };
}

function gatewayAlias(name: string, path: string, implies?: SettingAlias['implies']): readonly SettingAlias[] {
  const full = `gateway.auth.${name}`;
  return [{ file: full, flag: full, path, ...(implies === undefined ? {} : { implies }) }];
}
