import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { claimsToBeReference, isReferenceToken, newReferenceToken } from './reference-token.ts';

describe('a reference token', () => {
  it('has the shape of GitHub’s: prefix, 30 random letters and digits, CRC-32 in 6', () => {
    for (let i = 0; i < 200; i++) {
      const token = newReferenceToken(randomBytes);
      expect(token).toMatch(/^ktn_[0-9A-Za-z]{36}$/);
      expect(isReferenceToken(token)).toBe(true);
    }
  });

  it('uses every letter alike, and never the same text twice', () => {
    const tokens = Array.from({ length: 2000 }, () => newReferenceToken(randomBytes));
    expect(new Set(tokens).size).toBe(tokens.length);
    const counts = new Map<string, number>();
    for (const letter of tokens.flatMap((token) => token.slice(4, 34).split(''))) {
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    const expected = (2000 * 30) / 62;
    for (const [letter, count] of counts) expect(Math.abs(count - expected) / expected, letter).toBeLessThan(0.25);
  });

  it('has a checksum that a scanner can compute', () => {
    const token = newReferenceToken((n) => Buffer.alloc(n, 5));
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = Array.from(token.slice(-6)).reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0);
    expect(value).toBe(crc32(token.slice(0, -6)));
  });

  it('is refused with any letter changed, and in any other spelling', () => {
    const token = newReferenceToken(randomBytes);
    for (let i = 4; i < token.length; i++) {
      const other = token[i] === 'a' ? 'b' : 'a';
      expect(isReferenceToken(token.slice(0, i) + other + token.slice(i + 1))).toBe(false);
    }
    for (const text of [`${token} `, ` ${token}`, `${token}=`, token.toUpperCase(), token.slice(1), `${token}\n`, '']) {
      expect(isReferenceToken(text), text).toBe(false);
    }
    // What begins like one is never tried as anything else.
    expect(claimsToBeReference('KTN_x.y.z')).toBe(true);
  });
});
