import { isJsonObject, type Json, ok, type Result, refuse } from '@keyturn/protocol';
import { keyOf, type ObjectRef, type ObjectType, objectTypes } from '../model/objects.ts';
import { isJsonList } from '../representation.ts';

/** The realm attribute in which Keyturn remembers what is its own. */
export const ownershipAttribute = 'keyturn.ownership';

/** An object that Keyturn made or took over, and the fields that it set. */
export interface Owned extends ObjectRef {
  readonly fields: readonly string[];
}

export type Ownership = ReadonlyMap<string, Owned>;

/** Reads the attribute. No attribute: nothing is owned. Refuses a text that Keyturn did not write, rather than guess. */
export function parseOwnership(text: string | undefined): Result<Ownership, string> {
  if (text === undefined || text === '') return ok(new Map());
  const fault = `the realm attribute ${ownershipAttribute} cannot be read; delete it to own nothing, and plan again`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse(fault);
  }
  if (!isJsonObject(parsed) || parsed['version'] !== 1 || !isJsonList(parsed['objects'])) return refuse(fault);
  const entries = parsed['objects'].map(parseEntry);
  return entries.every((entry) => entry !== undefined)
    ? ok(new Map(entries.map((entry) => [keyOf(entry), entry])))
    : refuse(fault);
}

function parseEntry(value: Json): Owned | undefined {
  if (!isJsonList(value)) return undefined;
  const [type, name, fields] = value;
  const known = objectTypes.find((one) => one === type);
  return known !== undefined && isTexts(name) && isTexts(fields) ? { type: known, name, fields } : undefined;
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return isJsonList(value) && value.every((item) => typeof item === 'string');
}

/** The attribute's text: entries in the order of writing, so that the same ownership is the same text. */
export function showOwnership(ownership: Ownership): string {
  const rank = (type: ObjectType) => objectTypes.indexOf(type);
  const entries = [...ownership.values()]
    .sort((a, b) => rank(a.type) - rank(b.type) || (keyOf(a) < keyOf(b) ? -1 : 1))
    .map(({ type, name, fields }) => [type, name, [...fields].sort()]);
  return JSON.stringify({ version: 1, objects: entries });
}
