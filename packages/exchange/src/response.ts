import type { EpochMilliseconds, EpochSeconds, JsonObject, Result } from '@keyturn/protocol';
import { epochSeconds, isJsonObject, ok, parseScopes, refuse, seconds, tokenTypes } from '@keyturn/protocol';
import { readExpiry } from './expiry.ts';
import type { ExchangeRefusal } from './refusal.ts';

/** An answer of a token endpoint, read whole. */
export interface TokenResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null | undefined };
  readonly text: () => string;
}

/** A token as the answer describes it. */
export interface IssuedToken {
  readonly token: string;
  /** The earlier of the token's own `exp` and `expires_in`; undefined if neither says anything usable. */
  readonly expiresAt: EpochSeconds | undefined;
  readonly scopes: readonly string[];
}

/**
 * What a token endpoint's answer means. Pure: the same for every odd answer, with no network.
 *
 * `secrets` are texts (the subject's token, the client's secret) that must not come back in a refusal, should the
 * server echo them. RFC 8693 §2.2, RFC 6749 §5.
 */
export function readExchangeResponse(
  response: TokenResponse,
  { now, secrets = [] }: { readonly now: EpochMilliseconds; readonly secrets?: readonly string[] },
): Result<IssuedToken, ExchangeRefusal> {
  const { status } = response;
  if (status >= 500 || status === 429) {
    const retryAfter = readRetryAfter(response.headers.get('retry-after'), now);
    return refuse({ why: 'unreachable', status, detail: `it answered ${status}`, retryAfter });
  }
  if (status >= 300 && status < 400) {
    return refuse({ why: 'bad-answer', status, detail: 'a redirect, which is not followed with a secret in hand' });
  }
  const body = parseObject(response.text());
  if (body === undefined) {
    const type = clean(response.headers.get('content-type') ?? 'no content type', secrets, 60);
    return refuse({ why: 'bad-answer', status, detail: `not a JSON object (${type})` });
  }
  if (typeof body['error'] === 'string') {
    const said = typeof body['error_description'] === 'string' ? body['error_description'] : '';
    return refuse({
      why: 'refused',
      status,
      error: clean(body['error'], secrets, 60),
      description: clean(said, secrets, 300),
    });
  }
  if (status !== 200) return refuse({ why: 'bad-answer', status, detail: 'JSON without an OAuth error code' });
  return readToken(body, status, now, secrets);
}

function readToken(
  body: JsonObject,
  status: number,
  now: EpochMilliseconds,
  secrets: readonly string[],
): Result<IssuedToken, ExchangeRefusal> {
  const bad = (detail: string) => refuse({ why: 'bad-answer' as const, status, detail });
  const { access_token: token, token_type: type, issued_token_type: issued, scope } = body;
  if (typeof token !== 'string' || token === '') return bad('no access_token');
  // What is no b64token (RFC 6750 §2.1) would be a header injection one step later.
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) return bad('an access_token with characters that no bearer token has');
  // Keycloak answers `N_A` when it puts an ID token into access_token: RFC 8693 §2.2.1.
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return bad(`token_type ${show(type, secrets)}, not Bearer`);
  }
  if (issued !== undefined && issued !== tokenTypes.accessToken && issued !== tokenTypes.jwt) {
    return bad(`issued_token_type ${show(issued, secrets)}, not an access token`);
  }
  return ok({
    token,
    expiresAt: earlier(readLifetime(body['expires_in'], now), readExpiry(token)),
    scopes: parseScopes(typeof scope === 'string' ? scope : undefined),
  });
}

/** `expires_in` as a moment. Digits in a string are accepted, as some servers write them; anything else says nothing. */
function readLifetime(value: unknown, now: EpochMilliseconds): EpochSeconds | undefined {
  const amount = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return undefined;
  return epochSeconds(Math.floor(now / 1000 + amount));
}

function earlier(a: EpochSeconds | undefined, b: EpochSeconds | undefined): EpochSeconds | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

/** `Retry-After` in seconds, whether it came as a number or a date (RFC 9110 §10.2.3); at most an hour. */
function readRetryAfter(value: string | null | undefined, now: EpochMilliseconds) {
  if (value === null || value === undefined) return undefined;
  const amount = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(amount) ? seconds(Math.min(3600, Math.max(1, Math.ceil(amount)))) : undefined;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function show(value: unknown, secrets: readonly string[]): string {
  return typeof value === 'string' ? `"${clean(value, secrets, 80)}"` : 'missing';
}

/** Foreign text made fit for a log line: no secrets, nothing that looks like a token, no control characters, not long. */
function clean(text: string, secrets: readonly string[], length: number): string {
  let safe = text;
  for (const secret of secrets) if (secret !== '') safe = safe.replaceAll(secret, '[removed]');
  // A run of 40 letters without a space is no sentence: a JWT, or a secret that we do not know of.
  safe = safe.replaceAll(/[A-Za-z0-9\-_+/=.~%]{40,}/g, '[removed]').replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
  return safe.length > length ? `${safe.slice(0, length)}…` : safe;
}
