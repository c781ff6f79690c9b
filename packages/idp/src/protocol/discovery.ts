import type { RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { sendJson } from '../http/answers.ts';
import { allowAnyOrigin } from '../http/cors.ts';
import { withRealm } from '../http/realm-route.ts';
import { frontendOf, issuerAt, type Urls } from '../http/urls.ts';
import type { IdpState, Realm } from '../model/index.ts';

// The lists are Keycloak 26.7.3's, in full: clients compare this document, and what it names but this server does not
// have (docs/idp-differences.md) is refused with the error that its specification gives for that.
const signing = [
  'PS384',
  'RS384',
  'EdDSA',
  'ES384',
  'HS256',
  'HS512',
  'ES256',
  'RS256',
  'HS384',
  'ES512',
  'PS256',
  'PS512',
  'RS512',
];
const asymmetric = ['PS384', 'RS384', 'EdDSA', 'ES384', 'ES256', 'RS256', 'ES512', 'PS256', 'PS512', 'RS512'];
const encryption = [
  'ECDH-ES+A256KW',
  'ECDH-ES+A192KW',
  'ECDH-ES+A128KW',
  'RSA-OAEP',
  'RSA-OAEP-256',
  'RSA1_5',
  'ECDH-ES',
];
const content = ['A256GCM', 'A192GCM', 'A128GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'];
const authentication = [
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'tls_client_auth',
  'client_secret_jwt',
];

/** Both well-known documents: they have the same members in Keycloak. Anything else there is 404. */
export function wellKnownEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, (realm, request, reply) => {
    allowAnyOrigin(request, reply);
    reply.header('cache-control', 'no-cache, must-revalidate, no-transform, no-store');
    return sendJson(reply, 200, discoveryDocument(context.state, realm, context.urls.of(request)));
  });
}

/** OpenID Provider Metadata (OpenID Connect Discovery §3, RFC 8414 §2) of a realm as this request sees it. */
export function discoveryDocument(state: IdpState, realm: Realm, urls: Urls): object {
  const name = encodeURIComponent(realm.realm);
  const front = `${frontendOf(urls, realm)}/realms/${name}/protocol/openid-connect`;
  const back = `${urls.backend}/realms/${name}/protocol/openid-connect`;
  const registration = `${urls.backend}/realms/${name}/clients-registrations/openid-connect`;
  const withNone = [...signing, 'none'];
  const backend = {
    token_endpoint: `${back}/token`,
    introspection_endpoint: `${back}/token/introspect`,
    userinfo_endpoint: `${back}/userinfo`,
  };
  const aliases = {
    token_endpoint: backend.token_endpoint,
    revocation_endpoint: `${front}/revoke`,
    introspection_endpoint: backend.introspection_endpoint,
    device_authorization_endpoint: `${front}/auth/device`,
    registration_endpoint: registration,
    userinfo_endpoint: backend.userinfo_endpoint,
    pushed_authorization_request_endpoint: `${back}/ext/par/request`,
    backchannel_authentication_endpoint: `${back}/ext/ciba/auth`,
  };
  return {
    issuer: issuerAt(urls, realm),
    authorization_endpoint: `${front}/auth`,
    ...backend,
    end_session_endpoint: `${front}/logout`,
    frontchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    jwks_uri: `${back}/certs`,
    check_session_iframe: `${front}/login-status-iframe.html`,
    grant_types_supported: [
      'authorization_code',
      'client_credentials',
      'implicit',
      'password',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:uma-ticket',
      'urn:openid:params:grant-type:ciba',
    ],
    acr_values_supported: ['0', '1'],
    response_types_supported: [
      'code',
      'none',
      'id_token',
      'token',
      'id_token token',
      'code id_token',
      'code token',
      'code id_token token',
    ],
    subject_types_supported: ['public', 'pairwise'],
    prompt_values_supported: ['none', 'login', 'consent'],
    id_token_signing_alg_values_supported: signing,
    id_token_encryption_alg_values_supported: encryption,
    id_token_encryption_enc_values_supported: content,
    userinfo_signing_alg_values_supported: withNone,
    userinfo_encryption_alg_values_supported: encryption,
    userinfo_encryption_enc_values_supported: content,
    request_object_signing_alg_values_supported: withNone,
    request_object_encryption_alg_values_supported: encryption,
    request_object_encryption_enc_values_supported: content,
    response_modes_supported: ['query', 'fragment', 'form_post', 'query.jwt', 'fragment.jwt', 'form_post.jwt', 'jwt'],
    registration_endpoint: registration,
    token_endpoint_auth_methods_supported: authentication,
    token_endpoint_auth_signing_alg_values_supported: signing,
    introspection_endpoint_auth_methods_supported: authentication,
    introspection_endpoint_auth_signing_alg_values_supported: signing,
    authorization_signing_alg_values_supported: signing,
    authorization_encryption_alg_values_supported: encryption,
    authorization_encryption_enc_values_supported: content,
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'name',
      'given_name',
      'family_name',
      'preferred_username',
      'email',
      'acr',
      'azp',
      'nonce',
    ],
    claim_types_supported: ['normal'],
    claims_parameter_supported: true,
    scopes_supported: ['openid', ...scopeNames(state, realm)],
    request_parameter_supported: true,
    request_uri_parameter_supported: true,
    require_request_uri_registration: true,
    code_challenge_methods_supported: ['plain', 'S256'],
    tls_client_certificate_bound_access_tokens: true,
    dpop_signing_alg_values_supported: asymmetric,
    revocation_endpoint: aliases.revocation_endpoint,
    revocation_endpoint_auth_methods_supported: authentication,
    revocation_endpoint_auth_signing_alg_values_supported: signing,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    device_authorization_endpoint: aliases.device_authorization_endpoint,
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_authentication_endpoint: aliases.backchannel_authentication_endpoint,
    backchannel_authentication_request_signing_alg_values_supported: asymmetric,
    require_pushed_authorization_requests: false,
    pushed_authorization_request_endpoint: aliases.pushed_authorization_request_endpoint,
    mtls_endpoint_aliases: aliases,
    authorization_response_iss_parameter_supported: true,
  };
}

function scopeNames(state: IdpState, realm: Realm): readonly string[] {
  return state.scopes
    .ofRealm(realm.id)
    .filter((scope) => scope.protocol === 'openid-connect')
    .map((scope) => scope.name);
}
