import { type ExchangeRefusal, type IssuedToken, readExchangeResponse } from '@keyturn/exchange';
import { explainNetRefusal, type GuardedFetch } from '@keyturn/net';
import { type Clock, isJsonObject, type Json, kibibytes, ok, type Result, refuse } from '@keyturn/protocol';

/** What a token endpoint gave, with what an exchange never gives: a refresh token, an ID token. */
export interface TokenAnswer extends IssuedToken {
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
}

/** Who asks, and where. Without a secret the client is a public one. */
export interface TokenEndpoint {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
}

/** Posts a grant to the token endpoint, as this client, and reads the answer. RFC 6749 §4 and §6, RFC 8693. */
export async function askTokenEndpoint(
  at: TokenEndpoint,
  form: readonly (readonly [name: string, value: string])[],
): Promise<Result<TokenAnswer, ExchangeRefusal>> {
  const body = new URLSearchParams(form.map(([name, value]) => [name, value]));
  body.set('client_id', at.clientId);
  if (at.clientSecret !== undefined) body.set('client_secret', at.clientSecret);
  const answer = await at.fetch(at.tokenEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: body.toString(),
    maxBytes: kibibytes(256),
    redirect: 'error',
  });
  if (!answer.ok) {
    const detail = explainNetRefusal(answer.refusal);
    return refuse({ why: 'unreachable', detail, status: undefined, retryAfter: undefined });
  }
  const secrets = [...body].flatMap(([name, value]) => (secretNames.has(name) ? [value] : []));
  const issued = readExchangeResponse(answer.value, { now: at.clock(), secrets });
  if (!issued.ok) return issued;
  const all = parse(answer.value.text());
  const text = (name: string): string | undefined => {
    const value = isJsonObject(all) ? all[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  return ok({ ...issued.value, refreshToken: text('refresh_token'), idToken: text('id_token') });
}

const secretNames: ReadonlySet<string> = new Set([
  'client_secret',
  'subject_token',
  'refresh_token',
  'code',
  'code_verifier',
]);

function parse(text: string): Json | undefined {
  try {
    // JSON.parse gives nothing but JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
