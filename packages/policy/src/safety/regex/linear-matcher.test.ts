import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatcher } from './linear-matcher.ts';

function matches(pattern: string, text: string): boolean {
  const matcher = createMatcher(pattern);
  if (!matcher.ok) throw new Error(matcher.refusal.message);
  return matcher.value(text, () => undefined);
}

describe('a regular expression of a policy', () => {
  it.each([
    ['^k8s://prod/', 'k8s://prod/default/x', true],
    ['^k8s://prod/', 'k8s://staging/prod/', false],
    ['', '', true],
    ['a|b|', 'x', true],
    ['^(a|bc)*d?$', 'abcabcd', true],
    ['^(?:ab){2,3}$', 'abababab', false],
    ['^(?:ab){2,}$', 'abababab', true],
    ['^x{0}$', '', true],
    ['^[^a-c\\d-]+$', 'xyz', true],
    ['^[^a-c\\d-]+$', 'x-z', false],
    ['^[]a]+$', ']a', true],
    ['^[[:alpha:]_]+$', 'ab_c', true],
    ['(?i)^PROD$', 'prod', true],
    ['^(?i:p)rod$', 'PROD', false],
    ['^\\w+@\\w+\\.test$', 'jane@idp.test', true],
    ['^.$', '\u{1f600}', true],
    ['^.$', '\n', false],
    ['(?s)^.$', '\n', true],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^b$', 'a\nb\nc', false],
    ['\\bcat\\b', 'a cat!', true],
    ['\\bcat\\b', 'concat', false],
    ['\\Bcat', 'concat', true],
    ['^\\p{L}+$', 'héllo', true],
    ['^\\p{Greek}$', 'λ', true],
    ['^\\P{L}$', 'a', false],
    ['^\\x41\\x{1f600}$', 'A\u{1f600}', true],
    ['^(?P<n>a)(?<m>b)$', 'ab', true],
    ['^a*?b+?$', 'aab', true],
    ['(a*)*$', 'b', true],
    ['^(a?){3}a{3}$', 'aaa', true],
  ])('%s in %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it.each([
    ['(a', 'this group is not closed', 0],
    ['a)', 'there is no group to close here', 1],
    ['[a', 'this class is not closed', 0],
    ['*a', 'there is nothing that * could repeat', 0],
    ['a**', 'a repetition cannot be repeated without a group', 2],
    ['(a)\\1', 'RE2 has no back references', 3],
    ['(?=a)', 'RE2 has no look-around and no other group of this form', 0],
    ['(?<!a)b', 'RE2 has no look-around and no other group of this form', 0],
    ['a{3,2}', 'a repetition is at most 1000 times, and its bounds rise', 1],
    ['a{1001}', 'a repetition is at most 1000 times, and its bounds rise', 1],
    ['(a{1000}){1000}', 'this pattern repeats too much', 0],
    ['[z-a]', 'this range runs backwards', 1],
    ['\\p{Nonsense}', 'there is no Unicode class Nonsense', 0],
    ['\\q', '\\q is not in the syntax of RE2 as it is read here', 0],
    ['a\\', 'the pattern ends in the middle of something', 2],
    [`${'('.repeat(51)}${')'.repeat(51)}`, 'groups are nested deeper than 50', 50],
    ['a'.repeat(1001), 'a pattern is at most 1000 characters', 1000],
  ])('is refused, with the place: %s', (pattern, message, at) => {
    expect(createMatcher(pattern)).toEqual({ ok: false, refusal: { message, at } });
  });

  it.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){20}$', '(?:a?){100}a{100}$', '([a-z]+)*\\d$'])(
    'reads a text in steps that grow with its length only: %s',
    (pattern) => {
      const matcher = createMatcher(pattern);
      if (!matcher.ok) throw new Error(matcher.refusal.message);
      const stepsFor = (length: number): number => {
        let steps = 0;
        expect(matcher.value(`${'a'.repeat(length)}!`, (taken) => (steps += taken))).toBe(false);
        return steps;
      };
      expect(stepsFor(4000)).toBeLessThan(stepsFor(1000) * 4.5);
    },
  );

  it('stops when what it may spend is spent', () => {
    const matcher = createMatcher('(a|b)*c');
    if (!matcher.ok) throw new Error(matcher.refusal.message);
    const spend = () => {
      throw new Error('spent');
    };
    expect(() => matcher.value('ab'.repeat(10_000), spend)).toThrow('spent');
  });

  it('agrees with the engine of the runtime wherever both have the syntax', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '^', '$', '\\b');
    const pattern = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
        fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}')).map(([a, s]) => `(?:${a})${s}`),
      ),
    })).pattern;
    fc.assert(
      fc.property(
        pattern,
        fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '\n'), maxLength: 8 }),
        (source, text) => {
          expect(matches(source, text)).toBe(new RegExp(source, 'u').test(text));
        },
      ),
      { numRuns: 300 },
    );
  });
});
