import { signers } from './good.ts';
import type { Vector } from './vector.ts';
import { goodToken, signedWith, withClaims } from './vector.ts';

const bad = (name: string, why: string, token: string, verdict = 'malformed'): Vector => ({
  name,
  why,
  token,
  verdict,
});

const again = 'another spelling of a good token: a revoked one would come back under it';
const [header = '', payload = '', signature = ''] = goodToken.split('.');
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function padded(): readonly Vector[] {
  return ['=', '==', '===', '%3D', '%3d%3d'].flatMap((padding) => [
    bad(`header followed by ${padding}`, again, `${header}${padding}.${payload}.${signature}`),
    bad(`payload followed by ${padding}`, again, `${header}.${payload}${padding}.${signature}`),
    bad(`signature followed by ${padding}`, again, `${goodToken}${padding}`),
  ]);
}

function spaced(): readonly Vector[] {
  const spaces: readonly (readonly [name: string, space: string])[] = [
    ['space', ' '],
    ['tab', '\t'],
    ['line feed', '\n'],
    ['carriage return', '\r'],
    ['CR LF', '\r\n'],
    ['vertical tab', '\v'],
    ['form feed', '\f'],
    ['NUL', '\0'],
    ['no-break space', '\u00a0'],
    ['byte order mark', '\ufeff'],
    ['zero width space', '\u200b'],
    ['lone surrogate', '\ud800'],
    ['DEL', '\x7f'],
  ];
  const middle = (text: string, space: string): string => `${text.slice(0, 8)}${space}${text.slice(8)}`;
  return spaces.flatMap(([name, space]) => [
    bad(`${name} before`, again, `${space}${goodToken}`),
    bad(`${name} after`, again, `${goodToken}${space}`),
    bad(`${name} before the first dot`, again, `${header}${space}.${payload}.${signature}`),
    bad(`${name} after the first dot`, again, `${header}.${space}${payload}.${signature}`),
    bad(`${name} before the second dot`, again, `${header}.${payload}${space}.${signature}`),
    bad(`${name} after the second dot`, again, `${header}.${payload}.${space}${signature}`),
    bad(`${name} in the header`, again, `${middle(header, space)}.${payload}.${signature}`),
    bad(`${name} in the payload`, again, `${header}.${middle(payload, space)}.${signature}`),
    bad(`${name} in the signature`, again, `${header}.${payload}.${middle(signature, space)}`),
  ]);
}

/** The last character of a segment may have bits that no byte needs; they must be zero. */
function spareBits(): readonly Vector[] {
  return signers.flatMap(([alg, key]) => {
    const token = signedWith(key, alg);
    return token.split('.').flatMap((text, index, parts) => {
      const spare = text.length % 4 === 2 ? 4 : text.length % 4 === 3 ? 2 : 0;
      const last = alphabet.indexOf(text.slice(-1));
      return Array.from({ length: 2 ** spare - 1 }, (_, i) => {
        const changed = parts.with(index, `${text.slice(0, -1)}${alphabet[last + i + 1] ?? ''}`);
        const part = ['header', 'payload', 'signature'][index] ?? '';
        return bad(`${alg} by ${key}: ${part} with spare bits ${i + 1}`, again, changed.join('.'));
      });
    });
  });
}

function foreignCharacters(): readonly Vector[] {
  const swap = (text: string, at: number, character: string): string =>
    `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
  const characters = [
    '!',
    '"',
    '#',
    '$',
    '%',
    '&',
    "'",
    '(',
    ')',
    '*',
    '+',
    ',',
    '/',
    ':',
    ';',
    '<',
    '>',
    '?',
    '@',
    '[',
    '\\',
    ']',
    '^',
    '`',
    '{',
    '|',
    '}',
    '~',
    'é',
    'Ａ',
    '𝐀',
    '\u0101',
  ];
  const standard = [header, payload, signature].map((text) => text.replaceAll('-', '+').replaceAll('_', '/'));
  // A decoder that keeps only the low byte of each character would read this as the original.
  const widened = (text: string): string => `${String.fromCharCode(text.charCodeAt(0) + 0x100)}${text.slice(1)}`;
  return [
    ...characters.flatMap((character) => [
      bad(
        `${JSON.stringify(character)} in the header`,
        'not of the alphabet',
        `${swap(header, 4, character)}.${payload}.${signature}`,
      ),
      bad(
        `${JSON.stringify(character)} in the payload`,
        'not of the alphabet',
        `${header}.${swap(payload, 4, character)}.${signature}`,
      ),
      bad(
        `${JSON.stringify(character)} in the signature`,
        'not of the alphabet',
        `${header}.${payload}.${swap(signature, 4, character)}`,
      ),
      bad(`${JSON.stringify(character)} appended`, again, `${goodToken}${character}`),
    ]),
    bad('standard alphabet', again, withSpecials(standard)),
    ...[header, payload, signature].map((text, index, parts) =>
      bad(
        `part ${index} with a wide character`,
        'looks the same in its low byte',
        parts.with(index, widened(text)).join('.'),
      ),
    ),
    bad('full-width dots', 'a dot is U+002E', `${header}．${payload}．${signature}`),
    bad('URL-encoded dots', again, `${header}%2E${payload}%2E${signature}`),
  ];
}

/** A token whose signature has both characters in which the alphabets differ. */
function withSpecials(standard: readonly string[]): string {
  if (/[+/]/.test(standard.join(''))) return standard.join('.');
  throw new Error('the token has no character to tell the alphabets apart');
}

function shapes(): readonly Vector[] {
  const shape = 'a token is three parts and nothing else';
  const jws = { payload, signatures: [{ protected: header, signature }] };
  return [
    bad('nothing', shape, ''),
    bad('one dot', shape, '.'),
    bad('two dots', shape, '..'),
    bad('three dots', shape, '...'),
    bad('one part', shape, header),
    bad('two parts', 'unsecured without its last dot', `${header}.${payload}`),
    bad('no signature', 'unsecured (RFC 7519 §6) with the header of a signed one', `${header}.${payload}.`),
    bad('no payload', 'detached (RFC 7515 appendix F)', `${header}..${signature}`),
    bad('no header', shape, `.${payload}.${signature}`),
    bad('a dot before', shape, `.${goodToken}`),
    bad('a dot after', shape, `${goodToken}.`),
    bad('four parts', shape, `${goodToken}.${signature}`),
    bad(
      'five parts',
      'the form of an encrypted token (RFC 7516)',
      `${header}.${payload}.${signature}.${payload}.${signature}`,
    ),
    bad('six parts', shape, `${goodToken}.${goodToken}`),
    bad('two tokens with a comma', 'two Authorization headers joined', `${goodToken}, ${goodToken}`),
    bad('two tokens with a space', shape, `${goodToken} ${goodToken}`),
    bad('the scheme before it', 'the whole header given as the token', `Bearer ${goodToken}`),
    bad('in quotes', shape, `"${goodToken}"`),
    bad(
      'flattened JSON serialisation',
      'RFC 7515 §7.2.2; a JWT is compact',
      JSON.stringify({ payload, protected: header, signature }),
    ),
    bad('general JSON serialisation', 'RFC 7515 §7.2.1; a JWT is compact', JSON.stringify(jws)),
    bad('an SD-JWT', 'tildes are not base64url', `${goodToken}~`),
    bad('an opaque token', 'for such there is introspection', '2YotnFZFEjr1zCsicMWpAA'),
    bad('a reference token of Keyturn', 'not a JWT', 'ktn_0123456789abcdefghjkmnpqrs'),
    bad(
      'half of a byte too much in the payload',
      'a length that no bytes have',
      `${header}.${payload}${'A'.repeat(4 - ((payload.length + 3) % 4))}.${signature}`,
    ),
    bad('upper case', 'base64url knows case', goodToken.toUpperCase()),
    bad('lower case', 'base64url knows case', goodToken.toLowerCase()),
    bad('too long', 'costs more than any good token', withClaims({ padding: 'x'.repeat(20_000) }), 'too-large'),
    bad('dots only', shape, '.'.repeat(3000)),
    bad('null as text', shape, 'null'),
    bad('undefined as text', shape, 'undefined'),
  ];
}

export function spellingVectors(): readonly Vector[] {
  return [...shapes(), ...padded(), ...spaced(), ...spareBits(), ...foreignCharacters()];
}
