import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';

/** Characters of a schema, written as JSON. */
const maxSchema = 32_000;
const maxDepth = 40;
const dialect2020 = 'https://json-schema.org/draft/2020-12/schema';

/**
 * A JSON Schema that another server has written, ready to be shown to models and to be held against arguments: of an
 * object, of bounded size and depth, without references to anywhere else, its texts cleaned. The refusal is a sentence's end.
 */
export function readForeignSchema(given: Json | undefined): Result<JsonObject, string> {
  if (!isJsonObject(given)) return refuse('is no object');
  if (given['type'] !== 'object') return refuse('is not of type object');
  const problem = problemOf(given);
  if (problem !== undefined) return refuse(problem);
  const cleaned = clean(given);
  if (!isJsonObject(cleaned)) return refuse('is no object');
  // The one dialect in which it will be read; of any other it would be claimed falsely.
  const dialect = given['$schema'] === dialect2020 ? { $schema: dialect2020 } : {};
  return ok({ ...dialect, ...cleaned, properties: cleaned['properties'] ?? {} });
}

/** Text of another server as people and models are shown it: nothing invisible, nothing that steers, no more than `max`. */
export function readForeignText(text: string, max: number): string {
  // \p{C}: control, format (bidirectional overrides, tag characters, zero width), surrogates and unassigned.
  const seen = text.replaceAll(/[^\P{C}\n\t]/gu, '').trim();
  return seen.length > max ? `${seen.slice(0, max - 1)}…` : seen;
}

function problemOf(schema: JsonObject): string | undefined {
  let level: Json[] = [schema];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return `is nested deeper than ${maxDepth} levels`;
    const next: Json[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (isJsonObject(value)) {
        for (const key of ['$ref', '$dynamicRef', '$recursiveRef'] as const) {
          const ref = value[key];
          if (typeof ref === 'string' && !ref.startsWith('#')) return 'refers to a schema elsewhere';
        }
      }
      for (const child of Object.values(value)) if (child !== undefined) next.push(child);
    }
    if (next.length > maxSchema) return `is longer than ${maxSchema} characters`;
    level = next;
  }
  return JSON.stringify(schema).length > maxSchema ? `is longer than ${maxSchema} characters` : undefined;
}

/** Texts for readers are cleaned; names and values, which are compared, are left. */
function clean(value: Json): Json {
  if (Array.isArray(value)) return value.map(clean);
  if (!isJsonObject(value)) return value;
  const cleaned: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined || key === '$id' || key === '$schema') continue;
    const isText = (key === 'description' || key === 'title' || key === '$comment') && typeof member === 'string';
    cleaned[key] = isText ? readForeignText(member, 1000) : clean(member);
  }
  return cleaned;
}
