import { type Json, ok, type Result, refuse } from '@keyturn/protocol';
import { locate } from './locate.ts';
import type { Reader, ShapeFault } from './shape.ts';

export type BodyRefusal =
  | { readonly why: 'not-json' }
  | { readonly why: 'wrong-type' }
  | {
      readonly why: 'unknown-field';
      readonly representation: string;
      readonly field: string;
      readonly line: number;
      readonly column: number;
    };

/** As deep as Jackson goes. Deeper bodies would exhaust the stack of whoever walks them. */
const deepest = 1000;

/** Reads a body as one representation; the first fault in it refuses the whole. */
export function readBody<T>(body: string, reader: Reader<T>): Result<T, BodyRefusal> {
  const parsed = parseJson(body);
  if (!parsed.ok) return parsed;
  const faults: ShapeFault[] = [];
  const read = parsed.value === null ? undefined : reader(parsed.value, [], faults);
  const fault = faults[0];
  if (fault?.why === 'unknown-field') {
    const { representation, field } = fault;
    return refuse({ why: 'unknown-field', representation, field, ...locate(body, fault.at) });
  }
  return fault !== undefined || read === undefined ? refuse({ why: 'wrong-type' }) : ok(read);
}

function parseJson(text: string): Result<Json, BodyRefusal> {
  if (isTooDeep(text)) return refuse({ why: 'not-json' });
  try {
    return ok(JSON.parse(text) as Json);
  } catch {
    return refuse({ why: 'not-json' });
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepest) return true;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return false;
}
