import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64url } from './base64url.ts';

describe('base64url', () => {
  it('is read back from what was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeBase64url(Buffer.from(bytes).toString('base64url'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('has one spelling: whatever is read would be written just so', () => {
    const nearly = fc.string({
      unit: fc.constantFrom('A', 'Q', 'g', 'w', '0', '9', '-', '_', '+', '/', '=', ' ', '\n', '.', 'Ł', 'é', '𝐀'),
      maxLength: 12,
    });
    const anyText = fc.array(fc.nat(0xffff), { maxLength: 12 }).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.oneof(nearly, anyText), (text) => {
        const isTheSpelling = Buffer.from(text, 'base64url').toString('base64url') === text;
        expect(decodeBase64url(text) !== undefined).toBe(isTheSpelling);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a character whose low byte would be right', () => {
    expect(decodeBase64url('AAAA')).toEqual(Buffer.alloc(3));
    expect(decodeBase64url('\u0141AAA')).toBeUndefined();
  });
});
