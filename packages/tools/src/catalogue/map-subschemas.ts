import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';

/** Keywords whose value is one schema (`items` too, which 2019 and before allowed to be a list). */
export const singleSchemas = [
  'additionalProperties',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
] as const;

const single = [...singleSchemas, 'items'];
const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const named = ['properties', 'patternProperties', 'dependentSchemas', '$defs'];

/** The schema with `change` made to each schema directly within it. Literals such as `default` are left alone. */
export function mapSubschemas(schema: JsonObject, change: (schema: JsonObject) => Json): JsonObject {
  const out: Record<string, Json | undefined> = { ...schema };
  for (const key of single) {
    const value = schema[key];
    if (isJsonObject(value)) out[key] = change(value);
  }
  for (const key of lists) {
    const value = schema[key];
    if (Array.isArray(value)) out[key] = value.map((part: Json): Json => (isJsonObject(part) ? change(part) : part));
  }
  for (const key of named) {
    const value = schema[key];
    if (!isJsonObject(value)) continue;
    out[key] = Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, isJsonObject(part) ? change(part) : part]),
    );
  }
  return out;
}

/** Looks at each schema directly within the schema. */
export function eachSubschema(schema: JsonObject, look: (schema: JsonObject) => void): void {
  for (const [key, value] of Object.entries(schema)) {
    if (typeof value !== 'object' || value === null) continue;
    if (single.includes(key)) {
      if (isJsonObject(value)) look(value);
    } else if (lists.includes(key) || named.includes(key)) {
      for (const part of Object.values(value)) if (isJsonObject(part)) look(part);
    }
  }
}
