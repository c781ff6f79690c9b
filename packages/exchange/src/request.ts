import { grantTypes, tokenTypes } from '@keyturn/protocol';

/** How the client proves itself at the token endpoint. RFC 6749 §2.3.1; `post` is what seed 003 shows. */
export type ClientAuthentication = 'client_secret_post' | 'client_secret_basic';

/** Who asks, and where. */
export interface TokenClient {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Default `client_secret_post`. */
  readonly clientAuthentication?: ClientAuthentication;
}

/** What is asked for: the subject's token, turned into one for `audience`. RFC 8693 §2.1. */
export interface ExchangeOrder {
  readonly subjectToken: string;
  /** The client id of the service that is to accept the new token. */
  readonly audience: string;
  /** Asked for as `scope`. Keycloak adds the requester's default scopes; none can be dropped. */
  readonly scopes?: readonly string[];
  /** RFC 8693 §2.1 `actor_token`, an access token. Keycloak 26 ignores it. */
  readonly actorToken?: string;
  /** RFC 8707 `resource`. Keycloak 26 ignores it. */
  readonly resource?: string;
}

/** A request as data: nothing has been sent. Its body and headers hold secrets, so it is never logged. */
export interface TokenRequest {
  readonly url: string;
  readonly method: 'POST';
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The token exchange request for this order. Pure. RFC 8693 §2.1. */
export function buildExchangeRequest(client: TokenClient, order: ExchangeOrder): TokenRequest {
  const form: [string, string][] = [
    ['grant_type', grantTypes.tokenExchange],
    ['subject_token', order.subjectToken],
    ['subject_token_type', tokenTypes.accessToken],
    ['requested_token_type', tokenTypes.accessToken],
    ['audience', order.audience],
  ];
  if (order.scopes !== undefined && order.scopes.length > 0) form.push(['scope', order.scopes.join(' ')]);
  if (order.resource !== undefined) form.push(['resource', order.resource]);
  if (order.actorToken !== undefined) {
    form.push(['actor_token', order.actorToken], ['actor_token_type', tokenTypes.accessToken]);
  }
  return buildTokenRequest(client, form);
}

/** A form post to the token endpoint with the client's authentication added. */
export function buildTokenRequest(client: TokenClient, form: readonly [string, string][]): TokenRequest {
  const body = new URLSearchParams([...form]);
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (client.clientAuthentication === 'client_secret_basic') {
    const pair = `${formEncode(client.clientId)}:${formEncode(client.clientSecret)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  } else {
    body.set('client_id', client.clientId);
    body.set('client_secret', client.clientSecret);
  }
  return { url: client.tokenEndpoint, method: 'POST', headers, body: body.toString() };
}

/** `application/x-www-form-urlencoded`, which RFC 6749 §2.3.1 asks of both halves, so that a `:` in one is no divider. */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
