import { formatTable as formatColumns } from '../table.ts';
import { linesOf } from '../ask.ts';

/** Rows as lines for people, each cell cut to one short line: an upstream's texts have any length. */
export function formatTable(rows: readonly (readonly (string | undefined)[])[]): string {
  return formatColumns(rows.map((row) => row.map((cell) => oneLine(cell ?? ''))));
}

function oneLine(text: string): string {
  const line = linesOf(text).split(/[\n\t]/, 1)[0] ?? '';
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
