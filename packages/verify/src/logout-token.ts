import type { Claims, EpochSeconds, Result } from '@keyturn/protocol';
import { epochSeconds, hours, isJsonObject, ok, refuse, secondsOf } from '@keyturn/protocol';
import { checkAudience } from './audience.ts';
import { checkClaimTypes, checkTimes } from './claims.ts';
import { explain } from './explain.ts';
import { findSigner } from './judge.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { readOptions } from './options.ts';
import { createTokenReader } from './read.ts';
import type { TokenRefusal } from './refusal.ts';
import type { ReplayStore } from './replay.ts';

/** What an issuer says has ended: a session, or all sessions of a person. OpenID Connect Back-Channel Logout 1.0 §2.4. */
export interface LogoutToken {
  readonly issuer: string;
  /** `sub`. One of this and `sessionId` is always there. */
  readonly subject: string | undefined;
  /** `sid`; without it every session of the person has ended. */
  readonly sessionId: string | undefined;
  /** When the issuer said so, by its own clock. */
  readonly issuedAt: EpochSeconds;
  /** Keycloak's `revoke_offline_access`: what outlives a session is to end with it. */
  readonly offlineToo: boolean;
}

export type LogoutTokenRefusal =
  | TokenRefusal
  /** Signed by the issuer, and no logout token: an access or ID token, or one with a claim that none may have. */
  | { readonly why: 'not-logout'; readonly fault: string }
  /** Seen before: whoever recorded it sends it again. */
  | { readonly why: 'replayed' };

/** Judges logout tokens. */
export interface LogoutTokenVerifier {
  verify(token: unknown): Promise<Result<LogoutToken, LogoutTokenRefusal>>;
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** `logout+jwt` is what the specification recommends (§2.4); older providers write `JWT` or nothing. */
const logoutTypes: ReadonlySet<string> = new Set(['logout+jwt', 'jwt']);
/** The specification recommends two minutes (§2.4). The store of used tokens has to remember each for as long. */
const longest = hours(1);
const maxJtiLength = 256;

/**
 * Builds a verifier of logout tokens for one client, whose id is the `audience`. Each token works once: `replay` is shared
 * by all replicas that are told. OpenID Connect Back-Channel Logout 1.0 §2.6, and ID tokens' own checks.
 */
export function createLogoutTokenVerifier(
  options: VerifierOptions & { readonly replay: ReplayStore },
): LogoutTokenVerifier {
  const { issuers, clock, maxTokenLength } = readOptions([{ maxLifetime: longest, ...options }]);
  const rules = issuers.get(options.issuer);
  if (rules === undefined) throw new TypeError('the verifier of logout tokens has no issuer');
  const reader = createTokenReader(maxTokenLength, rules.algorithms, { types: logoutTypes });
  return {
    async verify(token) {
      const read = reader.read(token);
      if (!read.ok) return read;
      const { header, claims } = read.value;
      if (claims.iss !== rules.issuer) {
        const got = typeof claims.iss === 'string' ? claims.iss : undefined;
        return refuse({ why: 'issuer', got, expected: [rules.issuer] });
      }
      const keys = await rules.keys.find(header.kid, header.algorithm);
      if (!keys.ok) {
        const { issuer } = rules;
        return keys.refusal.why === 'unknown-key'
          ? refuse({ ...keys.refusal, issuer, kid: header.kid })
          : refuse({ ...keys.refusal, issuer });
      }
      const signer = findSigner(read.value, reader, rules.issuer, keys.value);
      if (!signer.ok) return signer;
      const types = checkClaimTypes(claims);
      if (!types.ok) return types;
      const times = checkTimes(claims, secondsOf(clock()), rules.times);
      if (!times.ok) return times;
      const audiences = checkAudience(claims, rules.audiences);
      if (!audiences.ok) return audiences;
      const fault = faultOf(claims, audiences.value, rules.audiences);
      if (fault !== undefined) return refuse({ why: 'not-logout', fault });
      const { sub, sid, iat = 0, exp = 0, jti = '', events } = claims;
      // Last, so that only a token that is good in all else uses up its id.
      const until = epochSeconds(Math.ceil(exp + rules.times.clockTolerance));
      if (!(await options.replay.claim(`${rules.issuer}\n${jti}`, until))) return refuse({ why: 'replayed' });
      return ok({
        issuer: rules.issuer,
        subject: sub,
        sessionId: sid,
        issuedAt: epochSeconds(iat),
        offlineToo: isJsonObject(events) && events['revoke_offline_access'] === true,
      });
    },
  };
}

/** Says a refusal in a sentence, for the log. */
export function explainLogoutToken(refusal: LogoutTokenRefusal): string {
  switch (refusal.why) {
    case 'not-logout':
      return `This is no logout token: ${refusal.fault}.`;
    case 'replayed':
      return 'This logout token has been used before.';
    default:
      return explain(refusal);
  }
}

/** What keeps a genuine token from being a logout token, or undefined. §2.4 and §2.6. */
function faultOf(claims: Claims, audiences: readonly string[], ours: ReadonlySet<string>): string | undefined {
  const { typ, iat, jti, sub, sid, events, nonce } = claims;
  // Keycloak says the kind in the payload too.
  if (typ !== undefined && typ !== 'Logout') return 'its typ is another';
  // An ID token has a nonce, and must never pass for this (§2.4).
  if (nonce !== undefined) return 'it has a nonce';
  const other = audiences.find((audience) => !ours.has(audience));
  if (other !== undefined) return 'it is meant for others too';
  if (iat === undefined) return 'it has no iat';
  if (jti === undefined || jti === '' || jti.length > maxJtiLength) return 'it has no usable jti';
  if ((sub ?? '') === '' && (sid ?? '') === '') return 'it names neither a person nor a session';
  if (sub === '' || sid === '') return 'its sub or sid is empty';
  if (!isJsonObject(events) || !isJsonObject(events[logoutEvent])) return 'its events have no back-channel logout';
  return undefined;
}
