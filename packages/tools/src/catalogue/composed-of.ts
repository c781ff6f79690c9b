import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from '../document/pointer.ts';

/** The most parts that are looked at: a document may compose each of its schemas of all the others. */
const maxParts = 100;

/** A schema with what it refers to and what it is composed of by these keywords, each once. */
export function composedOf(
  root: JsonObject,
  given: Json | undefined,
  keywords: readonly ('allOf' | 'oneOf' | 'anyOf')[],
): readonly JsonObject[] {
  const found = new Set<JsonObject>();
  const queue: (Json | undefined)[] = [given];
  for (const next of queue) {
    for (const schema of [next, resolveObject(root, next)]) {
      if (!isJsonObject(schema) || found.has(schema) || found.size >= maxParts) continue;
      found.add(schema);
      for (const keyword of keywords) {
        const parts = schema[keyword];
        if (Array.isArray(parts)) queue.push(...parts.slice(0, maxParts));
      }
    }
  }
  return [...found];
}
