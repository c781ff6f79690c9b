import { ok, type Result, refuse } from '@keyturn/protocol';

/** What makes a path one that two servers can read differently. */
export type PathFault =
  | 'not a path'
  | 'an encoded slash, backslash, dot, percent sign or NUL'
  | 'a dot segment'
  | 'an empty segment'
  | 'a backslash or a semicolon'
  | 'a character that is not printable ASCII'
  | 'a malformed escape';

const unreserved = /^[A-Za-z0-9_~-]$/;

/**
 * The segments of a request's path, decoded where every server agrees. A path that a proxy, a rule and an upstream may
 * read in two ways (`/public/..%2fadmin`, `//admin`, `/admin;x`, `/%2e%2e/`) is refused: a rule that guesses is a hole.
 * The query is not part of it. A slash at the end says nothing.
 */
export function readPath(target: string): Result<readonly string[], PathFault> {
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  if (!path.startsWith('/')) return refuse('not a path');
  if (!/^[\x21-\x7e]*$/.test(path)) return refuse('a character that is not printable ASCII');
  if (/[\\;#]/.test(path)) return refuse(path.includes('#') ? 'not a path' : 'a backslash or a semicolon');
  if (/%(?:2[ef5]|5c|00|3b)/i.test(path)) return refuse('an encoded slash, backslash, dot, percent sign or NUL');
  if (/%(?![0-9a-f]{2})/i.test(path)) return refuse('a malformed escape');
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  if (path === '/') return ok([]);
  if (segments.includes('')) return refuse('an empty segment');
  if (segments.some((segment) => segment === '.' || segment === '..')) return refuse('a dot segment');
  return ok(segments.map(decodeUnreserved));
}

/** `%61` is `a` to everybody (RFC 3986 §6.2.2.2); other escapes stay, with letters in upper case. */
function decodeUnreserved(segment: string): string {
  return segment.replaceAll(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return unreserved.test(character) ? character : escape.toUpperCase();
  });
}

/** Whether a rule's path fits: `*` is one segment, `**` at the end is any number, none too. */
export function fitsPath(pattern: readonly string[], segments: readonly string[]): boolean {
  for (const [i, part] of pattern.entries()) {
    if (part === '**' && i === pattern.length - 1) return true;
    const segment = segments[i];
    if (segment === undefined || (part !== '*' && part !== segment)) return false;
  }
  return pattern.length === segments.length;
}

/** A rule's path as segments. */
export function splitPattern(pattern: string): readonly string[] {
  const path = pattern.replace(/^\//, '').replace(/\/$/, '');
  return path === '' ? [] : path.split('/');
}
