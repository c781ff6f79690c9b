import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { eachSubschema } from './map-subschemas.ts';

/** A schema that others refer to, converted. */
export interface Definition {
  readonly schema: JsonObject;
  /** Characters of its JSON. */
  readonly size: number;
  /** The definitions that it refers to, as often as it does. */
  readonly uses: readonly string[];
  /** Those of them that look at the same value. */
  readonly inPlaceUses: readonly string[];
}

/** A definition that anything fits, and that says why. */
export function openDefinition(name: string, reason: string): Definition {
  return { schema: { description: `${name}: left open, because ${reason}` }, size: 0, uses: [], inPlaceUses: [] };
}

/** What a reference to a definition begins with. */
export const definitionPrefix = '#/$defs/';

/** The names of the definitions that a schema refers to, one for each reference. */
export function usesOf(schema: JsonObject): readonly string[] {
  const uses: string[] = [];
  const look = (part: JsonObject) => {
    const name = definitionOf(part);
    if (name !== undefined) uses.push(name);
    eachSubschema(part, look);
  };
  look(schema);
  return uses;
}

/**
 * The names of the definitions that a schema refers to for the same value: by itself or `allOf`, `oneOf` and the like,
 * not by `properties` or `items`, which look at a value within the value.
 */
export function inPlaceUsesOf(schema: JsonObject): readonly string[] {
  const uses: string[] = [];
  const look = (part: JsonObject) => {
    const name = definitionOf(part);
    if (name !== undefined) uses.push(name);
    for (const key of ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'] as const) {
      const value = part[key];
      if (typeof value !== 'object' || value === null) continue;
      if (key === 'not' || key === 'if' || key === 'then' || key === 'else') {
        if (isJsonObject(value)) look(value);
      } else for (const member of Object.values(value)) if (isJsonObject(member)) look(member);
    }
  };
  look(schema);
  return uses;
}

/** The definition that a schema is a reference to. */
export function definitionOf(schema: JsonObject): string | undefined {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? ref.slice(definitionPrefix.length) : undefined;
}
