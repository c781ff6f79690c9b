import { crc32 } from 'node:zlib';
import type { Random } from '@keyturn/protocol';

/**
 * The text of a reference token, in the shape of GitHub's: `ktn_`, 30 random letters and digits (178 bits), and a CRC-32 of
 * what stands before in 6 of the same alphabet. Secret scanners know it by prefix and checksum, without asking anybody,
 * and a mistyped one is refused without a look at the database.
 */
const prefix = 'ktn_';
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const shape = /^ktn_[0-9A-Za-z]{36}$/;

export function newReferenceToken(random: Random): string {
  let text = prefix;
  while (text.length < prefix.length + 30) {
    // 248 is the largest multiple of 62 in a byte: beyond it some letters would come more often than others.
    for (const byte of random(40)) {
      if (byte < 248 && text.length < prefix.length + 30) text += alphabet[byte % 62];
    }
  }
  return text + checksumOf(text);
}

/** Whether a credential claims to be a reference token, well formed or not. Such a text is never tried as anything else. */
export function claimsToBeReference(text: string): boolean {
  return text.slice(0, prefix.length).toLowerCase() === prefix;
}

/** Whether the text is a reference token in its one spelling, with the right checksum. */
export function isReferenceToken(text: string): boolean {
  return shape.test(text) && checksumOf(text.slice(0, -6)) === text.slice(-6);
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < 6; i++) {
    digits = `${alphabet[rest % 62] ?? ''}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
