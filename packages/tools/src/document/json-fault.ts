/** What a token of JSON looks like: a mark, a string, or a number or word. RFC 8259 §2. */
const token = new RegExp(
  [
    String.raw`[ \t\r\n]*(?:([{}[\],:])`,
    String.raw`("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")`,
    String.raw`(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b))`,
  ].join('|'),
  'y',
);

type Expected =
  | 'a value'
  | 'a value or "]"'
  | 'a name in double quotes or "}"'
  | 'a name in double quotes'
  | '":"'
  | 'the end'
  | '"," or "}"'
  | '"," or "]"';

/**
 * Where text stops being JSON, and what should stand there. JSON.parse says the place of some faults only; this is asked
 * once it has thrown. Undefined if the text is JSON after all.
 */
export function findJsonFault(text: string): { readonly offset: number; readonly message: string } | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'a value';
  let at = 0;
  const afterValue = (): Expected => {
    const top = open.at(-1);
    return top === undefined ? 'the end' : top === '{' ? '"," or "}"' : '"," or "]"';
  };
  for (;;) {
    token.lastIndex = at;
    const found = token.exec(text);
    const start = at + (/^[ \t\r\n]*/.exec(text.slice(at, at + 10_000))?.[0].length ?? 0);
    if (found === null) {
      if (start >= text.length && expected === 'the end') return undefined;
      return {
        offset: start,
        message: start >= text.length ? `it ends where ${expected} should follow` : `expected ${expected}`,
      };
    }
    const [whole, mark, string] = found;
    const next = step(expected, mark, string !== undefined);
    if (next === undefined) return { offset: start, message: `expected ${expected}` };
    at += whole.length;
    if (next === 'open') {
      open.push(mark === '{' ? '{' : '[');
      expected = mark === '{' ? 'a name in double quotes or "}"' : 'a value or "]"';
    } else if (next === 'close') {
      open.pop();
      expected = afterValue();
    } else expected = next === 'value' ? afterValue() : next;
  }
}

/** What follows a token where `expected` was due; undefined if the token has no business there. */
function step(
  expected: Expected,
  mark: string | undefined,
  string: boolean,
): Expected | 'open' | 'close' | 'value' | undefined {
  switch (expected) {
    case 'a value':
    case 'a value or "]"':
      if (mark === undefined) return 'value';
      if (mark === '{' || mark === '[') return 'open';
      return mark === ']' && expected !== 'a value' ? 'close' : undefined;
    case 'a name in double quotes':
    case 'a name in double quotes or "}"':
      if (string) return '":"';
      return mark === '}' && expected !== 'a name in double quotes' ? 'close' : undefined;
    case '":"':
      return mark === ':' ? 'a value' : undefined;
    case '"," or "}"':
      return mark === ',' ? 'a name in double quotes' : mark === '}' ? 'close' : undefined;
    case '"," or "]"':
      return mark === ',' ? 'a value' : mark === ']' ? 'close' : undefined;
    case 'the end':
    default:
      return undefined;
  }
}
