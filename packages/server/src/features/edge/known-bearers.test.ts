import { describe, expect, it } from 'vitest';
import { Bearer } from '../../http/bearer.ts';
import { createKnownBearers } from './known-bearers.ts';

describe('known bearers', () => {
  it('read what nobody remembers as any credentials, and refuse what is none', () => {
    const known = createKnownBearers();
    expect(known.read('Bearer abc')).toMatchObject({ ok: true });
    expect(known.read('Bearer abc')).not.toBe(known.read('Bearer abc'));
    expect(known.read('Bearer a b')).toMatchObject({ ok: false, refusal: { why: 'malformed-credentials' } });
  });

  it('give what is remembered under exactly the same text, and forget all at the bound', () => {
    const known = createKnownBearers(2);
    const bearers = ['a', 'b', 'c'].map((text) => new Bearer(text));
    const [a, b, c] = bearers;
    if (a === undefined || b === undefined || c === undefined) throw new TypeError('three were made');
    known.remember('Bearer a', a);
    known.remember('Bearer a', a);
    known.remember('Bearer b', b);
    const read = (value: string) => {
      const found = known.read(value);
      return found.ok ? found.value : undefined;
    };
    expect([read('Bearer a'), read('Bearer b')]).toEqual([a, b]);
    expect(read('bearer a')).not.toBe(a);
    known.remember('Bearer c', c);
    expect(read('Bearer c')).toBe(c);
    expect(read('Bearer a')).not.toBe(a);
  });
});
