import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from '../document/pointer.ts';

/** What a schema is read for: in a request `readOnly` properties have no place, in an answer `writeOnly` ones. */
export type Direction = 'request' | 'response';

interface Context {
  readonly root: JsonObject;
  readonly direction: Direction;
}

/** Names of properties, its own or by way of `allOf`, that are read-only (in a request) or write-only (in an answer). */
export function hiddenProperties(given: JsonObject, context: Context, depth = 0): ReadonlySet<string> {
  const mark = context.direction === 'request' ? 'readOnly' : 'writeOnly';
  const names = new Set<string>();
  if (depth > 5) return names;
  if (isJsonObject(given['properties'])) {
    for (const [name, schema] of Object.entries(given['properties'])) {
      if (isMarked(schema, mark, context.root, 0)) names.add(name);
    }
  }
  for (const part of Array.isArray(given['allOf']) ? given['allOf'] : []) {
    const schema = resolveObject(context.root, part);
    if (schema !== undefined) for (const name of hiddenProperties(schema, context, depth + 1)) names.add(name);
  }
  return names;
}

function isMarked(given: Json | undefined, mark: 'readOnly' | 'writeOnly', root: JsonObject, depth: number): boolean {
  if (!isJsonObject(given) || depth > 5) return false;
  if (given[mark] === true) return true;
  const target = typeof given['$ref'] === 'string' ? resolveObject(root, given) : undefined;
  if (target?.[mark] === true) return true;
  const parts = Array.isArray(given['allOf']) ? given['allOf'] : [];
  return parts.some((part) => isMarked(part, mark, root, depth + 1));
}
