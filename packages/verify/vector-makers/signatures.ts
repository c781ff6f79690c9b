import { createHash, createPrivateKey, constants, privateEncrypt, sign } from 'node:crypto';
import { signers } from './good.ts';
import { bytesOf, testKey } from './keys.ts';
import { curveOf, segment, signBytes, signPss, toBigInt, toBytes } from './sign.ts';
import type { Vector } from './vector.ts';
import { goodClaims, goodHeader, signedWith } from './vector.ts';

const bad = (name: string, why: string, token: string, verdict = 'signature'): Vector => ({
  name,
  why,
  token,
  verdict,
});

interface Parts {
  readonly alg: string;
  readonly label: string;
  readonly signed: string;
  readonly signature: Buffer;
}

function partsOf(alg: string, label: string): Parts {
  const [header = '', payload = '', signature = ''] = signedWith(label, alg).split('.');
  return { alg, label, signed: `${header}.${payload}`, signature: Buffer.from(signature, 'base64url') };
}

const withSignature = ({ signed }: Parts, signature: Buffer): string => `${signed}.${signature.toString('base64url')}`;

function damaged(): readonly Vector[] {
  return signers.flatMap(([alg, label]) => {
    const parts = partsOf(alg, label);
    const { signature } = parts;
    const flipped = (at: number): Buffer => {
      const copy = Buffer.from(signature);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };
    const changes: readonly (readonly [name: string, signature: Buffer])[] = [
      ['first bit flipped', flipped(0)],
      ['a middle bit flipped', flipped(signature.length >> 1)],
      ['last bit flipped', flipped(signature.length - 1)],
      ['one byte short', signature.subarray(0, -1)],
      ['first byte missing', signature.subarray(1)],
      ['one byte of zero after', Buffer.concat([signature, Buffer.alloc(1)])],
      ['one byte of zero before', Buffer.concat([Buffer.alloc(1), signature])],
      ['doubled', Buffer.concat([signature, signature])],
      ['half', signature.subarray(0, signature.length >> 1)],
      ['all zero', Buffer.alloc(signature.length)],
      ['all ones', Buffer.alloc(signature.length, 0xff)],
      ['one byte', Buffer.from([1])],
      ['reversed', Buffer.from(signature).reverse()],
      ['the hash of the text', createHash('sha512').update(parts.signed).digest()],
      [
        'of another token',
        Buffer.from(signedWith(label, alg, {}, { sub: 'somebody-else' }).split('.')[2] ?? '', 'base64url'),
      ],
    ];
    return changes.map(([name, changed]) =>
      bad(`${alg} by ${label}: ${name}`, 'not the signature of these bytes', withSignature(parts, changed)),
    );
  });
}

function payloadsChanged(): readonly Vector[] {
  return signers.flatMap(([alg, label]) => {
    const { signed, signature } = partsOf(alg, label);
    const [header = ''] = signed.split('.');
    const changes: readonly (readonly [name: string, claims: object])[] = [
      ['another subject', { ...goodClaims, sub: 'admin' }],
      ['more roles', { ...goodClaims, realm_access: { roles: ['operator', 'admin'] } }],
      ['a later end', { ...goodClaims, exp: goodClaims.exp + 1 }],
    ];
    return changes.map(([name, claims]) =>
      bad(
        `${alg} by ${label}: ${name}`,
        'changed after it was signed',
        `${header}.${segment(Buffer.from(JSON.stringify(claims)))}.${signature.toString('base64url')}`,
      ),
    );
  });
}

function forged(): readonly Vector[] {
  const why = 'signed by an attacker under the name of an issuer’s key';
  return [
    bad('RS256 by an attacker', why, signedWith('attacker-rsa', 'RS256', { kid: 'rs256' })),
    bad('PS256 by an attacker', why, signedWith('attacker-rsa', 'PS256', { kid: 'ps256' })),
    bad('RS512 by an attacker', why, signedWith('attacker-rsa', 'RS512', { kid: 'rsa-any' })),
    bad('ES256 by an attacker', why, signedWith('attacker-ec', 'ES256', { kid: 'es256' })),
    bad('EdDSA by an attacker', why, signedWith('attacker-ed', 'EdDSA', { kid: 'eddsa' })),
    bad('RS256 by another key of the issuer', 'the kid decides', signedWith('rs256', 'RS256', { kid: 'rsa-any' })),
  ];
}

function ellipticEdges(): readonly Vector[] {
  return signers
    .filter(([alg]) => alg.startsWith('ES'))
    .flatMap(([alg, label]) => {
      const parts = partsOf(alg, label);
      const { order, size } = curveOf(testKey(label));
      const r = parts.signature.subarray(0, size);
      const s = parts.signature.subarray(size);
      const zero = Buffer.alloc(size);
      const one = toBytes(1n, size);
      const n = toBytes(order, size);
      const pairs: readonly (readonly [name: string, r: Uint8Array, s: Uint8Array])[] = [
        ['r and s zero', zero, zero],
        ['r zero', zero, s],
        ['s zero', r, zero],
        ['r and s one', one, one],
        ['r the order', n, s],
        ['s the order', r, n],
        ['r and s the order', n, n],
        ['s plus the order', r, toBytes((toBigInt(s) + order) % 2n ** BigInt(size * 8), size)],
        ['r and s swapped', s, r],
        ['r one less', toBytes(toBigInt(r) - 1n, size), s],
        ['s one more', r, toBytes(toBigInt(s) + 1n, size)],
      ];
      return [
        ...pairs.map(([name, a, b]) =>
          bad(
            `${alg}: ${name}`,
            'not a signature, though careless arithmetic takes it (CVE-2022-21449)',
            withSignature(parts, Buffer.concat([a, b])),
          ),
        ),
        bad(
          `${alg}: as DER`,
          'RFC 7518 §3.4: r ‖ s of fixed length, nothing else',
          withSignature(parts, asDer(parts.signature)),
        ),
        bad(
          `${alg}: r and s without leading zeros`,
          'RFC 7518 §3.4: of fixed length',
          withSignature(parts, Buffer.concat([r.subarray(1), s])),
        ),
        bad(
          `${alg}: r and s of ${size + 1} bytes`,
          'RFC 7518 §3.4: of fixed length',
          withSignature(parts, Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s])),
        ),
      ];
    });
}

/** The same signature in DER. */
function asDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const integer = (bytes: Buffer): Buffer => {
    let start = 0;
    while (bytes[start] === 0) start++;
    const body = bytes.subarray(start);
    const padded = (body[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), body]) : body;
    return Buffer.concat([Buffer.from([2, padded.length]), padded]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, half)), integer(signature.subarray(half))]);
  const length = body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x81, body.length]);
  return Buffer.concat([Buffer.from([0x30]), length, body]);
}

function edwardsEdges(): readonly Vector[] {
  const parts = partsOf('EdDSA', 'eddsa');
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
  const r = parts.signature.subarray(0, 32);
  const s = Buffer.from(parts.signature.subarray(32)).reverse();
  const later = toBytes(toBigInt(s) + order, 32).reverse();
  const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  return [
    bad(
      'EdDSA: S plus the order',
      'RFC 8032 §5.1.7: S must be below the order, or each signature has a twin',
      withSignature(parts, Buffer.concat([r, later])),
    ),
    bad(
      'EdDSA: R the identity, S zero',
      'fits only a weak key',
      withSignature(parts, Buffer.concat([identity, Buffer.alloc(32)])),
    ),
    bad('EdDSA: S zero', 'not a signature', withSignature(parts, Buffer.concat([r, Buffer.alloc(32)]))),
  ];
}

function rsaEdges(): readonly Vector[] {
  const key = testKey('rsa-any');
  const signedFor = (alg: string): string => `${segment({ ...goodHeader, alg, kid: key.kid })}.${segment(goodClaims)}`;
  const raw = (bytes: Buffer): Buffer =>
    privateEncrypt(
      { key: createPrivateKey({ key: { ...key }, format: 'jwk' }), padding: constants.RSA_NO_PADDING },
      bytes,
    );
  const pss = signedFor('PS256');
  const rs = signedFor('RS256');
  const text = Buffer.from(pss);
  const digest = createHash('sha256').update(rs).digest();
  const token = (signed: string, signature: Buffer): string => `${signed}.${signature.toString('base64url')}`;
  const padding = (tail: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 3 - tail.length, 0xff), Buffer.from([0]), tail]);
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const infoWithoutNull = Buffer.from('302f300b06096086480165030402010420', 'hex');
  const modulus = toBigInt(bytesOf(key, 'n'));
  const genuine = signBytes('RS256', key, Buffer.from(rs));
  return [
    ...[0, 20, 31, 33, 64, 222].map((salt) =>
      bad(
        `PS256 with a salt of ${salt}`,
        'RFC 7518 §3.5: as long as the hash',
        token(pss, signPss('sha256', key, text, salt)),
      ),
    ),
    bad(
      'PS256 masked with SHA-1',
      'RFC 7518 §3.5: the same hash for the mask',
      token(pss, signPss('sha256', key, text, 32, 'sha1')),
    ),
    bad('PS256 over SHA-384', 'another hash than it says', token(pss, signPss('sha384', key, text, 32))),
    bad('PS256 signed as RS256', 'another padding than it says', token(pss, signBytes('RS256', key, text))),
    bad('RS256 signed as PS256', 'another padding than it says', token(rs, signBytes('PS256', key, Buffer.from(rs)))),
    bad('RS256 over SHA-512', 'another hash than it says', token(rs, signBytes('RS512', key, Buffer.from(rs)))),
    bad(
      'RS256 over SHA-1',
      'another hash than it says',
      token(rs, sign('sha1', Buffer.from(rs), createPrivateKey({ key: { ...key }, format: 'jwk' }))),
    ),
    bad('RS256 without its algorithm', 'RFC 8017 §9.2: the hash must be named', token(rs, raw(padding(digest)))),
    bad(
      'RS256 with short padding and garbage',
      'Bleichenbacher’s forgery of 2006',
      token(
        rs,
        raw(
          Buffer.concat([
            Buffer.from([0, 1]),
            Buffer.alloc(8, 0xff),
            Buffer.from([0]),
            info,
            digest,
            Buffer.alloc(256 - 11 - info.length - 32),
          ]),
        ),
      ),
    ),
    bad(
      'RS256 with another first byte',
      'RFC 8017 §9.2',
      token(rs, raw(Buffer.concat([Buffer.from([0, 2]), padding(Buffer.concat([info, digest])).subarray(2)]))),
    ),
    bad(
      'RS256 with the algorithm’s NULL left out',
      'RFC 8017 §9.2 note 1; stricter libraries refuse it',
      token(rs, raw(padding(Buffer.concat([infoWithoutNull, digest])))),
    ),
    bad(
      'RS256 plus the modulus',
      'the same number modulo n, in as many bytes or more',
      token(rs, toBytes(toBigInt(genuine) + modulus, 257)),
    ),
    bad('RS256 with the number one', 'one to any power is one', token(rs, toBytes(1n, 256))),
    bad('RS256 with the modulus less one', 'minus one to an odd power', token(rs, toBytes(modulus - 1n, 256))),
  ];
}

export function signatureVectors(): readonly Vector[] {
  return [...damaged(), ...payloadsChanged(), ...forged(), ...ellipticEdges(), ...edwardsEdges(), ...rsaEdges()];
}
