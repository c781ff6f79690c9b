import type { Random } from '@keyturn/protocol';
import { Secret, TOTP } from 'otpauth';

const period = 30;

/**
 * The time step (RFC 6238 §4.2) that a six-digit code is of, or undefined. One step before and after count too, for clocks
 * that are a little off (§5.2). Whoever takes the code must not take that step, or an earlier one, again.
 */
export function stepOfCode(secret: string, code: string, now: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const totp = totpOf(secret, '');
  const delta = totp.validate({ token: code, timestamp: now, window: 1 });
  return delta === null ? undefined : Math.floor(now / 1000 / period) + delta;
}

/** What an authenticator app scans or takes by hand. */
export function authenticatorUri(secret: string, username: string): string {
  return totpOf(secret, username).toString();
}

/** The code of a moment; for tests and for whoever has the secret anyway. */
export function codeAt(secret: string, now: number): string {
  return totpOf(secret, '').generate({ timestamp: now });
}

/** A new secret of 20 bytes, as RFC 4226 §4 wants them at least, in base 32. */
export function newTotpSecret(random: Random): string {
  return new Secret({ buffer: Uint8Array.from(random(20)).buffer }).base32;
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({
    issuer: 'Keyturn',
    label,
    secret: Secret.fromBase32(secret),
    digits: 6,
    period,
    algorithm: 'SHA1',
  });
}
