import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

describe('JSON that means one thing', () => {
  it.each([
    ['a member twice', '{"to":"a","to":"b"}', { why: 'duplicate-member', offset: 10, name: 'to' }],
    ['a member twice, once in escapes', '{"to":1,"\\u0074o":2}', { why: 'duplicate-member', offset: 8, name: 'to' }],
    [
      'a member twice deep inside',
      '[{"a":[{"b":1,"c":{},"b":1}]}]',
      { why: 'duplicate-member', offset: 21, name: 'b' },
    ],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', { why: 'duplicate-member', offset: 15, name: '__proto__' }],
    ['a number beyond 2^53', '{"id":9007199254740993}', { why: 'number-lost', offset: 6 }],
    ['a number that overflows', '[-1e400]', { why: 'number-lost', offset: 1 }],
    ['half a surrogate pair in escapes', '["\\ud83d"]', { why: 'lone-surrogate', offset: 1 }],
    ['a name that is no Unicode', '{"\\udc00":1}', { why: 'lone-surrogate', offset: 1 }],
    ['101 levels', '['.repeat(101) + ']'.repeat(101), { why: 'too-deep', offset: 100 }],
    ['a single quote', "{'a':1}", { why: 'syntax', offset: 0 }],
    ['a comma too many', '[1,]', { why: 'syntax', offset: 0 }],
    ['NaN', '[NaN]', { why: 'syntax', offset: 0 }],
    ['a leading zero', '[01]', { why: 'syntax', offset: 0 }],
    ['nothing', '', { why: 'syntax', offset: 0 }],
  ])('is not %s', (_, text, fault) => {
    expect(parseJson(text)).toEqual({ ok: false, refusal: fault });
  });

  it.each([
    '{"a":{"x":1},"b":{"x":1}}',
    '[{"x":1},{"x":2}]',
    '{"a":"a","b":["a","a"]}',
    '{"\\"":1,"\\\\":2,"\\\\\\"":3}',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    ' [ true , false , null , -0.0 , 1E2 , 9007199254740992 , 0.1 , 1e-400 ] ',
    '"\\ud83d\\ude00"',
    '{"é":1,"e\u0301":2}',
  ])('is %s', (text) => {
    expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  it('is all that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 4 }), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it('reads a megabyte of brackets, quotes and backslashes in linear time', () => {
    const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ [`"\\${i}`]: '\\"[{'.repeat(6) })));
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(parseJson(text).ok).toBe(true);
  });

  it('reads strings of megabytes, in which a pattern would exhaust the stack of the engine', () => {
    for (const long of ['x'.repeat(12_000_000), '"\\'.repeat(1_000_000)]) {
      expect(parseJson(JSON.stringify({ long })).ok).toBe(true);
    }
  });

  it('may hold rounded numbers where it is no call', () => {
    const text = '{"maximum":9223372036854775807}';
    expect(parseJson(text)).toMatchObject({ refusal: { why: 'number-lost' } });
    expect(parseJson(text, { numbers: 'rounded' }).ok).toBe(true);
    expect(parseJson('{"a":9223372036854775807,"a":1}', { numbers: 'rounded' })).toMatchObject({
      refusal: { why: 'duplicate-member' },
    });
  });
});
