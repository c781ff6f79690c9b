/**
 * The bytes of a base64url text without padding (RFC 4648 §5, RFC 7515 §2), or undefined unless the text is the one
 * canonical spelling of them. Node's decoder skips foreign characters, takes `+` and `/`, stops at padding and ignores
 * spare bits of the last character, so that one token would have many spellings and a revoked one come back under
 * another. Encoding the result again and comparing finds all of these at once.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
