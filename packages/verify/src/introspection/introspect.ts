import type { GuardedRequest } from '@keyturn/net';
import { explainNetRefusal } from '@keyturn/net';
import type { Claims, Result } from '@keyturn/protocol';
import { mebibytes, milliseconds, ok, refuse } from '@keyturn/protocol';
import type { Fetch } from '../keys/key-source.ts';
import type { Wishes } from '../option-checks.ts';
import { isHttpUrl, isText } from '../option-checks.ts';
import { parseStrictJson } from '../strict-json.ts';

/** An introspection endpoint and the client that may ask it. RFC 7662 §2. */
export interface IntrospectionEndpoint {
  readonly endpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export const endpointWishes: Wishes<IntrospectionEndpoint> = {
  endpoint: { wish: 'an http(s) URL, without user name and password', holds: isHttpUrl, required: true },
  clientId: { wish: 'the client that may ask', holds: isText, required: true },
  clientSecret: { wish: 'its secret', holds: isText, required: true },
};

/** What the authorization server says: the token's claims, or that it is not active. */
export type Introspection = { readonly active: true; readonly claims: Claims } | { readonly active: false };

/** Asks about a token. The refusal is a sentence for the log. */
export async function introspect(
  at: IntrospectionEndpoint,
  token: string,
  fetch: Fetch,
): Promise<Result<Introspection, string>> {
  try {
    const answer = await fetch(at.endpoint, buildIntrospectionRequest(at, token));
    if (!answer.ok) return refuse(explainNetRefusal(answer.refusal));
    return readIntrospectionResponse(answer.value.status, answer.value.text());
  } catch {
    return refuse('the call failed');
  }
}

export function buildIntrospectionRequest(at: IntrospectionEndpoint, token: string): GuardedRequest {
  // RFC 6749 §2.3.1: both are form-encoded before they are joined, or a colon in the id would move into the secret.
  const basic = Buffer.from(`${formEncoded(at.clientId)}:${formEncoded(at.clientSecret)}`).toString('base64');
  return {
    method: 'POST',
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    timeout: milliseconds(5000),
    maxBytes: mebibytes(1),
    redirect: 'error',
  };
}

/** RFC 7662 §2.2. Only a JSON `true` makes a token active. */
export function readIntrospectionResponse(status: number, text: string): Result<Introspection, string> {
  if (status === 401 || status === 403) return refuse(`it refuses this client (${status}): check id and secret`);
  if (status !== 200) return refuse(`it answered ${status}`);
  const claims = parseStrictJson(Buffer.from(text));
  if (typeof claims === 'string') return refuse('its answer is not a well-formed JSON object');
  if (claims.active === true) return ok({ active: true, claims });
  return claims.active === false ? ok({ active: false }) : refuse('its answer has no member "active"');
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
