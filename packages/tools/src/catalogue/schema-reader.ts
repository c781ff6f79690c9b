import { hash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { readLocalRef, resolveObject, valueAt } from '../document/pointer.ts';
import { convertSchema } from './convert-schema.ts';
import type { Direction } from './hidden-properties.ts';
import { mapSubschemas } from './map-subschemas.ts';

/** Reads the schemas of one document. What is referred to is converted once and shared by all tools. */
export interface SchemaReader {
  /** A schema that stands alone apart from `$ref`s to `#/$defs/…`, which `close` fills in. */
  convert(schema: Json | undefined, direction: Direction): JsonObject;
  /**
   * The schema with all that it refers to. What is referred to once is written in its place; what is recursive or
   * wanted more than once is kept in `$defs`. Beyond `budget` characters of definitions the rest is left open, with a
   * note: a tool whose schema fills a model's context is of no use.
   */
  close(schema: JsonObject, direction: Direction, budget: number): JsonObject;
}

interface Definition {
  readonly schema: JsonObject;
  readonly size: number;
}

export function createSchemaReader(root: JsonObject): SchemaReader {
  const names = new Map<string, string>();
  const refs = new Map<string, string>();
  const definitions = { request: new Map<string, Definition>(), response: new Map<string, Definition>() };
  let anchors: ReadonlyMap<string, Json> | undefined;

  /** `#/components/schemas/Pet` is named `Pet`, others after their whole path; a name that is taken gets a hashed tail. */
  function refer(ref: string): string {
    let name = names.get(ref);
    if (name === undefined) {
      const path = readLocalRef(ref) ?? [ref.slice(1)];
      const plain = (path[0] === 'components' || path[0] === 'definitions' ? path.slice(-1) : path).join('.');
      name = plain.replaceAll(/[^A-Za-z0-9._-]/g, '_') || 'root';
      if (refs.has(name)) name = `${name}_${hash('sha256', ref, 'hex').slice(0, 8)}`;
      names.set(ref, name);
      refs.set(name, ref);
    }
    return `#/$defs/${name}`;
  }

  function lookUp(ref: string): Json | undefined {
    const path = readLocalRef(ref);
    if (path !== undefined) {
      const found = valueAt(root, path);
      // A circle of nothing but references says nothing of a value; a validator would run in it for ever.
      return isCircle(found) ? undefined : found;
    }
    anchors ??= findAnchors(root);
    return anchors.get(ref.slice(1));
  }

  function isCircle(found: Json | undefined): boolean {
    const ref = isJsonObject(found) ? found['$ref'] : undefined;
    return typeof ref === 'string' && readLocalRef(ref) !== undefined && resolveObject(root, found) === undefined;
  }

  function define(name: string, direction: Direction): Definition {
    const known = definitions[direction].get(name);
    if (known !== undefined) return known;
    const schema = convertSchema(lookUp(refs.get(name) ?? ''), { root, direction, refer });
    const definition = { schema, size: JSON.stringify(schema).length };
    definitions[direction].set(name, definition);
    return definition;
  }

  return {
    convert: (schema, direction) => convertSchema(schema, { root, direction, refer }),
    close(schema, direction, budget) {
      const uses = new Map<string, number>();
      const kept = new Map<string, JsonObject>();
      const queue: string[] = [];
      const count = (part: JsonObject): JsonObject => {
        const name = definitionOf(part);
        if (name !== undefined) {
          uses.set(name, (uses.get(name) ?? 0) + 1);
          if (uses.get(name) === 1) queue.push(name);
        }
        return mapSubschemas(part, count);
      };
      count(schema);
      // Breadth first, so that what is left out for want of room is what lies deepest.
      let left = budget;
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
        const { schema: definition, size } = define(name, direction);
        left -= size;
        if (left < 0) {
          kept.set(name, { description: `${name}: left out, because the whole schema is too large` });
        } else {
          kept.set(name, definition);
          count(definition);
        }
      }
      const shared = [...kept.keys()].filter((name) => (uses.get(name) ?? 0) > 1);
      const inline = (part: JsonObject): JsonObject => {
        const name = definitionOf(part);
        const definition = name === undefined || shared.includes(name) ? undefined : kept.get(name);
        return mapSubschemas(definition === undefined ? part : merge(definition, part), inline);
      };
      const closed = inline(schema);
      if (shared.length === 0) return closed;
      return { ...closed, $defs: Object.fromEntries(shared.map((name) => [name, inline(kept.get(name) ?? {})])) };
    },
  };
}

/** A definition in the place of a reference to it: what stands beside the reference goes along. */
function merge(definition: JsonObject, reference: JsonObject): JsonObject {
  const { $ref: _, ...beside } = reference;
  const clash = Object.keys(beside).some((key) => !annotations.has(key));
  return clash
    ? { ...beside, allOf: [definition, ...(Array.isArray(beside['allOf']) ? beside['allOf'] : [])] }
    : { ...definition, ...beside };
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

function definitionOf(schema: JsonObject): string | undefined {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? ref.slice('#/$defs/'.length) : undefined;
}

function findAnchors(root: JsonObject): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  const stack: Json[] = [root];
  const seen = new Set<Json>();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (typeof at !== 'object' || at === null || seen.has(at)) continue;
    seen.add(at);
    if (isJsonObject(at)) {
      for (const key of ['$anchor', '$dynamicAnchor'] as const) {
        if (typeof at[key] === 'string' && !found.has(at[key])) found.set(at[key], at);
      }
    }
    for (const value of Object.values(at)) if (typeof value === 'object' && value !== null) stack.push(value);
  }
  return found;
}
