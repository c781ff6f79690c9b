import type { JsonObject } from '@keyturn/protocol';
import { mapSubschemas } from './map-subschemas.ts';
import { type Definition, definitionOf, openDefinition, usesOf } from './definition.ts';

/**
 * The schema with all that it refers to. What is referred to once is written in its place; what is recursive or wanted
 * more than once is kept in `$defs`. Beyond `budget` characters of definitions the rest is left open, deepest first, with
 * a note: a tool whose schema fills a model's context is of no use, and a document could make it fill a disk.
 */
export function closeSchema(schema: JsonObject, define: (name: string) => Definition, budget: number): JsonObject {
  const counts = new Map<string, number>();
  const kept = new Map<string, Definition>();
  const queue: string[] = [];
  const count = (names: readonly string[]) => {
    for (const name of names) {
      const before = counts.get(name) ?? 0;
      counts.set(name, before + 1);
      if (before === 0) queue.push(name);
    }
  };
  count(usesOf(schema));
  let left = budget;
  // Breadth first, so that what is left out for want of room is what lies deepest. The queue grows while it is read.
  for (const name of queue) {
    const definition = left > 0 ? define(name) : undefined;
    left -= definition?.size ?? 0;
    const fits = definition !== undefined && left >= 0;
    kept.set(name, fits ? definition : openDefinition(name, 'the whole schema is too large'));
    if (fits) count(definition.uses);
  }

  const isInlined = (name: string) => counts.get(name) === 1;
  const inline = (part: JsonObject): JsonObject => {
    let at = part;
    // What is written in the place of a reference may be a reference again.
    for (let name = definitionOf(at); name !== undefined && isInlined(name); name = definitionOf(at)) {
      at = merge(kept.get(name)?.schema ?? {}, at);
    }
    return mapSubschemas(at, inline);
  };
  const closed = inline(schema);
  const shared = queue.filter((name) => !isInlined(name));
  if (shared.length === 0) return closed;
  // A definition with nothing to write into it is the same object in every tool.
  const write = ({ schema: own, uses }: Definition) => (uses.some(isInlined) ? inline(own) : own);
  return {
    ...closed,
    $defs: Object.fromEntries(
      shared.map((name) => [name, write(kept.get(name) ?? openDefinition(name, 'the whole schema is too large'))]),
    ),
  };
}

/** A definition in the place of a reference to it: what stands beside the reference goes along. */
function merge(definition: JsonObject, reference: JsonObject): JsonObject {
  const { $ref: _, ...beside } = reference;
  const clash = Object.keys(beside).some((key) => !annotations.has(key));
  if (!clash) return { ...definition, ...beside };
  return { ...beside, allOf: [definition, ...(Array.isArray(beside['allOf']) ? beside['allOf'] : [])] };
}

const annotations: ReadonlySet<string> = new Set([
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
