import type { Path } from './shape.ts';

/** Line and column from 1, as Jackson counts them: columns in bytes, right after the first token of the value. */
export interface Location {
  readonly line: number;
  readonly column: number;
}

/** Where in a JSON text the value at `path` begins. The text is valid JSON and the path leads to something in it. */
export function locate(text: string, path: Path): Location {
  let at = skipSpace(text, 0);
  for (const step of path) at = typeof step === 'number' ? enterList(text, at, step) : enterObject(text, at, step);
  const end = endOfFirstToken(text, at);
  const before = text.slice(0, end);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: Buffer.byteLength(before.slice(lineStart)) + 1 };
}

function enterObject(text: string, start: number, name: string): number {
  let at = skipSpace(text, start + 1);
  while (at < text.length && text[at] !== '}') {
    const key = text.slice(at, endOfString(text, at));
    const value = skipSpace(text, skipSpace(text, at + key.length) + 1);
    if (JSON.parse(key) === name) return value;
    at = skipSpace(text, endOfValue(text, value));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return at;
}

function enterList(text: string, start: number, index: number): number {
  let at = skipSpace(text, start + 1);
  for (let left = index; left > 0; left -= 1) at = skipSpace(text, skipSpace(text, endOfValue(text, at)) + 1);
  return at;
}

// Jackson reads a text lazily: its place is then after the opening quote. Brackets are tokens of their own.
function endOfFirstToken(text: string, at: number): number {
  return '"{['.includes(text[at] ?? '"') ? at + 1 : endOfValue(text, at);
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') {
      depth += 1;
      at += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      at += 1;
    } else if (depth === 0) return endOfScalar(text, at);
    else at += 1;
  } while (depth > 0 && at < text.length);
  return at;
}

function endOfScalar(text: string, start: number): number {
  let at = start;
  while (at < text.length && !/[\s,\]}]/.test(text[at] ?? '')) at += 1;
  return at;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return at;
}
