import type { Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import { decodeBase64url } from './base64url.ts';
import type { TokenRefusal } from './refusal.ts';

/** Where the dots of a compact serialisation are. RFC 7515 §7.1. */
interface Dots {
  readonly token: string;
  readonly first: number;
  readonly second: number;
}

/** Finds the two dots, with something before, between and after them. */
export function findDots(token: unknown, limit: number): Result<Dots, TokenRefusal> {
  if (typeof token !== 'string') return refuse({ why: 'malformed', part: 'token', fault: 'not a string' });
  if (token.length > limit) return refuse({ why: 'too-large', size: token.length, limit });
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes('.', second + 1)) {
    return refuse({ why: 'malformed', part: 'token', fault: 'not three parts' });
  }
  return ok({ token, first, second });
}

/** The parts of a JWS, decoded. */
export interface Jws {
  readonly header: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** What was signed: header, dot, payload. */
  readonly signed: Buffer;
}

/** Splits a JWS into its parts, each in its one spelling, for those that come too seldom for the token reader. */
export function splitJws(token: unknown, limit: number): Result<Jws, TokenRefusal> {
  const dots = findDots(token, limit);
  if (!dots.ok) return dots;
  const { token: text, first, second } = dots.value;
  const header = decodeBase64url(text.slice(0, first));
  const payload = decodeBase64url(text.slice(first + 1, second));
  const signature = decodeBase64url(text.slice(second + 1));
  if (header === undefined) return refuse({ why: 'malformed', part: 'header', fault: 'base64url' });
  if (payload === undefined) return refuse({ why: 'malformed', part: 'payload', fault: 'base64url' });
  if (signature === undefined) return refuse({ why: 'malformed', part: 'signature', fault: 'base64url' });
  return ok({ header, payload, signature, signed: Buffer.from(text.slice(0, second), 'latin1') });
}
