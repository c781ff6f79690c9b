import type { Claims, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import { decodeBase64url } from './base64url.ts';
import type { Header } from './header.ts';
import { parseHeader } from './header.ts';
import type { TokenRefusal } from './refusal.ts';
import { parseStrictJson } from './strict-json.ts';

/** A JWS in compact serialisation, taken apart. RFC 7515 §7.1. */
export interface Jws {
  readonly headerSegment: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** What was signed: header, dot, payload. */
  readonly signed: Buffer;
}

/** A token taken apart, its form judged and nothing in it believed. */
export interface ReadToken {
  readonly jws: Jws;
  readonly header: Header;
  /** Claims of the right form; who wrote them is not known yet. */
  readonly claims: Claims;
}

/** Takes a token apart: three parts, each in its one spelling, a header that can be dealt with, claims that are JSON. */
export function readToken(
  token: unknown,
  limit: number,
  allowed: ReadonlySet<string>,
  knownHeaders: ReadonlyMap<string, Header>,
): Result<ReadToken, TokenRefusal> {
  const split = splitJws(token, limit);
  if (!split.ok) return split;
  const jws = split.value;
  let header = knownHeaders.get(jws.headerSegment);
  if (header === undefined) {
    const parsed = parseHeader(jws.headerSegment, allowed);
    if (!parsed.ok) return parsed;
    header = parsed.value;
  }
  const claims = parseStrictJson(jws.payload);
  if (typeof claims === 'string') return refuse({ why: 'malformed', part: 'payload', fault: claims });
  return ok({ jws, header, claims });
}

/** Splits a token into its parts. Of the header, only that it is there has been checked. */
export function splitJws(token: unknown, limit: number): Result<Jws, TokenRefusal> {
  if (typeof token !== 'string') return refuse({ why: 'malformed', part: 'token', fault: 'not a string' });
  if (token.length > limit) return refuse({ why: 'too-large', size: token.length, limit });
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes('.', second + 1)) {
    return refuse({ why: 'malformed', part: 'token', fault: 'not three parts' });
  }
  const signature = decodeBase64url(token.slice(second + 1));
  if (signature === undefined) return refuse({ why: 'malformed', part: 'signature', fault: 'base64url' });
  const payload = decodeBase64url(token.slice(first + 1, second));
  if (payload === undefined) return refuse({ why: 'malformed', part: 'payload', fault: 'base64url' });
  // A header that is not base64url is refused when it is read; here one byte for each character is enough.
  return ok({
    headerSegment: token.slice(0, first),
    payload,
    signature,
    signed: Buffer.from(token.slice(0, second), 'latin1'),
  });
}
