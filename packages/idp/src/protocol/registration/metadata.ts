import { grantTypes, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { text, texts } from '../../import/fields.ts';
import type { Client, NewClient } from '../../model/index.ts';

export interface MetadataRefusal {
  readonly error: 'invalid_client_metadata' | 'invalid_redirect_uri';
  readonly description: string;
}

const methods: Readonly<Record<string, { readonly publicClient: boolean; readonly clientAuthenticatorType: string }>> =
  {
    none: { publicClient: true, clientAuthenticatorType: 'client-secret' },
    client_secret_basic: { publicClient: false, clientAuthenticatorType: 'client-secret' },
    client_secret_post: { publicClient: false, clientAuthenticatorType: 'client-secret' },
    client_secret_jwt: { publicClient: false, clientAuthenticatorType: 'client-secret-jwt' },
    private_key_jwt: { publicClient: false, clientAuthenticatorType: 'client-jwt' },
  };

/** What of OpenID Connect client metadata (RFC 7591 §2) the client becomes. Unknown members are ignored, as §2 asks. */
export function clientFromMetadata(metadata: JsonObject): Result<NewClient, MetadataRefusal> {
  const method = methods[text(metadata, 'token_endpoint_auth_method') ?? 'client_secret_basic'];
  if (method === undefined) return invalid('token_endpoint_auth_method is not supported');
  const redirectUris = texts(metadata['redirect_uris']);
  const bad = redirectUris.find((uri) => !isRedirectUri(uri));
  if (bad !== undefined)
    return refuse({ error: 'invalid_redirect_uri', description: 'A redirect URI is not a valid URI' });
  const grants =
    metadata['grant_types'] === undefined ? [grantTypes.authorizationCode] : texts(metadata['grant_types']);
  const responses = metadata['response_types'] === undefined ? ['code'] : texts(metadata['response_types']);
  if (responses.some((type) => type !== 'code' && type !== 'none'))
    return invalid('only the response type code is supported');
  const withCode = grants.includes(grantTypes.authorizationCode);
  if (withCode && redirectUris.length === 0)
    return refuse({ error: 'invalid_redirect_uri', description: 'redirect_uris is missing' });
  if (method.publicClient && grants.includes(grantTypes.clientCredentials)) {
    return invalid('client_credentials needs a client that authenticates');
  }
  const optional = {
    name: text(metadata, 'client_name'),
    baseUrl: text(metadata, 'client_uri'),
    rootUrl: undefined,
  };
  return ok({
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...method,
    redirectUris,
    standardFlowEnabled: withCode,
    directAccessGrantsEnabled: grants.includes(grantTypes.password),
    serviceAccountsEnabled: grants.includes(grantTypes.clientCredentials),
    fullScopeAllowed: false,
    attributes: attributesOf(metadata, grants),
  });
}

function attributesOf(metadata: JsonObject, grants: readonly string[]): Readonly<Record<string, string>> {
  const jwks = metadata['jwks'];
  const texts: Readonly<Record<string, string | undefined>> = {
    'jwks.url': text(metadata, 'jwks_uri'),
    'use.jwks.url': text(metadata, 'jwks_uri') === undefined ? undefined : 'true',
    'jwks.string': jwks === undefined ? undefined : JSON.stringify(jwks),
    'use.jwks.string': jwks === undefined ? undefined : 'true',
    logoUri: text(metadata, 'logo_uri'),
    policyUri: text(metadata, 'policy_uri'),
    tosUri: text(metadata, 'tos_uri'),
    'backchannel.logout.url': text(metadata, 'backchannel_logout_uri'),
    'backchannel.logout.session.required':
      metadata['backchannel_logout_session_required'] === true ? 'true' : undefined,
    'token.endpoint.auth.signing.alg': text(metadata, 'token_endpoint_auth_signing_alg'),
    'id.token.signed.response.alg': text(metadata, 'id_token_signed_response_alg'),
    'dpop.bound.access.tokens': metadata['dpop_bound_access_tokens'] === true ? 'true' : undefined,
    'post.logout.redirect.uris': postLogout(metadata),
    'oauth2.device.authorization.grant.enabled': String(grants.includes(grantTypes.deviceCode)),
    'standard.token.exchange.enabled': grants.includes(grantTypes.tokenExchange) ? 'true' : undefined,
    'use.refresh.tokens': String(
      grants.includes(grantTypes.refreshToken) || !grants.includes(grantTypes.clientCredentials),
    ),
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function postLogout(metadata: JsonObject): string {
  const uris = texts(metadata['post_logout_redirect_uris']);
  return uris.length === 0 ? '+' : uris.join('##');
}

/** A client as its metadata (RFC 7591 §3.2.1). */
export function metadataOf(client: Client): JsonObject {
  const { attributes } = client;
  const grants = [
    ...(client.standardFlowEnabled ? [grantTypes.authorizationCode] : []),
    ...(client.directAccessGrantsEnabled ? [grantTypes.password] : []),
    ...(client.serviceAccountsEnabled ? [grantTypes.clientCredentials] : []),
    ...(attributes['oauth2.device.authorization.grant.enabled'] === 'true' ? [grantTypes.deviceCode] : []),
    ...(attributes['standard.token.exchange.enabled'] === 'true' ? [grantTypes.tokenExchange] : []),
    ...(attributes['use.refresh.tokens'] === 'false' ? [] : [grantTypes.refreshToken]),
  ];
  const method = Object.entries(methods).find(
    ([name, it]) =>
      name !== 'client_secret_post' &&
      it.publicClient === client.publicClient &&
      (client.publicClient || it.clientAuthenticatorType === client.clientAuthenticatorType),
  );
  return {
    client_id: client.clientId,
    ...(client.publicClient || client.secret === undefined
      ? {}
      : { client_secret: client.secret, client_secret_expires_at: 0 }),
    ...(client.name === undefined ? {} : { client_name: client.name }),
    ...(client.baseUrl === undefined ? {} : { client_uri: client.baseUrl }),
    redirect_uris: client.redirectUris,
    token_endpoint_auth_method: method?.[0] ?? 'client_secret_basic',
    grant_types: grants,
    response_types: client.standardFlowEnabled ? ['code'] : [],
    ...(attributes['jwks.url'] === undefined ? {} : { jwks_uri: attributes['jwks.url'] }),
    ...(attributes['backchannel.logout.url'] === undefined
      ? {}
      : { backchannel_logout_uri: attributes['backchannel.logout.url'] }),
    subject_type: 'public',
  };
}

function invalid(description: string) {
  return refuse({ error: 'invalid_client_metadata', description } as const);
}

// RFC 6749 §3.1.2: absolute and without fragment. A wildcard is for administrators, not for strangers.
function isRedirectUri(uri: string): boolean {
  if (!URL.canParse(uri) || uri.includes('#') || uri.includes('*')) return false;
  return !['javascript:', 'data:', 'vbscript:'].includes(new URL(uri).protocol);
}
