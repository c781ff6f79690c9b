import { ok, type Result, refuse } from '@keyturn/protocol';

/**
 * A caller's token on its way through the house. The text is private, so that neither a log line, a JSON body nor an
 * error can hold it by accident: only `reveal()` gives it, and only verify, exchange and an allowed passthrough ask.
 */
export class Bearer {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return '[token]';
  }
}

export type CredentialRefusal =
  | { readonly why: 'no-token' }
  | { readonly why: 'several-credentials' }
  | { readonly why: 'other-scheme'; readonly scheme: string }
  | { readonly why: 'malformed-credentials' };

/**
 * The bearer token of a request, from its raw header list: Node keeps only the first of two `Authorization` headers,
 * and a proxy in front might have looked at the other one, so two are refused. The scheme's case is free
 * (RFC 9110 §11.1), the token's shape is not (RFC 6750 §2.1). Tokens in the query or the body are never read.
 */
export function readBearer(rawHeaders: readonly string[]): Result<Bearer, CredentialRefusal> {
  const credentials = findCredentials(rawHeaders);
  return credentials.ok ? parseBearer(credentials.value) : credentials;
}

/** The one `Authorization` header, as it came. */
export function findCredentials(rawHeaders: readonly string[]): Result<string, CredentialRefusal> {
  let value: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    // Told apart by their length first: most are not, and this is on the way of every request.
    if (name?.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (value !== undefined) return refuse({ why: 'several-credentials' });
    value = rawHeaders[i + 1] ?? '';
  }
  return value === undefined ? refuse({ why: 'no-token' }) : ok(value);
}

/** The bearer token in the value of an `Authorization` header. */
export function parseBearer(value: string): Result<Bearer, CredentialRefusal> {
  // Only a word that a space follows is a scheme: a secret sent without one must not be taken for its name.
  const scheme = /^[A-Za-z][A-Za-z0-9-]{0,19}(?= )/.exec(value)?.[0] ?? /^bearer$/i.exec(value)?.[0];
  if (scheme === undefined) return refuse({ why: 'malformed-credentials' });
  if (scheme.toLowerCase() !== 'bearer') return refuse({ why: 'other-scheme', scheme: knownScheme(scheme) });
  const token = /^ +([A-Za-z0-9._~+/-]+=*)$/.exec(value.slice(scheme.length))?.[1];
  return token === undefined ? refuse({ why: 'malformed-credentials' }) : ok(new Bearer(token));
}

/** Registered schemes by name, so that a message can name what was sent; anything else might be a secret. */
function knownScheme(scheme: string): string {
  const known = [
    'Basic',
    'Digest',
    'DPoP',
    'GNAP',
    'HOBA',
    'Mutual',
    'Negotiate',
    'NTLM',
    'OAuth',
    'PrivateToken',
    'Token',
  ];
  return known.find((name) => name.toLowerCase() === scheme.toLowerCase()) ?? 'that was sent';
}
