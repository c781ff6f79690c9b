import { hash } from 'node:crypto';
import { isJsonObject, ok, type Result, refuse } from '@keyturn/protocol';

/** What a login needs to be begun, and to be checked when the browser comes back. */
export interface CodeFlow {
  readonly state: string;
  readonly nonce: string;
  /** PKCE. RFC 7636 §4.1. */
  readonly verifier: string;
}

/** The address of the identity provider's login page. RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1. */
export function buildAuthorizationUrl(
  at: { readonly authorizationEndpoint: string; readonly clientId: string; readonly redirectUri: string },
  flow: CodeFlow,
  scopes: readonly string[],
): string {
  const url = new URL(at.authorizationEndpoint);
  const parameters = {
    response_type: 'code',
    client_id: at.clientId,
    redirect_uri: at.redirectUri,
    scope: scopes.join(' '),
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: hash('sha256', flow.verifier, 'base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

export type CallbackRefusal =
  /** Not what an authorization server sends: nothing, or something twice. */
  | { readonly why: 'malformed' }
  /** The answer is from another authorization server than the one that was asked. RFC 9207 §2.4. */
  | { readonly why: 'issuer' }
  /** The identity provider says no. RFC 6749 §4.1.2.1. */
  | { readonly why: 'denied'; readonly error: string; readonly description: string };

/** Reads what the browser brings back. `iss` must be there and be the issuer's: Keycloak always sends it. */
export function readCallback(
  query: Readonly<Record<string, unknown>>,
  issuer: string,
): Result<{ readonly state: string; readonly code: string }, CallbackRefusal> {
  const { state, code, iss, error, error_description: description } = query;
  if (typeof state !== 'string') return refuse({ why: 'malformed' });
  if (iss !== issuer) return refuse({ why: 'issuer' });
  if (typeof error === 'string') {
    return refuse({ why: 'denied', error, description: typeof description === 'string' ? description : '' });
  }
  return typeof code === 'string' ? ok({ state, code }) : refuse({ why: 'malformed' });
}

/** What is wrong with the ID token of an answer, or undefined: it must be of this issuer, for this client and this login. */
export function checkIdToken(
  token: string | undefined,
  wanted: { readonly issuer: string; readonly clientId: string; readonly nonce: string },
): string | undefined {
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    return 'unreadable';
  }
  if (!isJsonObject(claims)) return 'unreadable';
  const { iss, aud, nonce } = claims;
  if (iss !== wanted.issuer) return 'issuer';
  if (aud !== wanted.clientId && !(Array.isArray(aud) && aud.includes(wanted.clientId))) return 'audience';
  return nonce === wanted.nonce ? undefined : 'nonce';
}
