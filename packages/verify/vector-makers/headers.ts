import { createHmac, createPublicKey } from 'node:crypto';
import type { Json } from '@keyturn/protocol';
import { signers } from './good.ts';
import { bytesOf, issuerKeys, publicJwk, testKey } from './keys.ts';
import { segment, signBytes, signToken } from './sign.ts';
import type { Vector } from './vector.ts';
import { goodClaims, goodHeader, signedWith, withClaims, withHeader } from './vector.ts';

const bad = (name: string, why: string, token: string, verdict: string): Vector => ({ name, why, token, verdict });

function unsecured(): readonly Vector[] {
  const names = ['none', 'None', 'NONE', 'nOnE', 'nonE', ' none', 'none ', 'none\0', '', 'null', 'n\u00f6ne'];
  const signature = withClaims({}).split('.')[2] ?? '';
  return names.flatMap((alg) => {
    const signed = `${segment({ ...goodHeader, alg })}.${segment(goodClaims)}`;
    return [
      bad(`alg ${JSON.stringify(alg)} without signature`, 'unsecured (RFC 8725 §2.1)', `${signed}.`, 'malformed'),
      bad(
        `alg ${JSON.stringify(alg)} with a signature`,
        'unsecured (RFC 8725 §2.1)',
        `${signed}.${signature}`,
        alg.includes('\0') ? 'malformed' : 'algorithm',
      ),
    ];
  });
}

/** The public key, in each form it may be lying about, as the secret of an HMAC. RFC 8725 §2.1. */
function publicKeyAsSecret(): readonly Vector[] {
  return issuerKeys.flatMap((key) => {
    const jwk = publicJwk(key);
    const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const secrets: readonly (readonly [form: string, secret: string | Buffer])[] = [
      ['PEM', pem],
      ['PEM without its last line feed', pem.trimEnd()],
      ['DER', publicKey.export({ type: 'spki', format: 'der' })],
      ['JWK', JSON.stringify(jwk)],
      ['first number', bytesOf(jwk, key.kty === 'RSA' ? 'n' : 'x')],
    ];
    return ['HS256', 'HS384', 'HS512'].flatMap((alg) =>
      secrets.map(([form, secret]) => {
        const signed = `${segment({ alg, typ: 'JWT', kid: key.kid })}.${segment(goodClaims)}`;
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(signed)
          .digest('base64url');
        return bad(`${alg} with ${key.kid} as ${form}`, 'a secret that everybody has', `${signed}.${mac}`, 'algorithm');
      }),
    );
  });
}

/** Every way to say one algorithm and sign by another. RFC 8725 §3.1. */
function confusions(): readonly Vector[] {
  return signers.flatMap(([alg, label]) =>
    signers
      .filter(([other, otherLabel]) => other !== alg && otherLabel !== label)
      .map(([other, otherLabel]) => {
        const key = testKey(label);
        const header = { ...goodHeader, alg: other, kid: otherLabel };
        const signed = `${segment(header)}.${segment(goodClaims)}`;
        const signature = signBytes(alg, key, Buffer.from(signed)).toString('base64url');
        const fits = fitting(other, otherLabel);
        return bad(
          `says ${other} by ${otherLabel}, signed ${alg} by ${label}`,
          'a signature by another key and algorithm than it says',
          `${signed}.${signature}`,
          fits ? 'signature' : 'key-algorithm',
        );
      }),
  );
}

function fitting(alg: string, label: string): boolean {
  return signers.some(([one, key]) => one === alg && key === label);
}

/** A key used for an algorithm that it was not made for. */
function misused(): readonly Vector[] {
  const bound = 'the key set binds the key to another algorithm (RFC 8725 §3.1)';
  return [
    bad('PS256 by the key for RS256', bound, signedWith('rs256', 'PS256'), 'key-algorithm'),
    bad('RS512 by the key for RS256', bound, signedWith('rs256', 'RS512'), 'key-algorithm'),
    bad('RS256 by the key for PS256', bound, signedWith('ps256', 'RS256'), 'key-algorithm'),
    bad('PS512 by the key for PS256', bound, signedWith('ps256', 'PS512'), 'key-algorithm'),
    bad(
      'an RSA key of 1024 bits',
      'too short to be trusted (RFC 7518 §3.3)',
      signedWith('short-rsa', 'RS256'),
      'unknown-key',
    ),
    bad('ES256K', 'not on the list', withClaims({}, { alg: 'ES256K', kid: 'secp256k1' }), 'algorithm'),
    bad('EdDSA with an Ed448 key', 'Ed448 is not supported', signedWith('ed448', 'EdDSA'), 'unknown-key'),
    bad('Ed448 by name', 'Ed448 is not supported', signedWith('ed448', 'Ed448'), 'algorithm'),
    bad(
      'the encryption key of the set',
      'use says enc',
      signedWith('attacker-rsa', 'RS256', { kid: 'enc' }),
      'unknown-key',
    ),
    bad(
      'a key without key_ops verify',
      'key_ops says encrypt',
      signedWith('attacker-ec', 'ES256', { kid: 'encrypt-only' }),
      'unknown-key',
    ),
    bad(
      'the key with exponent one',
      'any signature would fit',
      signedWith('attacker-rsa', 'RS256', { kid: 'exponent-one' }),
      'unknown-key',
    ),
    ...[
      'RSA1_5',
      'RSA-OAEP',
      'dir',
      'A256KW',
      'ECDH-ES',
      'rs256',
      'es256',
      'ES256 ',
      'SHA256',
      'RS1',
      'HS1',
      'ES257',
      'ML-DSA-44',
      'ESB256',
    ].map((alg) =>
      bad(`alg ${JSON.stringify(alg)}`, 'not a signature on the list', withClaims({}, { alg }), 'algorithm'),
    ),
  ];
}

function wrongTypes(): readonly Vector[] {
  const values: readonly Json[] = [null, 0, 1, true, false, [], ['ES256'], {}, { toString: 'ES256' }];
  const said = (value: Json): string => JSON.stringify(value);
  return [
    ...values.map((alg) => bad(`alg ${said(alg)}`, 'alg is text', withClaims({}, { alg }), 'malformed')),
    bad('no alg', 'RFC 7515 §4.1.1', withHeader('{"typ":"JWT","kid":"es256"}'), 'malformed'),
    ...values.map((kid) =>
      bad(`kid ${said(kid)}`, 'kid is text; some look-ups would coerce it', withClaims({}, { kid }), 'malformed'),
    ),
    ...values.map((typ) => bad(`typ ${said(typ)}`, 'typ is text', withClaims({}, { typ }), 'malformed')),
    ...values.map((cty) => bad(`cty ${said(cty)}`, 'cty is text', withClaims({}, { cty }), 'header')),
  ];
}

function keyIds(): readonly Vector[] {
  const kids = [
    'attacker',
    '',
    ' ',
    'ES256',
    'es256 ',
    ' es256',
    'es256\0',
    'Es256',
    '../es256',
    '../../../../dev/null',
    '/dev/null',
    'file:///etc/passwd',
    'https://evil.example.com/key',
    "es256' OR '1'='1",
    'es256;ls',
    '$(id)',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'length',
    '0',
    '*',
    'es256,rs256',
    '["es256"]',
    'null',
    'undefined',
    'x'.repeat(5000),
    'oct',
    'es\u0000256',
    'ｅｓ256',
  ];
  return kids.map((kid) =>
    bad(
      `kid ${JSON.stringify(kid.length > 40 ? `${kid.slice(0, 10)}… (${kid.length})` : kid)}`,
      'names no key of the issuer; the attacker’s own key signed it',
      signedWith('attacker-ec', 'ES256', { kid }),
      kid.includes('\0') ? 'malformed' : 'unknown-key',
    ),
  );
}

function keysInTheToken(): readonly Vector[] {
  const why = 'the token brings its own key, which nobody may follow (RFC 8725 §3.10)';
  const attacker = testKey('attacker-ec');
  const jwk = publicJwk(attacker);
  const brought: readonly (readonly [name: string, header: Record<string, Json>])[] = [
    ['jwk', { jwk }],
    ['jwk and its kid', { jwk, kid: attacker.kid }],
    ['jku', { jku: 'https://evil.example.com/jwks.json' }],
    ['jku of the issuer’s look', { jku: 'https://keycloak.example.com@evil.example.com/certs' }],
    ['x5u', { x5u: 'https://evil.example.com/cert.pem' }],
    ['x5c', { x5c: ['MIIBszCCAVmgAwIBAgIUQ'] }],
    ['x5t', { x5t: 'dGVzdA' }],
    ['all of them', { jwk, jku: 'https://evil.example.com/', x5u: 'https://evil.example.com/', x5c: ['MIIB'] }],
  ];
  return brought.flatMap(([name, header]) => [
    bad(
      `${name}, signed by the key it brings`,
      why,
      signedWith('attacker-ec', 'ES256', { kid: 'es256', ...header }),
      header.kid === undefined ? 'signature' : 'unknown-key',
    ),
    bad(`${name}, and no kid`, why, signedWith('attacker-ec', 'ES256', { ...header, kid: undefined }), 'signature'),
  ]);
}

function extensions(): readonly Vector[] {
  const why = 'RFC 7515 §4.1.11: what is critical and not understood is refused';
  const crits: readonly Json[] = [
    [],
    ['exp'],
    ['b64'],
    ['alg'],
    ['kid'],
    ['http://example.invalid/x'],
    'b64',
    null,
    {},
    true,
    0,
    [null],
    [1],
    ['b64', 'b64'],
  ];
  return [
    ...crits.map((crit) => bad(`crit ${JSON.stringify(crit)}`, why, withClaims({}, { crit }), 'header')),
    bad('crit b64, b64 false', 'RFC 7797 §7: not in a JWT', withClaims({}, { crit: ['b64'], b64: false }), 'header'),
    bad('crit b64, b64 true', 'RFC 7797 is not supported', withClaims({}, { crit: ['b64'], b64: true }), 'header'),
    bad('crit exp, exp in the header', 'not understood here', withClaims({}, { crit: ['exp'], exp: 1 }), 'header'),
    bad('b64 false without crit', 'RFC 7797 §6: must be critical', withClaims({}, { b64: false }), 'header'),
    bad('b64 true', 'RFC 7797 §7: not in a JWT', withClaims({}, { b64: true }), 'header'),
    bad('zip DEF', 'for encrypted tokens only (RFC 7516 §4.1.3)', withClaims({}, { zip: 'DEF' }), 'header'),
    bad('enc', 'for encrypted tokens only', withClaims({}, { enc: 'A256GCM' }), 'header'),
    ...['JWT', 'jwt', 'application/jwt', 'JwT'].map((cty) =>
      bad(`cty ${cty}`, 'a nested token (RFC 7519 §5.2)', withClaims({}, { cty }), 'header'),
    ),
    bad(
      'a nested token',
      'the payload is a token, not claims',
      signToken('ES256', testKey('es256'), { ...goodHeader, cty: 'JWT' }, Buffer.from(withClaims({}))),
      'header',
    ),
    bad(
      'a nested token without cty',
      'the payload is a token, not claims',
      signToken('ES256', testKey('es256'), goodHeader, Buffer.from(withClaims({}))),
      'malformed',
    ),
  ];
}

function foreignTypes(): readonly Vector[] {
  const typs = [
    'dpop+jwt',
    'DPoP+JWT',
    'application/dpop+jwt',
    'secevent+jwt',
    'application/secevent+jwt',
    'logout+jwt',
    'JWE',
    'JOSE',
    'JOSE+JSON',
    'id_token',
    'ID',
    'refresh+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'client-authentication+jwt',
    'entity-statement+jwt',
    'kb+jwt',
    'vc+sd-jwt',
    'dc+sd-jwt',
    'wallet-attestation+jwt',
    'passport',
    'jarm',
    'at+jwt ',
    ' at+jwt',
    'at+jwt;v=1',
    'at+jwtx',
    'xat+jwt',
    'x/at+jwt',
    'at jwt',
    'at%2Bjwt',
    'JWTS',
    'J',
    '',
    ' ',
    'JWT\0',
    'application/',
    'application/application/jwt',
    'text/jwt',
  ];
  return typs.map((typ) =>
    bad(
      `typ ${JSON.stringify(typ)}`,
      'a token of another kind (RFC 8725 §3.11)',
      withClaims({}, { typ }),
      typ.includes('\0') ? 'malformed' : 'kind',
    ),
  );
}

export function headerVectors(): readonly Vector[] {
  return [
    ...unsecured(),
    ...publicKeyAsSecret(),
    ...confusions(),
    ...misused(),
    ...wrongTypes(),
    ...keyIds(),
    ...keysInTheToken(),
    ...extensions(),
    ...foreignTypes(),
    bad(
      'no kid where several keys fit',
      'which key is meant would be a guess',
      signedWith('rsa-any', 'RS256', { kid: undefined }),
      'unknown-key',
    ),
  ];
}
