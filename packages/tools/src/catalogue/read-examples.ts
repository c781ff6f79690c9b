import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from '../document/pointer.ts';

/** `example` and `examples` of a parameter or media type as the list that JSON Schema has; at most three. */
export function readExamples(root: JsonObject, holder: JsonObject): readonly Json[] {
  const { example, examples } = holder;
  if (example !== undefined) return [example];
  if (!isJsonObject(examples)) return [];
  const values: Json[] = [];
  for (const given of Object.values(examples).slice(0, 3)) {
    const value = resolveObject(root, given);
    // OpenAPI 3.2 calls it dataValue where the written form is another.
    const data = value?.['dataValue'] ?? value?.['value'];
    if (data !== undefined) values.push(data);
  }
  return values;
}
