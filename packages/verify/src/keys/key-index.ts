import type { JsonObject } from '@keyturn/protocol';
import type { Algorithm } from '../algorithms.ts';
import type { SkippedKey, VerificationKey } from './jwk.ts';
import { isUsable, parseJwk } from './jwk.ts';

/** More keys than any issuer has; the rest of a longer set is not looked at. */
const maxKeys = 100;

/** One reading of a key set, ready to be asked for a key. */
export interface KeyIndex {
  readonly keys: readonly VerificationKey[];
  readonly skipped: readonly SkippedKey[];
  readonly byKid: ReadonlyMap<string, readonly VerificationKey[]>;
}

/**
 * Builds the index of a JWK set (RFC 7517 §5), or undefined if it is none. A key that was there before stays the same
 * object, so that what was verified with it can tell whether its key still stands.
 */
export function buildKeyIndex(set: JsonObject, before?: KeyIndex): KeyIndex | undefined {
  if (!Array.isArray(set.keys)) return undefined;
  const known = new Map(before?.keys.map((key) => [key.identity, key]));
  const keys: VerificationKey[] = [];
  const skipped: SkippedKey[] = [];
  for (const jwk of set.keys.slice(0, maxKeys)) {
    const parsed = parseJwk(jwk);
    if (isUsable(parsed)) keys.push(known.get(parsed.identity) ?? parsed);
    else skipped.push(parsed);
  }
  const byKid = new Map<string, VerificationKey[]>();
  for (const key of keys) {
    if (key.kid === undefined) continue;
    const same = byKid.get(key.kid);
    if (same === undefined) byKid.set(key.kid, [key]);
    else same.push(key);
  }
  return { keys, skipped, byKid };
}

/**
 * The keys a token may have been signed with, or undefined if the set has none by that name. A `kid` names its key;
 * a token without one is only accepted where a single key fits its algorithm, so that nothing is guessed.
 */
export function candidates(
  index: KeyIndex,
  kid: string | undefined,
  algorithm: Algorithm,
): readonly VerificationKey[] | undefined {
  if (kid !== undefined) return index.byKid.get(kid);
  const fitting = index.keys.filter((key) => fits(key, algorithm));
  return fitting.length === 1 ? fitting : undefined;
}

/** Whether a key may be used with an algorithm: of its type and curve, and not set aside for another. RFC 8725 §3.1. */
export function fits(key: VerificationKey, algorithm: Algorithm): boolean {
  return (
    key.kty === algorithm.kty && key.crv === algorithm.crv && (key.alg === undefined || key.alg === algorithm.name)
  );
}
