import type { JsonObject } from '@keyturn/protocol';
import { signToken } from './sign.ts';
import type { TestKey } from './keys.ts';
import { testKey } from './keys.ts';

/** A token and what must be said of it. */
export interface Vector {
  readonly name: string;
  /** Why it must be accepted or refused: what an attacker would gain, or which issuer really writes such tokens. */
  readonly why: string;
  readonly token: string;
  /** `accept`, or the reason of the refusal as `TokenRefusal` names it. */
  readonly verdict: string;
}

/** The second at which the vectors are judged. */
export const now = 1_800_000_000;
export const issuer = 'https://keycloak.example.com/realms/demo';
export const audience = 'tools';

/** What Keycloak writes into an access token, give or take. */
export const goodClaims = {
  exp: now + 300,
  iat: now - 10,
  jti: 'onrtac:7f3b1c1e-7f0e-4a35-9df6-0f2e1c8f3c11',
  iss: issuer,
  aud: [audience, 'account'],
  sub: '3f1b8a52-0d1e-4d4c-9a53-7f6a1f0f2b77',
  typ: 'Bearer',
  azp: 'agent-1',
  sid: 'Qx3v8nJ0uYtq1c9bRk2mWz5e',
  scope: 'openid profile',
  realm_access: { roles: ['operator'] },
} as const satisfies JsonObject;

export const main: TestKey = testKey('es256');
export const goodHeader = { alg: 'ES256', typ: 'JWT', kid: 'es256' } as const satisfies JsonObject;

/** A good token but for these claims; undefined leaves a claim out. */
export function withClaims(claims: JsonObject, header: JsonObject = {}): string {
  return signToken('ES256', main, without({ ...goodHeader, ...header }), without({ ...goodClaims, ...claims }));
}

/** A good token with exactly this text as its payload. */
export function withPayload(payload: string | Buffer): string {
  return signToken('ES256', main, goodHeader, Buffer.from(payload));
}

/** A good token with exactly this text as its header. */
export function withHeader(header: string | Buffer): string {
  return signToken('ES256', main, Buffer.from(header), goodClaims);
}

/** A good token by any of the issuer's keys. */
export function signedWith(label: string, alg: string, header: JsonObject = {}, claims: JsonObject = {}): string {
  const key = testKey(label);
  return signToken(
    alg,
    key,
    without({ ...goodHeader, alg, kid: key.kid, ...header }),
    without({ ...goodClaims, ...claims }),
  );
}

function without(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** The payload of the good token as text, to be changed as text. */
export const goodPayload = JSON.stringify(goodClaims);
export const goodToken = withClaims({});
