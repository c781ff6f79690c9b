/**
 * The offset of the value that `path` leads to in JSON text that is known to be well formed, or of the nearest value
 * above it. Walks the text once, without building anything: a document is only searched when something in it is wrong.
 */
export function findInJson(text: string, path: readonly (string | number)[]): number | undefined {
  let at = skipSpace(text, 0);
  for (const step of path) {
    const found = text[at] === '{' ? findMember(text, at, String(step)) : findItem(text, at, Number(step));
    if (found === undefined) return at;
    at = found;
  }
  return at;
}

function findMember(text: string, open: number, name: string): number | undefined {
  let at = skipSpace(text, open + 1);
  let found: number | undefined;
  while (text[at] === '"') {
    const end = skipString(text, at);
    const value = skipSpace(text, skipSpace(text, end) + 1);
    // The last of two members with one name is the one that JSON.parse keeps.
    if (JSON.parse(text.slice(at, end)) === name) found = value;
    at = skipSpace(text, skipValue(text, value));
    if (text[at] !== ',') break;
    at = skipSpace(text, at + 1);
  }
  return found;
}

function findItem(text: string, open: number, index: number): number | undefined {
  if (text[open] !== '[') return undefined;
  let at = skipSpace(text, open + 1);
  for (let i = 0; text[at] !== ']'; i += 1) {
    if (i === index) return at;
    at = skipSpace(text, skipValue(text, at));
    if (text[at] !== ',') break;
    at = skipSpace(text, at + 1);
  }
  return undefined;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i += 1;
  return i;
}

function skipString(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function skipValue(text: string, at: number): number {
  let depth = 0;
  let i = at;
  do {
    const char = text[i];
    if (char === '"') {
      i = skipString(text, i);
      continue;
    }
    if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    else if (depth === 0) {
      while (i < text.length && !/[\s,}\]]/.test(text[i] ?? '')) i += 1;
      return i;
    }
    i += 1;
  } while (depth > 0 && i < text.length);
  return i;
}
