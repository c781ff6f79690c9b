import type { Json, JsonObject } from '@keyturn/protocol';
import { curveOf, toBigInt, toBytes } from './sign.ts';
import type { Vector } from './vector.ts';
import {
  audience,
  goodClaims,
  goodPayload,
  goodToken,
  main,
  now,
  signedWith,
  withClaims,
  withHeader,
  withPayload,
} from './vector.ts';

const good = (name: string, why: string, token: string): Vector => ({ name, why, token, verdict: 'accept' });

/** Which key of the issuer signs which algorithms. */
export const signers: readonly (readonly [alg: string, key: string])[] = [
  ['RS256', 'rs256'],
  ['RS256', 'rsa-any'],
  ['RS384', 'rsa-any'],
  ['RS512', 'rsa-any'],
  ['PS256', 'rsa-any'],
  ['PS256', 'ps256'],
  ['PS384', 'rsa-any'],
  ['PS512', 'rsa-any'],
  ['ES256', 'es256'],
  ['ES384', 'es384'],
  ['ES512', 'es512'],
  ['EdDSA', 'eddsa'],
  ['Ed25519', 'eddsa'],
];

function byAlgorithm(): readonly Vector[] {
  return signers.flatMap(([alg, key]) => [
    good(`${alg} by ${key}`, 'an ordinary access token', signedWith(key, alg)),
    good(`${alg} by ${key}, no typ`, 'RFC 7519 §5.1: typ may be left out', signedWith(key, alg, { typ: undefined })),
    good(`${alg} by ${key}, at+jwt`, 'RFC 9068 §2.1', signedWith(key, alg, { typ: 'at+jwt' })),
  ]);
}

function byHeader(): readonly Vector[] {
  const kept = 'RFC 7515 §4: a parameter that is not understood and not critical is ignored';
  const headers: readonly (readonly [
    name: string,
    why: string,
    header: Record<string, string | readonly string[] | number>,
  ])[] = [
    ['typ jwt', 'media types know no case', { typ: 'jwt' }],
    ['typ application/at+jwt', 'RFC 7515 §4.1.9: the prefix may be spelled out', { typ: 'application/at+jwt' }],
    ['typ AT+JWT', 'media types know no case', { typ: 'AT+JWT' }],
    ['typ application/jwt', 'RFC 7515 §4.1.9', { typ: 'application/jwt' }],
    ['x5t', 'Entra writes it', { x5t: 'aGVsbG8' }],
    ['x5c', 'never looked at, so it does no harm', { x5c: ['MIIB'] }],
    ['jku', 'never looked at, so it does no harm', { jku: 'https://evil.example.com/keys' }],
    ['unknown parameter', kept, { 'x-env': 'prod' }],
    ['nonce', 'Entra writes it into headers', { nonce: 'abc' }],
    ['cty of another kind', 'only a nested token is a danger', { cty: 'json' }],
  ];
  return [
    ...headers.map(([name, why, header]) => good(`header with ${name}`, why, withClaims({}, header))),
    good(
      'header with white space',
      'RFC 7515 appendix A.1 has such a one',
      withHeader('{"typ":"JWT",\r\n "alg":"ES256",\t"kid":"es256" }'),
    ),
    good(
      'header with members in another order',
      'JSON objects have no order',
      withHeader('{"kid":"es256","alg":"ES256"}'),
    ),
    good(
      'header with escapes',
      'another spelling of the same JSON, of which only this one is signed',
      withHeader('{"alg":"ES256","k\\u0069d":"es25\\u0036"}'),
    ),
  ];
}

function byClaims(): readonly Vector[] {
  const cases: readonly (readonly [name: string, why: string, claims: JsonObject])[] = [
    ['aud as text', 'RFC 7519 §4.1.3', { aud: audience }],
    ['aud as a list of one', 'RFC 7519 §4.1.3', { aud: [audience] }],
    [
      'aud as a long list, ours last',
      'RFC 7519 §4.1.3',
      { aud: [...Array.from({ length: 50 }, (_, i) => `svc-${i}`), audience] },
    ],
    ['aud twice ours', 'odd, not harmful', { aud: [audience, audience] }],
    ['no payload typ', 'only Keycloak writes it', { typ: undefined }],
    ['payload typ bearer', 'Keycloak with token.response.type.bearer.lower-case', { typ: 'bearer' }],
    ['no sid', 'service accounts have none', { sid: undefined, client_id: 'agent-1' }],
    ['no jti', 'optional in RFC 7519', { jti: undefined }],
    ['no iat', 'optional in RFC 7519', { iat: undefined }],
    ['no azp', 'optional', { azp: undefined }],
    ['no scope', 'optional', { scope: undefined }],
    ['scope as a list', 'Spring Authorization Server', { scope: ['openid', 'profile'] }],
    ['empty scope', 'Keycloak without default scopes', { scope: '' }],
    ['scp as a list', 'Okta', { scope: undefined, scp: ['read'] }],
    ['fractional exp', 'RFC 7519 §2: a NumericDate may have a fraction', { exp: now + 60.5 }],
    ['fractional iat', 'RFC 7519 §2', { iat: now - 0.25 }],
    ['last second', 'alive until the second that exp names', { exp: now + 1 }],
    ['nbf now', 'RFC 7519 §4.1.5: not before', { nbf: now }],
    ['nbf 0', 'old Keycloaks write it', { nbf: 0 }],
    ['nbf in the past', 'ordinary', { nbf: now - 100 }],
    ['iat now', 'made this second', { iat: now }],
    ['iat a little ahead', 'the issuer’s clock is ahead of ours', { iat: now + 5 }],
    ['366 days', 'the longest life allowed', { iat: now, exp: now + 366 * 86_400 }],
    ['a year, made a while ago', 'a personal access token', { iat: now - 100 * 86_400, exp: now + 265 * 86_400 }],
    ['unicode', 'names are in any language', { name: 'Søren Kærgård 名前 👩‍🚀' }],
    ['a role named constructor', 'a name, not JavaScript', { resource_access: { constructor: { roles: ['x'] } } }],
    ['a claim named toString', 'a name, not JavaScript', { toString: 'x' }],
    ['a text __proto__', 'a value, not a name', { note: '__proto__' }],
    ['a claim with quotes and colons', 'they stand in strings', { note: '"a":"b","exp":1' }],
    ['a claim with a backslash', 'they stand in strings', { path: 'C:\\x\\"y\\"' }],
    [
      'the same name in different objects',
      'no duplicate',
      { resource_access: { a: { roles: ['x'] }, b: { roles: ['x'] } } },
    ],
    [
      '300 roles',
      'large, yet below the limit',
      { realm_access: { roles: Array.from({ length: 300 }, (_, i) => `role-${i}`) } },
    ],
    ['nesting below the limit', 'address claims and the like', { deep: nested(30) }],
    ['null claim', 'some issuers write null for nothing', { middle_name: null }],
    ['empty objects and lists', 'ordinary', { a: {}, b: [], c: [{}], d: { e: {} } }],
    ['boolean and number claims', 'ordinary', { email_verified: true, level: 3, ratio: -1.5e-7 }],
    ['auth_time', 'code flow', { auth_time: now - 10 }],
    ['authorization details', 'RFC 9396', { authorization_details: [{ type: 'payment', actions: ['read'] }] }],
    ['act', 'RFC 8693 §4.1', { act: { sub: 'agent' } }],
    ['nonce beside payload typ Bearer', 'Keycloak before 24', { nonce: 'n-0S6' }],
    ['token_use access', 'Amazon Cognito', { typ: undefined, token_use: 'access' }],
    ['no azp in at+jwt but client_id', 'RFC 9068 §2.2', { azp: undefined, client_id: 'agent-1' }],
  ];
  return cases.map(([name, why, claims]) => good(name, why, withClaims(claims)));
}

function nested(depth: number): Json {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

function bySpelling(): readonly Vector[] {
  return [
    good(
      'payload with white space',
      'JSON allows it, and it is signed',
      withPayload(JSON.stringify(goodClaims, null, 2)),
    ),
    good('payload with white space around', 'JSON allows it, and it is signed', withPayload(` \n${goodPayload}\r\n\t`)),
    good(
      'exp in scientific notation',
      'a JSON number',
      withPayload(goodPayload.replace(`"exp":${now + 300}`, '"exp":1.8000003e9')),
    ),
    good(
      'exp with a decimal point',
      'a JSON number',
      withPayload(goodPayload.replace(`"exp":${now + 300}`, `"exp":${now + 300}.0`)),
    ),
    good(
      'claims with escapes',
      'another spelling of the same JSON',
      withPayload(goodPayload.replace('"sub"', '"s\\u0075b"')),
    ),
    good(
      'a surrogate pair by escapes',
      'a well-formed character',
      withPayload(goodPayload.replace('{', '{"name":"\\ud83d\\ude00",')),
    ),
    good('solidus escaped', 'PHP writes URLs so', withPayload(goodPayload.replaceAll('/', '\\/'))),
    good('a high s', 'half of all honest ECDSA signatures have one', withOtherS()),
  ];
}

/** The other signature that fits the same bytes: n − s. */
function withOtherS(): string {
  const [header, payload, signature] = goodToken.split('.');
  const { order, size } = curveOf(main);
  const bytes = Buffer.from(String(signature), 'base64url');
  const s = toBytes(order - toBigInt(bytes.subarray(size)), size);
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, size), s]).toString('base64url')}`;
}

export function goodVectors(): readonly Vector[] {
  return [...byAlgorithm(), ...byHeader(), ...byClaims(), ...bySpelling()];
}
