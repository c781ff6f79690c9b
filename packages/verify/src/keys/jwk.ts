import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Json, JsonObject } from '@keyturn/protocol';
import { isJsonObject } from '@keyturn/protocol';
import type { Algorithm } from '../algorithms.ts';
import { algorithms } from '../algorithms.ts';
import { hasRocaMark } from './roca.ts';

/** A public key that signatures may be checked with. */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly kty: Algorithm['kty'];
  readonly crv: string | undefined;
  /** The one algorithm that the set allows for this key; undefined if it says nothing. */
  readonly alg: string | undefined;
  /** Length of an RSA modulus in bytes, which is that of its signatures. */
  readonly modulusLength: number | undefined;
  readonly key: KeyObject;
  /** The public members as text: two keys are the same if these are. */
  readonly identity: string;
}

/** A member of a key set that is not used, and why. */
export interface SkippedKey {
  readonly kid: string | undefined;
  readonly reason: string;
}

const minModulusBits = 2048;
// A larger modulus is nothing but a way to burn time: cost grows with its square.
const maxModulusBits = 8192;
const curves: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521']);

/** Reads one member of a key set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). One bad key is skipped, the others serve. */
export function parseJwk(jwk: Json): VerificationKey | SkippedKey {
  if (!isJsonObject(jwk)) return { kid: undefined, reason: 'not an object' };
  const { kid, use, key_ops: operations, alg } = jwk;
  if (kid !== undefined && typeof kid !== 'string') return { kid: undefined, reason: 'its kid is not a string' };
  const skip = (reason: string): SkippedKey => ({ kid, reason });
  if (use !== undefined && use !== 'sig') return skip('its use is not "sig"');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return skip('its key_ops do not contain "verify"');
  }
  if (alg !== undefined && (typeof alg !== 'string' || !algorithms.has(alg))) return skip('its alg is not supported');
  const material = publicMembers(jwk);
  if (typeof material === 'string') return skip(material);
  const { kty, crv } = material;
  if (alg !== undefined) {
    const algorithm = algorithms.get(alg);
    if (algorithm?.kty !== kty || algorithm.crv !== crv) return skip('its alg does not fit its type');
  }
  try {
    const key = createPublicKey({ key: { ...material }, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    if (kty === 'RSA') {
      if (bits === undefined || bits < minModulusBits) return skip(`an RSA key of less than ${minModulusBits} bits`);
      if (bits > maxModulusBits) return skip(`an RSA key of more than ${maxModulusBits} bits`);
      const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
      if (material.kty === 'RSA' && hasRocaMark(bigintOf(material.n)))
        return skip('an RSA key that can be factored (ROCA)');
      if (exponent < 3n || exponent % 2n === 0n || exponent >= 2n ** 33n) return skip('a bad RSA exponent');
    }
    const modulusLength = bits === undefined ? undefined : Math.ceil(bits / 8);
    return { kid, kty, crv, alg, modulusLength, key, identity: JSON.stringify([kid, alg, material]) };
  } catch {
    return skip('not a valid key');
  }
}

export function isUsable(key: VerificationKey | SkippedKey): key is VerificationKey {
  return 'key' in key;
}

type PublicMembers =
  | { readonly kty: 'RSA'; readonly crv?: never; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string };

function bigintOf(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`);
}

/** The members that make up the public key. Private ones, should a set leak them, are left behind. */
function publicMembers(jwk: JsonObject): PublicMembers | string {
  const { kty, crv, n, e, x, y } = jwk;
  if (kty === 'RSA') {
    if (typeof n !== 'string' || typeof e !== 'string') return 'an RSA key without n and e';
    return { kty, n, e };
  }
  if (kty === 'EC') {
    if (typeof crv !== 'string' || !curves.has(crv)) return 'its curve is not supported';
    if (typeof x !== 'string' || typeof y !== 'string') return 'an EC key without x and y';
    return { kty, crv, x, y };
  }
  if (kty === 'OKP') {
    if (crv !== 'Ed25519') return 'its curve is not supported';
    if (typeof x !== 'string') return 'an OKP key without x';
    return { kty, crv, x };
  }
  return 'its type is not supported';
}
