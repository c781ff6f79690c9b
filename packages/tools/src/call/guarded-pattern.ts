/**
 * The regular expressions of foreign documents, for ajv. JavaScript's engine backtracks, so a pattern can take time
 * without bound on a text that a caller chooses. A pattern is therefore only tried where its worst case on a text of
 * this length is small (`worstCase`); where it is not, the upstream has the last word, as it has anyway. The published
 * schema keeps the pattern.
 */
export function guardedPattern(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  // ajv tells the patterns of one schema apart by their text: without it all would be the first of them.
  const toString = () => `/${pattern}/${flags}`;
  const cost = worstCase(pattern);
  if (cost === undefined) return { test: () => true, toString };
  const expression = new RegExp(pattern, flags);
  const isCheap = (text: string) => cost.factor * text.length ** cost.exponent <= maxSteps;
  return { test: (text) => !isCheap(text) || expression.test(text), toString };
}
// ajv asks for the code that makes the engine; it is used for standalone output only, which nothing here makes.
guardedPattern.code = 'guardedPattern';

/** Steps of the engine that one check may cost: a few milliseconds. */
const maxSteps = 1_000_000;

/** An upper bound of the steps on a text of n letters: factor × n ^ exponent. */
interface Cost {
  readonly factor: number;
  readonly exponent: number;
}

interface Group {
  factor: number;
  exponent: number;
  alternatives: number;
}

/**
 * The worst case of a pattern: each unbounded repetition multiplies by n, each bounded choice (`?`, `{2,5}`, `a|b`) by
 * its number of ways, and a search that is not anchored begins n times. Undefined where no such bound holds: a
 * repetition of something that can itself match in several ways, or a back reference.
 */
export function worstCase(pattern: string): Cost | undefined {
  if (/\\(?:[1-9]|k<)/.test(pattern.replaceAll('\\\\', ''))) return undefined;
  const plain = pattern.replaceAll(/\\[\s\S]/g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  const open: Group[] = [{ factor: 1, exponent: 0, alternatives: 1 }];
  // What a quantifier that comes next would repeat: a group, or a single letter (undefined).
  let last: Cost | undefined;
  for (let i = 0; i < plain.length; i += 1) {
    const top = open.at(-1);
    if (top === undefined) return undefined;
    const char = plain[i];
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(plain.slice(i, i + 24))?.[0];
    if (char === '(') {
      const kind = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/.exec(plain.slice(i))?.[0] ?? '(';
      open.push({ factor: 1, exponent: 0, alternatives: 1 });
      i += kind.length - 1;
    } else if (char === ')') {
      const group = open.pop();
      const parent = open.at(-1);
      if (group === undefined || parent === undefined) return undefined;
      last = { factor: group.factor * group.alternatives, exponent: group.exponent };
      parent.factor *= last.factor;
      parent.exponent += last.exponent;
      continue;
    } else if (char === '|') {
      top.alternatives += 1;
    } else if (quantifier !== undefined) {
      const ways = waysOf(quantifier);
      if (last !== undefined && ways.repeats && (last.factor > 1 || last.exponent > 0)) return undefined;
      top.factor *= ways.factor;
      top.exponent += ways.exponent;
      i += quantifier.length - 1;
      // A lazy or possessive mark changes the order of tries, not their number.
      if (plain[i + 1] === '?') i += 1;
    }
    last = undefined;
  }
  const [root] = open;
  if (root === undefined || open.length !== 1) return undefined;
  const anchored = plain.startsWith('^') && root.alternatives === 1;
  return { factor: root.factor * root.alternatives, exponent: root.exponent + (anchored ? 0 : 1) };
}

/** In how many ways a quantifier can match, and whether it takes what it stands behind more than once. */
function waysOf(quantifier: string): Cost & { readonly repeats: boolean } {
  if (quantifier === '*' || quantifier === '+') return { factor: 1, exponent: 1, repeats: true };
  if (quantifier === '?') return { factor: 2, exponent: 0, repeats: false };
  const [, least = '0', comma, most] = /^\{(\d+)(,)?(\d*)\}$/.exec(quantifier) ?? [];
  if (comma === undefined) return { factor: 1, exponent: 0, repeats: Number(least) > 1 };
  if (most === undefined || most === '') return { factor: 1, exponent: 1, repeats: true };
  return { factor: Math.max(1, Number(most) - Number(least) + 1), exponent: 0, repeats: Number(most) > 1 };
}
