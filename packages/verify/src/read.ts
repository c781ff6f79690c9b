import type { Claims, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import { decodeBase64url } from './base64url.ts';
import type { Header } from './header.ts';
import { parseHeader } from './header.ts';
import type { TokenRefusal } from './refusal.ts';
import { parseStrictJson } from './strict-json.ts';

/** A token taken apart, its form judged and nothing in it believed. */
export interface ReadToken {
  readonly headerSegment: string;
  readonly header: Header;
  /** What the issuer signed: header, dot, payload. */
  readonly signed: Buffer;
  readonly signature: Buffer;
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
  if (typeof token !== 'string') return refuse({ why: 'malformed', part: 'token', fault: 'not a string' });
  if (token.length > limit) return refuse({ why: 'too-large', size: token.length, limit });
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes('.', second + 1)) {
    return refuse({ why: 'malformed', part: 'token', fault: 'not three parts' });
  }

  const headerSegment = token.slice(0, first);
  let header = knownHeaders.get(headerSegment);
  if (header === undefined) {
    const parsed = parseHeader(headerSegment, allowed);
    if (!parsed.ok) return parsed;
    header = parsed.value;
  }
  const signature = decodeBase64url(token.slice(second + 1));
  if (signature === undefined) return refuse({ why: 'malformed', part: 'signature', fault: 'base64url' });
  const payload = decodeBase64url(token.slice(first + 1, second));
  if (payload === undefined) return refuse({ why: 'malformed', part: 'payload', fault: 'base64url' });
  const claims = parseStrictJson(payload);
  if (typeof claims === 'string') return refuse({ why: 'malformed', part: 'payload', fault: claims });
  // Both segments are canonical base64url by now, so that each character is one byte.
  const signed = Buffer.from(token.slice(0, second), 'latin1');
  // What `checkClaims` has not yet looked at is typed as the standards name it: it does look, before anyone else.
  return ok({ headerSegment, header, signed, signature, claims });
}
