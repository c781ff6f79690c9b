import type { Claims, Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import { isCanonical } from './base64url.ts';
import type { Header } from './header.ts';
import { parseHeader } from './header.ts';
import { findDots } from './jws.ts';
import { createPlainClaimsReader } from './plain-claims.ts';
import type { TokenRefusal } from './refusal.ts';
import { parseStrictJson } from './strict-json.ts';

/** A token taken apart, its form judged and nothing in it believed. */
export interface ReadToken {
  readonly token: string;
  readonly headerSegment: string;
  readonly header: Header;
  /** Claims that are JSON; who wrote them is not known yet. Of a plain token only those that are judged. */
  readonly claims: Claims;
  /** All claims of a plain token, not yet parsed. */
  readonly plainText: string | undefined;
  /** Where the signature begins. */
  readonly signatureAt: number;
}

/** What a signature is checked over. Both are good until the reader is next used. */
export interface SignedBytes {
  /** Header, dot, payload. */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Takes tokens apart. */
export interface TokenReader {
  /** Three parts, a header that can be dealt with, claims that are JSON, all but the signature in its one spelling. */
  read(token: unknown): Result<ReadToken, TokenRefusal>;
  /** The bytes that the signature is over, and the signature in its one spelling. */
  signedBytes(read: ReadToken): Result<SignedBytes, TokenRefusal>;
  /** Says of a token that it turned out genuine: its header will come again. */
  remember(read: ReadToken): void;
}

interface TokenReaderOptions {
  /** What a header may call itself. Default an access token. */
  readonly types?: ReadonlySet<string>;
  /** Whether the claims that a plain token is judged by are all that will be asked for. Default false. */
  readonly judgesPlain?: boolean;
}

/** More kinds of header than any number of issuers has; beyond it the memory starts anew. */
const maxKnownHeaders = 256;

/**
 * Builds a reader. It decodes into memory of its own, used again for each token, since to allocate that anew costs more
 * than the decoding; and it remembers the headers of genuine tokens, of which an issuer writes the same few.
 */
export function createTokenReader(
  limit: number,
  allowed: ReadonlySet<string>,
  { types, judgesPlain = false }: TokenReaderOptions = {},
): TokenReader {
  const readPlain = judgesPlain ? createPlainClaimsReader() : () => undefined;
  const text = Buffer.alloc(limit + 1);
  const bytes = Buffer.alloc(limit + 1);
  const knownHeaders = new Map<string, Header>();
  // The header of the last genuine token: to compare a text costs less than to look it up.
  let last: Pick<ReadToken, 'headerSegment' | 'header'> | undefined;
  // The token that `text` holds.
  let held: string | undefined;

  return {
    read(token) {
      const dots = findDots(token, limit);
      if (!dots.ok) return dots;
      const { first, second, token: given } = dots.value;
      // Non-ASCII characters take more bytes than one; cut to one each, other texts would turn into good tokens.
      held = undefined;
      if (text.write(given, 'utf8') !== given.length) {
        return refuse({ why: 'malformed', part: 'token', fault: 'characters' });
      }
      held = given;
      const headerSegment = given.slice(0, first);
      let header = headerSegment === last?.headerSegment ? last.header : knownHeaders.get(headerSegment);
      if (header === undefined) {
        const parsed = parseHeader(headerSegment, allowed, types);
        if (!parsed.ok) return parsed;
        header = parsed.value;
      }
      const payload = given.slice(first + 1, second);
      const length = bytes.write(payload, 'base64url');
      if (!isCanonical(payload, length)) return refuse({ why: 'malformed', part: 'payload', fault: 'base64url' });
      const plain = readPlain(bytes, length);
      const claims = plain?.judged ?? parseStrictJson(bytes.subarray(0, length));
      if (typeof claims === 'string') return refuse({ why: 'malformed', part: 'payload', fault: claims });
      return ok({ token: given, headerSegment, header, claims, plainText: plain?.text, signatureAt: second + 1 });
    },

    signedBytes({ token, signatureAt }) {
      const signature = token.slice(signatureAt);
      const length = bytes.write(signature, 'base64url');
      if (!isCanonical(signature, length)) return refuse({ why: 'malformed', part: 'signature', fault: 'base64url' });
      // Known to be ASCII, so that each character is a byte. While keys were fetched another token may have been read.
      if (held !== token) text.write(token, 'latin1');
      held = token;
      return ok({ signed: text.subarray(0, signatureAt - 1), signature: bytes.subarray(0, length) });
    },

    remember({ headerSegment, header }) {
      if (header === last?.header) return;
      last = { headerSegment, header };
      if (knownHeaders.size >= maxKnownHeaders) knownHeaders.clear();
      knownHeaders.set(headerSegment, header);
    },
  };
}
