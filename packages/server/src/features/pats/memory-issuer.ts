import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type Clock,
  type EpochSeconds,
  epochSeconds,
  isJsonObject,
  type JsonObject,
  newId,
  type Principal,
  type Random,
  secondsOf,
} from '@keyturn/protocol';

const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url');

/** The issuer that memory tokens name: no verifier is configured for it, so nobody else can take one for genuine. */
export const memoryIssuer = 'keyturn:memory-for-development-only';

/**
 * The seed's MemoryTokenIssuer: HS256 with a key of Keyturn's own, for development without an identity provider. Envoy and
 * other services do not accept these, and they hold what was true of the owner when they were made.
 */
export interface MemoryIssuer {
  readonly issue: (owner: Principal, expiresAt: EpochSeconds) => { readonly token: string; readonly jti: string };
  /** Whether the text has the form of a token of this issuer, genuine or not. */
  readonly looksLike: (token: string) => boolean;
  /** The claims of a genuine token, as a principal; undefined for any other text, in any other spelling. */
  readonly read: (token: string) => Principal | undefined;
}

export function createMemoryIssuer(parts: { signingKey: string; clock: Clock; random: Random }): MemoryIssuer {
  const sign = (signed: string): Buffer => createHmac('sha256', parts.signingKey).update(signed).digest();
  return {
    issue(owner, expiresAt) {
      const jti = newId('mem', parts.random);
      const payload = {
        iss: memoryIssuer,
        sub: owner.subject,
        type: 'pat',
        jti,
        iat: secondsOf(parts.clock()),
        exp: expiresAt,
        aud: owner.audiences,
        owner: owner.claims,
      };
      const signed = `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
      return { token: `${signed}.${sign(signed).toString('base64url')}`, jti };
    },
    looksLike: (token) => token.startsWith(`${header}.`),
    read(token) {
      const [head, payload = '', signature = '', ...more] = token.split('.');
      if (head !== header || more.length > 0) return undefined;
      const given = Buffer.from(signature, 'base64url');
      const expected = sign(`${head}.${payload}`);
      // The spelling is compared too: base64url has several for one signature.
      if (given.toString('base64url') !== signature || given.length !== expected.length) return undefined;
      if (!timingSafeEqual(given, expected)) return undefined;
      const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
      return isJsonObject(claims) ? principalOf(claims) : undefined;
    },
  };
}

/** The owner as they were when the token was made. Genuine by now: this file wrote the claims. */
function principalOf(claims: JsonObject): Principal | undefined {
  const { owner, jti, exp, iat } = claims;
  if (!isJsonObject(owner) || typeof jti !== 'string' || typeof exp !== 'number' || typeof iat !== 'number') {
    return undefined;
  }
  const texts = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
  const rolesIn = (access: unknown): readonly string[] => (isJsonObject(access) ? texts(access['roles']) : []);
  const clients = isJsonObject(owner['resource_access']) ? Object.entries(owner['resource_access']) : [];
  const subject = typeof owner['sub'] === 'string' ? owner['sub'] : undefined;
  return {
    issuer: typeof owner['iss'] === 'string' ? owner['iss'] : memoryIssuer,
    identity: subject ?? '',
    subject,
    client: 'keyturn-memory-issuer',
    serviceAccount: false,
    audiences: texts(claims['aud']),
    scopes: typeof owner['scope'] === 'string' ? owner['scope'].split(' ') : [],
    roles: {
      realm: rolesIn(owner['realm_access']),
      clients: Object.fromEntries(clients.map(([client, access]) => [client, rolesIn(access)])),
    },
    tokenId: jti,
    sessionId: undefined,
    issuedAt: epochSeconds(iat),
    expiresAt: epochSeconds(exp),
    claims: { ...owner, jti, exp, iat },
  };
}
