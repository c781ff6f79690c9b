import type { Place } from './document-refusal.ts';

/** The place of an offset in a text, with up to two lines before and after it and a caret below. */
export function placeAt(text: string, offset: number): Place {
  const at = Math.max(0, Math.min(offset, text.length));
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < lineStart; i = text.indexOf('\n', i + 1)) line += 1;
  return placeInLines(linesAround(text, lineStart), line, at - lineStart + 1);
}

interface Around {
  readonly before: readonly string[];
  readonly line: string;
  readonly after: readonly string[];
}

function linesAround(text: string, lineStart: number): Around {
  const before: string[] = [];
  for (let start = lineStart, n = 0; n < 2 && start > 0; n += 1) {
    const previous = text.lastIndexOf('\n', start - 2) + 1;
    before.unshift(text.slice(previous, start - 1));
    start = previous;
  }
  const rest: string[] = [];
  for (let start = lineStart, n = 0; n < 3 && start <= text.length; n += 1) {
    const end = text.indexOf('\n', start);
    rest.push(text.slice(start, end === -1 ? undefined : end));
    if (end === -1) break;
    start = end + 1;
  }
  return { before, line: rest[0] ?? '', after: rest.slice(1) };
}

/** Lines are shown 100 characters wide: a document on one line of megabytes gives a window round the caret. */
function placeInLines({ before, line, after }: Around, number: number, column: number): Place {
  const from = column > 80 ? column - 60 : 0;
  const show = (text: string) => text.replaceAll('\r', '').slice(from, from + 100);
  const width = String(number + after.length).length;
  const numbered = (text: string, n: number, mark = ' ') =>
    `${mark} ${String(n).padStart(width)} | ${show(text)}`.trimEnd();
  const frame = [
    ...before.map((text, i) => numbered(text, number - before.length + i)),
    numbered(line, number, '>'),
    `  ${' '.repeat(width)} | ${' '.repeat(Math.max(0, column - 1 - from))}^`,
    ...after.map((text, i) => numbered(text, number + 1 + i)),
  ];
  return { line: number, column, frame: frame.join('\n') };
}
