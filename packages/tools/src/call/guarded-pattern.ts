/**
 * The regular expressions of foreign documents, for ajv. A pattern in which a repetition holds a repetition can take
 * exponential time on a text that a caller chooses, and any pattern is slow on a very long text; neither is then
 * checked here, and the upstream has the last word as it has anyway. The published schema keeps the pattern.
 */
export function guardedPattern(pattern: string, flags: string): { test(text: string): boolean } {
  if (nestsRepetitions(pattern)) return { test: () => true };
  const expression = new RegExp(pattern, flags);
  return { test: (text) => text.length > 4096 || expression.test(text) };
}
// ajv asks for the code that makes the engine; it is used for standalone output only, which nothing here makes.
guardedPattern.code = 'guardedPattern';

/** Whether a group that repeats holds something that repeats, at any depth; escapes and classes are stepped over. */
export function nestsRepetitions(pattern: string): boolean {
  const groups: boolean[] = [];
  let last = false;
  const plain = pattern.replaceAll(/\\[\s\S]/g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  for (let i = 0; i < plain.length; i += 1) {
    const char = plain[i];
    const repeats = char === '*' || char === '+' || /^\{\d+(,\d*)?\}/.test(plain.slice(i, i + 16));
    if (char === '(') {
      groups.push(false);
      last = false;
    } else if (char === ')') {
      last = groups.pop() ?? false;
      if (last && groups.length > 0) groups[groups.length - 1] = true;
      continue;
    } else if (repeats) {
      if (last) return true;
      if (groups.length > 0) groups[groups.length - 1] = true;
    }
    last = false;
  }
  return false;
}
