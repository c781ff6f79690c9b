import { constants, createHmac, sign, timingSafeEqual, verify } from 'node:crypto';
import { isJsonObject, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { UsableKey } from '../keys/key-ring.ts';

const algorithms: Readonly<
  Record<string, { readonly digest: string | null; readonly kind: 'rsa' | 'pss' | 'ec' | 'ed' | 'hmac' }>
> = {
  RS256: { digest: 'sha256', kind: 'rsa' },
  RS384: { digest: 'sha384', kind: 'rsa' },
  RS512: { digest: 'sha512', kind: 'rsa' },
  PS256: { digest: 'sha256', kind: 'pss' },
  PS384: { digest: 'sha384', kind: 'pss' },
  PS512: { digest: 'sha512', kind: 'pss' },
  ES256: { digest: 'sha256', kind: 'ec' },
  ES384: { digest: 'sha384', kind: 'ec' },
  ES512: { digest: 'sha512', kind: 'ec' },
  EdDSA: { digest: null, kind: 'ed' },
  HS256: { digest: 'sha256', kind: 'hmac' },
  HS384: { digest: 'sha384', kind: 'hmac' },
  HS512: { digest: 'sha512', kind: 'hmac' },
};

/**
 * Signs claims with a realm key; `typ` is the header's type. Signs at once, in this thread and with a parsed key: the
 * thread pool costs a tenth more a token, and WebCrypto a fifth.
 */
export function signJwt(key: UsableKey, claims: object, typ = 'JWT'): string {
  // Keycloak writes its header with these spaces; clients that compare headers byte by byte exist.
  const header = `{"alg":${JSON.stringify(key.algorithm)},"typ" : ${JSON.stringify(typ)},"kid" : ${JSON.stringify(key.kid)}}`;
  const input = `${base64url(header)}.${base64url(JSON.stringify(claims))}`;
  const algorithm = algorithms[key.algorithm];
  if (algorithm === undefined) throw new Error(`cannot sign with ${key.algorithm}`);
  if (algorithm.kind === 'hmac') {
    const mac = createHmac(algorithm.digest ?? 'sha512', key.secret)
      .update(input)
      .digest('base64url');
    return `${input}.${mac}`;
  }
  const signature = sign(algorithm.digest, Buffer.from(input), { key: key.secret, ...padding(algorithm.kind) });
  return `${input}.${signature.toString('base64url')}`;
}

export type JwtRefusal =
  | { readonly why: 'malformed' }
  | { readonly why: 'unknown-key' }
  | { readonly why: 'bad-signature' };

export interface DecodedJwt {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

/** Reads a JWT without believing it. */
export function decodeJwt(token: string): DecodedJwt | undefined {
  const parts = token.split('.');
  if (parts.length !== 3 || parts.some((part) => part === '' || !/^[\w-]+$/.test(part))) return undefined;
  try {
    const [header, claims] = parts
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    return isJsonObject(header) && isJsonObject(claims) ? { header, claims } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Checks that this realm signed the token with one of `allowed` algorithms. The key decides the algorithm, never the
 * header: `none` and a public key used as an HMAC secret find no key. Says nothing about expiry or use.
 */
export async function verifyJwt(
  token: string,
  keyOf: (kid: string) => Promise<UsableKey | undefined>,
  allowed: (algorithm: string) => boolean,
): Promise<Result<DecodedJwt, JwtRefusal>> {
  const decoded = decodeJwt(token);
  if (decoded === undefined) return refuse({ why: 'malformed' });
  const { kid, alg, crit } = decoded.header;
  if (typeof kid !== 'string' || crit !== undefined) return refuse({ why: 'unknown-key' });
  const key = await keyOf(kid);
  if (key === undefined || key.algorithm !== alg || !allowed(key.algorithm)) return refuse({ why: 'unknown-key' });
  const end = token.lastIndexOf('.');
  return isSigned(key, token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url'))
    ? ok(decoded)
    : refuse({ why: 'bad-signature' });
}

function isSigned(key: UsableKey, input: string, signature: Buffer): boolean {
  const algorithm = algorithms[key.algorithm];
  if (algorithm === undefined) return false;
  if (algorithm.kind === 'hmac') {
    const mac = createHmac(algorithm.digest ?? 'sha512', key.secret)
      .update(input)
      .digest();
    return mac.length === signature.length && timingSafeEqual(mac, signature);
  }
  return verify(algorithm.digest, Buffer.from(input), { key: key.verify, ...padding(algorithm.kind) }, signature);
}

function padding(kind: 'rsa' | 'pss' | 'ec' | 'ed'): {
  padding?: number;
  saltLength?: number;
  dsaEncoding?: 'ieee-p1363';
} {
  if (kind === 'pss') return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return kind === 'ec' ? { dsaEncoding: 'ieee-p1363' } : {};
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
