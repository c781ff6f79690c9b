import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalise, maxCanonicalDepth, writeCanonical } from './canonical.ts';

describe('canonical JSON', () => {
  it('writes the example of RFC 8785 §3.2 as its §3.2.4 does, byte for byte', () => {
    const input =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
    expect(canonicalise(JSON.parse(input))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts members by UTF-16 code units, as RFC 8785 §3.2.3 shows', () => {
    const input = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\u{1f600}': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values<string>(JSON.parse(canonicalise(input)))).toHaveLength(7);
    expect([...canonicalise(input).matchAll(/:"([^"]+)"/g)].map(([, value]) => value)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  // RFC 8785 appendix B: the double by its bits, and how it is written.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s as %s', (bits, text) => {
    expect(canonicalise(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  it.each([
    ['a NaN (appendix B: 7fffffffffffffff)', { a: [Number.NaN] }, { why: 'not-finite', at: '/a/0' }],
    ['an infinity (7ff0000000000000)', { a: Number.POSITIVE_INFINITY }, { why: 'not-finite', at: '/a' }],
    ['half a surrogate pair in text', ['ok', 'a\ud800'], { why: 'lone-surrogate', at: '/1' }],
    ['half a surrogate pair in a name', { x: { '\udc00': 1 } }, { why: 'lone-surrogate', at: '/x/\ufffd' }],
    ['a date, which would be written as text', { when: new Date(0) }, { why: 'not-json', at: '/when' }],
    ['a map, which would be written as {}', new Map([['a', 1]]), { why: 'not-json', at: '' }],
    ['a hole in an array', Object.assign([], { length: 2 }), { why: 'not-json', at: '/0' }],
    ['a bigint', 1n, { why: 'not-json', at: '' }],
    ['a name that needs escaping in a pointer', { 'a/b~': [undefined] }, { why: 'not-json', at: '/a~1b~0/0' }],
  ])('does not exist for %s', (_, value, fault) => {
    expect(writeCanonical(value)).toEqual({ ok: false, refusal: fault });
  });

  it('ends at a hundred levels, and so does not end for what contains itself', () => {
    const nest = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(writeCanonical(nest(maxCanonicalDepth)).ok).toBe(true);
    expect(writeCanonical(nest(maxCanonicalDepth + 1))).toMatchObject({ refusal: { why: 'too-deep' } });
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(writeCanonical(circle)).toMatchObject({ refusal: { why: 'too-deep' } });
    expect(() => canonicalise(nest(200))).toThrow(TypeError);
  });

  it('does not normalise Unicode: two spellings of é are two texts', () => {
    expect(canonicalise('\u00e9')).not.toBe(canonicalise('e\u0301'));
  });

  it('leaves out what is undefined and keeps a member that is called __proto__', () => {
    expect(canonicalise({ b: undefined, a: 1 })).toBe('{"a":1}');
    expect(canonicalise(JSON.parse('{"__proto__":{"b":1},"a":2}'))).toBe('{"__proto__":{"b":1},"a":2}');
  });

  it('is the same for every order of members and every white space, and reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }), (value) => {
        const written = writeCanonical(value);
        fc.pre(written.ok || written.refusal.why !== 'lone-surrogate');
        if (!written.ok) throw new Error(written.refusal.why);
        const again = writeCanonical(JSON.parse(JSON.stringify(reversed(value), undefined, 2)));
        expect(again).toEqual(written);
        expect(JSON.parse(written.value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}
