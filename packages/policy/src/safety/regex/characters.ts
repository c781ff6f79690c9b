import { type CharTest, PatternFault } from './syntax.ts';

const range =
  (from: number, to: number): CharTest =>
  (c) =>
    c >= from && c <= to;
const anyOf =
  (...tests: readonly CharTest[]): CharTest =>
  (c) =>
    tests.some((test) => test(c));
const digit = range(48, 57);
const space: CharTest = (c) => c === 32 || c === 9 || c === 10 || c === 12 || c === 13;

/** `\w` of RE2: ASCII only. */
export const isWord: CharTest = anyOf(digit, range(65, 90), range(97, 122), (c) => c === 95);

/** `\d`, `\s`, `\w` and their opposites, as RE2 has them: ASCII only. */
export const classes: ReadonlyMap<string, CharTest> = new Map<string, CharTest>([
  ['d', digit],
  ['D', not(digit)],
  ['s', space],
  ['S', not(space)],
  ['w', isWord],
  ['W', not(isWord)],
]);

export function not(test: CharTest): CharTest {
  return (c) => !test(c);
}

/** The simple escapes for one character. */
export const escapes: ReadonlyMap<string, number> = new Map([
  ['n', 10],
  ['t', 9],
  ['r', 13],
  ['f', 12],
  ['v', 11],
  ['a', 7],
]);

/** The other letter case of a character, where there is one of a single code point. */
export function folded(test: CharTest): CharTest {
  return (c) => {
    if (test(c)) return true;
    const text = String.fromCodePoint(c);
    return isOther(text.toLowerCase(), text, test) || isOther(text.toUpperCase(), text, test);
  };
}

function isOther(other: string, text: string, test: CharTest): boolean {
  const c = other.codePointAt(0);
  return other !== text && c !== undefined && String.fromCodePoint(c) === other && test(c);
}

/** A Unicode class such as `L`, `Lu` or `Greek`. */
export function unicodeClass(name: string, at: number): CharTest {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) throw new PatternFault('a Unicode class is written \\p{Greek} or \\pL', at);
  for (const property of [name, `Script=${name}`]) {
    try {
      // One character at a time, so that this expression too reads in linear time.
      const oneCharacter = new RegExp(`^\\p{${property}}$`, 'u');
      return (c) => oneCharacter.test(String.fromCodePoint(c));
    } catch {
      // Not a general category: it may be a script.
    }
  }
  throw new PatternFault(`there is no Unicode class ${name}`, at);
}
