import type { EpochMilliseconds, EpochSeconds, Seconds } from '@keyturn/protocol';
import { epochMilliseconds, epochSeconds, isJsonObject } from '@keyturn/protocol';

/**
 * `exp` as it stands in a JWT, unverified; undefined for an opaque token. It may only ever shorten how long a token is
 * kept: that a forged `exp` does no harm is why no signature is checked here.
 */
export function readExpiry(token: string): EpochSeconds | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const exp = isJsonObject(claims) ? claims['exp'] : undefined;
    return typeof exp === 'number' && Number.isFinite(exp) ? epochSeconds(Math.floor(exp)) : undefined;
  } catch {
    return undefined;
  }
}

/** When a kept token stops being handed out, and from when it is worth renewing. */
export interface Keep {
  readonly until: EpochMilliseconds;
  /** Undefined where renewing gains nothing, because the subject's own token ends first. */
  readonly renewFrom: EpochMilliseconds | undefined;
}

/**
 * How long a token may be kept, or undefined: use it once.
 *
 * It ends `buffer` before the earlier end of the new token and the subject's. Where that whole life is shorter than
 * twice the buffer, half of the life is the buffer: a realm with one-minute tokens and a buffer of a minute would else
 * exchange at every call. Without a known end nothing is kept, and nothing is kept longer than a day. The last fifth of
 * the time is for renewing ahead.
 */
export function keepFor(life: {
  readonly now: EpochMilliseconds;
  readonly expiresAt: EpochSeconds | undefined;
  readonly subjectExpiresAt: EpochSeconds | undefined;
  readonly buffer: Seconds;
}): Keep | undefined {
  const { now, expiresAt, subjectExpiresAt } = life;
  if (expiresAt === undefined) return undefined;
  const end = Math.min(expiresAt, subjectExpiresAt ?? Number.POSITIVE_INFINITY) * 1000;
  const whole = Math.min(end - now, 86_400_000);
  if (!(whole > 0)) return undefined;
  const kept = whole - Math.min(life.buffer * 1000, whole / 2);
  const renewable = subjectExpiresAt === undefined || expiresAt < subjectExpiresAt;
  return {
    until: epochMilliseconds(now + kept),
    renewFrom: renewable ? epochMilliseconds(now + kept * 0.8) : undefined,
  };
}
