import { type OAuthErrorCode, ok, type Result, refuse } from '@keyturn/protocol';
import { duplicateOf } from '../../http/form.ts';
import { type Client, findClient, type IdpState, type Realm } from '../../model/index.ts';
import { readResources } from '../../protocol/resource-indicators.ts';
import { grantScopes } from '../../tokens/scopes.ts';
import { holdsAnswerParameter } from '../redirect-uri.ts';
import { type CodeChallenge, readCodeChallenge } from './pkce.ts';
import { isRedirectUriOf, soleRedirectUri } from './redirect-uris.ts';
import { type AnswerAddress, type ResponseMode, readResponseMode } from './response-mode.ts';
import { readResponseType } from './response-type.ts';

/** An authorization request that may be acted on: everything in it was checked against the client. */
export interface AuthorizationRequest extends AnswerAddress {
  /** The `scope` parameter as it came. */
  readonly scope: string;
  /** Whether the address came with the request; then the token request must repeat it (RFC 6749 §4.1.3). */
  readonly redirectUriGiven: boolean;
  readonly state?: string;
  readonly nonce?: string;
  readonly codeChallenge?: CodeChallenge;
  readonly prompts: readonly string[];
  /** Seconds since the last login that the client accepts. */
  readonly maxAge?: number;
  readonly loginHint?: string;
  /** The DPoP key that the code is bound to (RFC 9449 §10). */
  readonly dpopThumbprint?: string;
  /** What the tokens are for (RFC 8707), where the realm has that switched on. */
  readonly resources?: readonly string[];
  /** Keycloak's application-initiated action, such as `UPDATE_PASSWORD`. */
  readonly action?: string;
}

/** Why a request is not acted on: shown on a page while the client's address is unproven, answered to it after that. */
export type AuthorizeRefusal =
  | {
      readonly why: 'page';
      readonly status: 400 | 403;
      readonly message: string;
      readonly event: string;
      readonly client?: Client;
      /** The address that was not the client's, without its query: that may hold anything. */
      readonly redirectUri?: string;
    }
  | {
      readonly why: 'answer';
      readonly client: Client;
      readonly to: AnswerAddress;
      readonly state: string | undefined;
      readonly error: OAuthErrorCode;
      readonly description?: string;
    };

export interface CheckedRequest {
  readonly client: Client;
  readonly request: AuthorizationRequest;
}

/** Checks the parameters of an authorization request in Keycloak's order. `baseUrl`: what `${authBaseUrl}` stands for. */
export function readAuthorizationRequest(
  state: IdpState,
  realm: Realm,
  parameters: URLSearchParams,
  options: { readonly baseUrl: string; readonly pushed: boolean },
): Result<CheckedRequest, AuthorizeRefusal> {
  const client = readClient(state, realm, parameters);
  if (!client.ok) return client;
  const address = readAddress(client.value, parameters, options.baseUrl);
  if (!address.ok) return address;
  return readRest(state, realm, client.value, address.value, parameters, options.pushed);
}

function page(
  message: string,
  event: string,
  client?: Client,
  status: 400 | 403 = 400,
): Result<never, AuthorizeRefusal> {
  return refuse({ why: 'page', status, message, event, ...(client === undefined ? {} : { client }) });
}

function readClient(state: IdpState, realm: Realm, parameters: URLSearchParams): Result<Client, AuthorizeRefusal> {
  const clientId = parameters.get('client_id');
  if (clientId === null || clientId === '') return page('Invalid Request', 'invalid_request');
  // Two of them could mean one client to us and another to a proxy.
  if (['client_id', 'redirect_uri'].some((name) => parameters.getAll(name).length > 1)) {
    return page('Invalid Request', 'invalid_request');
  }
  const client = findClient(state, realm.id, clientId);
  if (client === undefined) return page('Client not found.', 'client_not_found');
  if (!client.enabled) return page('Client disabled.', 'client_disabled', client);
  if (client.bearerOnly) {
    const message = 'Bearer-only applications are not allowed to initiate browser login.';
    return page(message, 'not_allowed', client, 403);
  }
  return client.protocol === 'openid-connect' ? ok(client) : page('Wrong client protocol.', 'invalid_client', client);
}

interface RedirectAddress {
  readonly redirectUri: string;
  readonly given: boolean;
}

function readAddress(
  client: Client,
  parameters: URLSearchParams,
  baseUrl: string,
): Result<RedirectAddress, AuthorizeRefusal> {
  const asked = parameters.get('redirect_uri');
  if (asked === null || asked === '') {
    // Only plain OAuth may leave it out (OpenID Connect Core §3.1.2.1), and only where there is nothing to choose.
    const openid = (parameters.get('scope') ?? '').split(' ').includes('openid');
    const sole = openid ? undefined : soleRedirectUri(client, baseUrl);
    if (sole !== undefined) return ok({ redirectUri: sole, given: false });
  } else if (isRedirectUriOf(client, asked, baseUrl) && !holdsAnswerParameter(asked)) {
    return ok({ redirectUri: asked, given: true });
  }
  const message = 'Invalid parameter: redirect_uri';
  const redirectUri = (asked ?? '').replace(/[?#].*$/s, '').slice(0, 200);
  return refuse({ why: 'page', status: 400, message, event: 'invalid_redirect_uri', client, redirectUri });
}

function readRest(
  state: IdpState,
  realm: Realm,
  client: Client,
  address: RedirectAddress,
  parameters: URLSearchParams,
  pushed: boolean,
): Result<CheckedRequest, AuthorizeRefusal> {
  const { redirectUri } = address;
  const read = (name: string): string | undefined => parameters.get(name) ?? undefined;
  const answer = (
    error: OAuthErrorCode,
    description?: string,
    responseMode: ResponseMode = readResponseMode(parameters.get('response_mode'), 'query') ?? 'query',
  ): Result<never, AuthorizeRefusal> =>
    refuse({
      why: 'answer',
      client,
      to: { redirectUri, responseMode },
      state: read('state'),
      error,
      ...(description === undefined ? {} : { description }),
    });

  // RFC 8707 §2 lets `resource` come more than once.
  if (duplicateOf(parameters, ['resource']) !== undefined) return answer('invalid_request', 'duplicated parameter');
  const type = readResponseType(client, read('response_type'));
  if (!type.ok) return answer(type.refusal.error, type.refusal.description, type.refusal.responseMode);
  const responseMode = readResponseMode(parameters.get('response_mode'), 'query');
  if (responseMode === undefined) return answer('invalid_request', 'Invalid parameter: response_mode');
  if (client.attributes['require.pushed.authorization.requests'] === 'true' && !pushed) {
    return answer('invalid_request', 'Pushed Authorization Request is only allowed.');
  }
  const scope = read('scope') ?? '';
  if (!grantScopes(state, client, scope).ok) return answer('invalid_scope', `Invalid scopes: ${scope}`);
  const challenge = readCodeChallenge(client, parameters);
  if (!challenge.ok) return answer('invalid_request', challenge.refusal);
  const resources = readResources(realm, parameters);
  if (!resources.ok) return answer('invalid_target', resources.refusal);
  const prompts = (read('prompt') ?? '').split(' ').filter((it) => it !== '');
  // OpenID Connect Core §3.1.2.1: `none` stands alone.
  if (prompts.includes('none') && prompts.length > 1) return answer('invalid_request', 'Invalid parameter: prompt');
  const maxAge = read('max_age');
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) return answer('invalid_request', 'Invalid parameter: max_age');

  const request: AuthorizationRequest = {
    redirectUri,
    redirectUriGiven: address.given,
    responseMode,
    scope,
    prompts,
    ...optional('state', read('state')),
    ...optional('nonce', read('nonce')),
    ...optional('codeChallenge', challenge.value),
    ...optional('maxAge', maxAge === undefined ? undefined : Number(maxAge)),
    ...optional('loginHint', read('login_hint')),
    ...optional('dpopThumbprint', read('dpop_jkt')),
    ...optional('resources', resources.value.length === 0 ? undefined : resources.value),
    ...optional('action', read('kc_action')),
  };
  return ok({ client, request });
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [N in Name]?: Value } {
  // The computed name is exactly `Name`; the compiler widens it to string.
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value };
}
