import type { EpochMilliseconds, Principal, Result } from '@keyturn/protocol';
import { epochMilliseconds, ok, refuse, secondsOf } from '@keyturn/protocol';
import { checkAudience } from './audience.ts';
import type { Binding } from './binding.ts';
import { bindingOf } from './binding.ts';
import { checkAccessTokenProfile, checkClaimTypes, checkTimes } from './claims.ts';
import type { VerificationKey } from './keys/jwk.ts';
import { fits } from './keys/key-index.ts';
import { isSignedBy } from './keys/signature.ts';
import { foreignKind } from './kind.ts';
import type { IssuerRules } from './options.ts';
import { buildPrincipal } from './principal.ts';
import type { ReadToken, TokenReader } from './read.ts';
import type { TokenRefusal } from './refusal.ts';

/** A token that is genuine, for us and alive. Whether it has been revoked is not known yet. */
export interface Judged {
  readonly principal: Principal;
  /** The key that signed it. */
  readonly key: VerificationKey;
  readonly binding: Binding | undefined;
  /** When it dies, tolerance included. */
  readonly until: EpochMilliseconds;
}

/**
 * Judges a token by its issuer's rules. The signature comes first, so that every later refusal states a fact about a
 * token that the issuer really wrote: "expired" never means "forged".
 */
export function judge(
  token: ReadToken,
  reader: TokenReader,
  rules: IssuerRules,
  keys: readonly VerificationKey[],
  at: EpochMilliseconds,
): Result<Judged, TokenRefusal> {
  const signer = findSigner(token, reader, rules.issuer, keys);
  if (!signer.ok) return signer;
  const { claims, header, plainText } = token;
  const types = checkClaimTypes(claims);
  if (!types.ok) return types;
  const kind = foreignKind(claims, header.accessTokenProfile, rules.acceptIdTokens);
  if (kind !== undefined) return refuse({ why: 'kind', got: kind });
  const times = checkTimes(claims, secondsOf(at), rules.times);
  if (!times.ok) return times;
  const audiences = checkAudience(claims, rules.audiences);
  if (!audiences.ok) return audiences;
  if (header.accessTokenProfile) {
    const profile = checkAccessTokenProfile(claims);
    if (!profile.ok) return profile;
  }
  const principal = buildPrincipal(claims, audiences.value, rules.identity, header.accessTokenProfile, plainText);
  if (!principal.ok) return principal;
  const until = epochMilliseconds((principal.value.expiresAt + rules.times.clockTolerance) * 1000);
  return ok({ principal: principal.value, key: signer.value, binding: bindingOf(claims), until });
}

/** The key that signed a token, of those that may have. */
export function findSigner(
  token: ReadToken,
  reader: TokenReader,
  issuer: string,
  keys: readonly VerificationKey[],
): Result<VerificationKey, TokenRefusal> {
  const { algorithm, kid } = token.header;
  const bytes = reader.signedBytes(token);
  if (!bytes.ok) return bytes;
  const { signed, signature } = bytes.value;
  const got = algorithm.name;
  let fitting = false;
  for (const key of keys) {
    if (!fits(key, algorithm)) continue;
    fitting = true;
    if (isSignedBy(key, algorithm, signed, signature)) return ok(key);
  }
  return refuse({ why: fitting ? 'signature' : 'key-algorithm', issuer, kid, got });
}
