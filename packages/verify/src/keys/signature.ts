import { createVerify, verify } from 'node:crypto';
import type { Algorithm } from '../algorithms.ts';
import type { VerificationKey } from './jwk.ts';

/**
 * Whether a signature over these bytes is this key's. The caller has checked that the key fits the algorithm. A
 * signature of another length is refused before any arithmetic: ECDSA is `r ‖ s` and never DER (RFC 7518 §3.4).
 */
export function isSignedBy(key: VerificationKey, algorithm: Algorithm, signed: Buffer, signature: Buffer): boolean {
  const { hash, signatureLength } = algorithm;
  if (signature.length !== (signatureLength ?? key.modulusLength)) return false;
  // Ed25519 hashes by itself, and only the one-shot form knows it. For all others that form costs one or two µs more.
  return hash === null
    ? verify(null, signed, key.key, signature)
    : createVerify(hash).update(signed).verify(withParameters(key, algorithm), signature);
}

/** Written out, since an object literal is cheaper here than a spread, and a bare key than an object. */
function withParameters({ key }: VerificationKey, { parameters }: Algorithm): Parameters<typeof verify>[2] {
  const { padding, saltLength, dsaEncoding } = parameters;
  if (dsaEncoding !== undefined) return { key, dsaEncoding };
  return padding !== undefined && saltLength !== undefined ? { key, padding, saltLength } : key;
}
