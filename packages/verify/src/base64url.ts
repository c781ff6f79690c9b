const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The bytes of a base64url text without padding (RFC 4648 §5, RFC 7515 §2), or undefined unless it is canonical. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return isAscii(text) && isCanonical(text, bytes.length) ? bytes : undefined;
}

/**
 * Whether an ASCII text is the one canonical spelling of the bytes that Node decoded from it, given how many these are.
 * Node's decoder skips foreign characters, stops at padding, takes `+` and `/` as well, and ignores spare bits of the
 * last character, so that one token would have many spellings and a revoked one come back under another. What it skips
 * or stops at is missing from the length; the rest is looked at here.
 */
export function isCanonical(text: string, decodedLength: number): boolean {
  const rest = text.length % 4;
  if (rest === 1 || decodedLength !== Math.floor((text.length * 3) / 4)) return false;
  if (text.includes('+') || text.includes('/')) return false;
  if (rest === 0) return true;
  const spareBits = rest === 2 ? 0b1111 : 0b11;
  return (alphabet.indexOf(text.charAt(text.length - 1)) & spareBits) === 0;
}

// Of a wider character Node would decode the low byte alone: "Ł" (U+0141) for "A" (U+0041).
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
