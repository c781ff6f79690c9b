import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { composedOf } from './composed-of.ts';

/** What a schema is read for: in a request `readOnly` properties have no place, in an answer `writeOnly` ones. */
export type Direction = 'request' | 'response';

/**
 * Finds the names of properties, a schema's own or by way of `allOf`, that have no place in this direction. Remembers what
 * it found of each schema of the document, for hundreds of schemas may be composed of the same ones.
 */
export function createHiddenProperties(
  root: JsonObject,
  direction: Direction,
): (schema: JsonObject) => ReadonlySet<string> {
  const mark = direction === 'request' ? 'readOnly' : 'writeOnly';
  const marks = new WeakMap<JsonObject, boolean>();
  const found = new WeakMap<JsonObject, ReadonlySet<string>>();

  function isMarked(schema: Json | undefined): boolean {
    if (!isJsonObject(schema)) return false;
    // Most properties are composed of nothing.
    if (schema['$ref'] === undefined && schema['allOf'] === undefined) return schema[mark] === true;
    const known = marks.get(schema) ?? composedOf(root, schema, ['allOf']).some((part) => part[mark] === true);
    marks.set(schema, known);
    return known;
  }

  return (schema) => {
    const known = found.get(schema);
    if (known !== undefined) return known;
    const names = new Set<string>();
    for (const { properties } of composedOf(root, schema, ['allOf'])) {
      if (!isJsonObject(properties)) continue;
      for (const [name, property] of Object.entries(properties)) if (isMarked(property)) names.add(name);
    }
    found.set(schema, names);
    return names;
  };
}
