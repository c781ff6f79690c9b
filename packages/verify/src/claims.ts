import type { Claims, EpochSeconds, Result, Seconds } from '@keyturn/protocol';
import { epochSeconds, ok, refuse, seconds } from '@keyturn/protocol';
import type { TokenRefusal } from './refusal.ts';

/** What times are compared with. */
export interface TimeRules {
  readonly clockTolerance: Seconds;
  readonly maxLifetime: Seconds;
}

/** A clock ahead of ours by this much is not held against a token's `iat`, which grants nothing. */
const issuerAhead = 30;

/** Whether the registered claims are of their types, so that everything after may rely on `Claims`. */
export function checkClaimTypes(claims: Claims): Result<void, TokenRefusal> {
  // Written out rather than looped over names: this is on the way of every token.
  const { iss, sub, jti, azp, client_id: clientId, sid, nbf, iat, auth_time: authTime, exp, scope } = claims;
  if (!isTextIfAny(iss)) return notText('iss');
  if (!isTextIfAny(sub)) return notText('sub');
  if (!isTextIfAny(jti)) return notText('jti');
  if (!isTextIfAny(azp)) return notText('azp');
  if (!isTextIfAny(clientId)) return notText('client_id');
  if (!isTextIfAny(sid)) return notText('sid');
  if (scope !== undefined && !isTexts(scope)) return notText('scope');
  if (nbf !== undefined && !isTime(nbf)) return notTime('nbf');
  if (iat !== undefined && !isTime(iat)) return notTime('iat');
  if (authTime !== undefined && !isTime(authTime)) return notTime('auth_time');
  if (exp === undefined) return refuse({ why: 'claim', claim: 'exp', fault: 'missing' });
  return isTime(exp) ? ok(undefined) : notTime('exp');
}

function isTextIfAny(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function notText(claim: string): Result<never, TokenRefusal> {
  return refuse({ why: 'claim', claim, fault: 'not text' });
}

function notTime(claim: string): Result<never, TokenRefusal> {
  return refuse({ why: 'claim', claim, fault: 'not a finite number' });
}

/** Whether a token is alive. A token dies the second that `exp` names (RFC 7519 §4.1.4). */
export function checkTimes(claims: Claims, now: EpochSeconds, rules: TimeRules): Result<void, TokenRefusal> {
  const { exp = Number.NaN, nbf, iat } = claims;
  const { clockTolerance, maxLifetime } = rules;
  if (!isAlive(exp, now, clockTolerance)) return refuse({ why: 'expired', at: epochSeconds(exp), now });
  if (nbf !== undefined && nbf > now + clockTolerance) {
    return refuse({ why: 'not-yet-valid', claim: 'nbf', at: epochSeconds(nbf), now });
  }
  if (iat !== undefined && iat > now + clockTolerance + issuerAhead) {
    return refuse({ why: 'not-yet-valid', claim: 'iat', at: epochSeconds(iat), now });
  }
  // Both ways, so that neither an `iat` in the far past nor the lack of one hides how long the token will live.
  const lifetime = exp - Math.min(iat ?? now, now);
  if (lifetime > maxLifetime) return refuse({ why: 'lifetime', lifetime: seconds(lifetime), limit: maxLifetime });
  return ok(undefined);
}

export function isAlive(exp: number, now: number, clockTolerance: Seconds): boolean {
  return now < exp + clockTolerance;
}

/** RFC 9068 §2.2: what a token must have that calls itself `at+jwt`. Keycloak writes `azp` for `client_id`. */
export function checkAccessTokenProfile(claims: Claims): Result<void, TokenRefusal> {
  for (const claim of ['sub', 'iat', 'jti'] as const) {
    if (claims[claim] === undefined) return refuse({ why: 'claim', claim, fault: 'missing (RFC 9068 §2.2)' });
  }
  if (claims.client_id === undefined && claims.azp === undefined) {
    return refuse({ why: 'claim', claim: 'client_id', fault: 'missing (RFC 9068 §2.2)' });
  }
  return ok(undefined);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isTexts(value: unknown): value is string | readonly string[] {
  if (typeof value === 'string') return true;
  if (!Array.isArray(value)) return false;
  for (let i = 0; i < value.length; i++) if (typeof value[i] !== 'string') return false;
  return true;
}
