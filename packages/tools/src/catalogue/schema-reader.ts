import type { Json, JsonObject } from '@keyturn/protocol';
import { createReferenceTable } from '../document/reference-table.ts';
import { closeSchema } from './close-schema.ts';
import { convertSchema } from './convert-schema.ts';
import { createHiddenProperties, type Direction } from './hidden-properties.ts';
import { createCostGuard } from './in-place-cost.ts';
import { type Definition, definitionPrefix, inPlaceUsesOf, openDefinition, usesOf } from './definition.ts';

/** Reads the schemas of one document. What is referred to is converted once and shared by all tools. */
export interface SchemaReader {
  /** A schema that stands alone apart from `$ref`s to `#/$defs/…`, which `close` fills in. */
  convert(schema: Json | undefined, direction: Direction): JsonObject;
  /** The schema with all that it refers to, as far as `budget` characters of definitions reach: see `closeSchema`. */
  close(schema: JsonObject, direction: Direction, budget: number): JsonObject;
}

export function createSchemaReader(root: JsonObject): SchemaReader {
  const table = createReferenceTable(root);
  const converted = { request: new Map<string, Definition>(), response: new Map<string, Definition>() };
  const refer = (ref: string) => `${definitionPrefix}${table.nameOf(ref)}`;
  const contexts = {
    request: { root, refer, hidden: createHiddenProperties(root, 'request') },
    response: { root, refer, hidden: createHiddenProperties(root, 'response') },
  };
  const convert = (schema: Json | undefined, direction: Direction) => convertSchema(schema, contexts[direction]);

  function define(name: string, direction: Direction): Definition {
    const known = converted[direction].get(name);
    if (known !== undefined) return known;
    const schema = convert(table.lookUp(name), direction);
    const size = JSON.stringify(schema).length;
    const definition = { schema, size, uses: usesOf(schema), inPlaceUses: inPlaceUsesOf(schema) };
    converted[direction].set(name, definition);
    return definition;
  }
  const isTooDear = {
    request: createCostGuard((name) => define(name, 'request').inPlaceUses),
    response: createCostGuard((name) => define(name, 'response').inPlaceUses),
  };

  return {
    convert,
    close: (schema, direction, budget) =>
      closeSchema(
        schema,
        (name) =>
          isTooDear[direction](name)
            ? openDefinition(name, 'it refers to itself without end')
            : define(name, direction),
        budget,
      ),
  };
}
