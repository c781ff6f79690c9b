import { ok, type Result, refuse, unreachable } from '@keyturn/protocol';
import { type AnySchema, kindOf, membersOf } from './schema.ts';

/**
 * Reads text from the environment or the command line as what the schema wants: numbers, `true`/`false` (also 1, 0,
 * yes, no, on, off), lists as JSON or separated by commas, objects as JSON; all else stays text. The refusal says what
 * was wanted and never repeats the text. Whether the value is a good one is for the schema to say.
 */
export function coerceText(text: string, schema: AnySchema): Result<unknown, string> {
  const kind = kindOf(schema);
  switch (kind.is) {
    case 'number':
      return readNumber(text);
    case 'boolean':
      return readBoolean(text);
    case 'list':
      return readList(text, kind.item);
    case 'union':
      return readUnion(text, kind.options);
    case 'section':
    case 'record':
      return readJson(text, 'an object as JSON');
    case 'other':
      return ok(text);
    default:
      return unreachable(kind);
  }
}

function readNumber(text: string): Result<number, string> {
  return /^[+-]?\d+(?:\.\d+)?$/.test(text.trim()) ? ok(Number(text)) : refuse('is not a number');
}

function readBoolean(text: string): Result<boolean, string> {
  const word = text.trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return ok(true);
  return ['false', '0', 'no', 'off'].includes(word) ? ok(false) : refuse('is neither true nor false');
}

function readList(text: string, element: AnySchema): Result<unknown, string> {
  if (text.trim().startsWith('[')) return readJson(text, 'a list as JSON');
  const items = text.split(',').map((item) => item.trim());
  const read = items.filter((item) => item !== '').map((item) => coerceText(item, element));
  const refused = read.find((item) => !item.ok);
  return refused ?? ok(read.flatMap((item) => (item.ok ? [item.value] : [])));
}

/** The first kind that both reads and accepts the text; if none does, the text itself, for the schema to judge. */
function readUnion(text: string, options: readonly AnySchema[]): Result<unknown, string> {
  for (const option of options) {
    const read = coerceText(text, option);
    if (read.ok && option.safeParse(read.value).success) return read;
  }
  const objects = options.some((option) => membersOf(option) !== undefined);
  const json = objects && text.trim().startsWith('{') ? readJson(text, 'an object as JSON') : undefined;
  return json?.ok === true ? json : ok(text);
}

function readJson(text: string, what: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return refuse(`is not ${what}`);
  }
}
