import { createECDH, createHash, createPrivateKey, privateEncrypt, constants, sign } from 'node:crypto';
import type { JsonObject } from '@keyturn/protocol';
import type { TestKey } from './keys.ts';
import { bytesOf, memberOf } from './keys.ts';

/**
 * Signs so that the same input gives the same bytes, on every machine and each time: RSA and EdDSA are that by nature,
 * PSS gets a salt and ECDSA a nonce derived from the input. For test vectors only; such a nonce is safe nowhere else.
 */
export function signBytes(alg: string, key: TestKey, bytes: Buffer): Buffer {
  const hash = `sha${alg.slice(2)}`;
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' });
  if (alg.startsWith('RS')) return sign(hash, bytes, privateKey);
  if (alg.startsWith('PS')) return signPss(hash, key, bytes, createHash(hash).digest().length);
  if (alg.startsWith('ES')) return signEcdsa(hash, key, bytes);
  return sign(null, bytes, privateKey);
}

/** A token in compact serialisation over any header and payload, given as JSON or as the bytes themselves. */
export function signToken(
  alg: string,
  key: TestKey,
  header: JsonObject | Buffer,
  payload: JsonObject | Buffer,
): string {
  const signed = `${segment(header)}.${segment(payload)}`;
  return `${signed}.${signBytes(alg, key, Buffer.from(signed)).toString('base64url')}`;
}

export function segment(content: JsonObject | Buffer): string {
  return (Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))).toString('base64url');
}

/** EMSA-PSS-ENCODE (RFC 8017 §9.1.1) with a derived salt, then the bare private operation. */
export function signPss(hash: string, key: TestKey, bytes: Buffer, saltLength: number, mgfHash = hash): Buffer {
  const emLength = bytesOf(key, 'n').length;
  const digest = createHash(hash).update(bytes).digest();
  const salt = expand('sha256', Buffer.concat([Buffer.from('salt'), bytes]), saltLength);
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const db = Buffer.alloc(emLength - h.length - 1);
  salt.copy(db, db.length - salt.length);
  db[db.length - salt.length - 1] = 1;
  const mask = expand(mgfHash, h, db.length);
  for (let i = 0; i < db.length; i++) db[i] = (db[i] ?? 0) ^ (mask[i] ?? 0);
  db[0] = (db[0] ?? 0) & 0x7f;
  const encoded = Buffer.concat([db, h, Buffer.from([0xbc])]);
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' });
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);
}

/** MGF1. RFC 8017 §B.2.1. */
function expand(hash: string, seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; Buffer.concat(blocks).length < length; i++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(i);
    blocks.push(createHash(hash).update(seed).update(counter).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

interface Curve {
  readonly name: string;
  readonly order: bigint;
  readonly size: number;
}

// SEC 2 §2: the orders of the base points.
const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    name: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    size: 32,
  },
  'P-384': {
    name: 'secp384r1',
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    size: 48,
  },
  'P-521': {
    name: 'secp521r1',
    order:
      0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    size: 66,
  },
};

export function curveOf(key: TestKey): Curve {
  const curve = curves[memberOf(key, 'crv')];
  if (curve === undefined) throw new Error('no such curve');
  return curve;
}

/** ECDSA (FIPS 186-5 §6.4) with a derived nonce: `r ‖ s`. */
function signEcdsa(hash: string, key: TestKey, bytes: Buffer): Buffer {
  const curve = curveOf(key);
  const { order, size } = curve;
  const d = toBigInt(bytesOf(key, 'd'));
  const z = toBigInt(createHash(hash).update(bytes).digest());
  const k = (toBigInt(expand('sha512', Buffer.concat([bytesOf(key, 'd'), bytes]), size + 8)) % (order - 1n)) + 1n;
  const point = createECDH(curve.name);
  point.setPrivateKey(toBytes(k, size));
  const r = toBigInt(point.getPublicKey().subarray(1, 1 + size)) % order;
  const s = (inverse(k, order) * (z + r * d)) % order;
  return Buffer.concat([toBytes(r, size), toBytes(s, size)]);
}

export function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

export function toBytes(value: bigint, size: number): Buffer {
  return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}
