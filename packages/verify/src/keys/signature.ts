import { verify } from 'node:crypto';
import type { Algorithm } from '../algorithms.ts';
import type { VerificationKey } from './jwk.ts';

/**
 * Whether a signature over these bytes is this key's. The caller has checked that the key fits the algorithm. A
 * signature of another length is refused before any arithmetic: ECDSA is `r ‖ s` and never DER (RFC 7518 §3.4).
 */
export function isSignedBy(key: VerificationKey, algorithm: Algorithm, signed: Buffer, signature: Buffer): boolean {
  if (signature.length !== (algorithm.signatureLength ?? key.modulusLength)) return false;
  const { padding, saltLength, dsaEncoding } = algorithm.parameters;
  // Written out, since an object literal is cheaper here than a spread, and a bare key than an object.
  if (dsaEncoding !== undefined) return verify(algorithm.hash, signed, { key: key.key, dsaEncoding }, signature);
  if (padding !== undefined && saltLength !== undefined) {
    return verify(algorithm.hash, signed, { key: key.key, padding, saltLength }, signature);
  }
  return verify(algorithm.hash, signed, key.key, signature);
}
