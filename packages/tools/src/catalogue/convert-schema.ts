import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { readLocalRef, resolveObject, valueAt } from '../document/pointer.ts';
import { singleSchemas } from './map-subschemas.ts';

export interface SchemaContext {
  readonly root: JsonObject;
  /** Names of properties of a schema that are left out. */
  hidden(schema: JsonObject): ReadonlySet<string>;
  /** Called with each reference that the schema makes; returns what to write for it. */
  refer(ref: string): string;
}

type Mutable = Record<string, Json | undefined>;

/**
 * A schema of an OpenAPI document as JSON Schema 2020-12: only keywords of that vocabulary come out, each with a value
 * that the vocabulary allows, so that the result always compiles. OpenAPI 3.0's own dialect (`nullable`, boolean
 * `exclusiveMinimum`, `example`) is translated; so is what 3.1 documents still have of it. References are left as
 * references.
 */
export function convertSchema(
  given: Json | undefined,
  context: SchemaContext,
  hiddenAround: ReadonlySet<string> = new Set(),
): JsonObject {
  if (given === false) return { not: {} };
  if (!isJsonObject(given)) return {};
  const ref = given['$ref'] ?? given['$dynamicRef'];
  const out: Mutable = typeof ref === 'string' ? { $ref: context.refer(ref) } : {};
  copyAnnotations(given, out);
  copyType(given, out);
  copyNumbers(given, out);
  copyText(given, out);
  copyLiterals(given, out);
  const hidden = hiddenIn(given, context, hiddenAround);
  copyObject(given, out, context, hidden);
  copySubschemas(given, out, context, hidden);
  copyDiscriminator(given, out, context);
  return given['nullable'] === true ? allowNull(out) : out;
}

function copyAnnotations(given: JsonObject, out: Mutable): void {
  for (const key of ['title', 'description', 'format', 'contentEncoding', 'contentMediaType']) {
    if (typeof given[key] === 'string') out[key] = given[key];
  }
  for (const key of ['uniqueItems', 'deprecated', 'readOnly', 'writeOnly']) {
    if (given[key] === true) out[key] = true;
  }
  const examples = Array.isArray(given['examples'])
    ? given['examples']
    : given['example'] === undefined
      ? []
      : [given['example']];
  if (examples.length > 0) out['examples'] = examples;
}

const types: ReadonlySet<string> = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);
/** Words that documents use for a type and that are none. Anything else says nothing. */
const loose: Readonly<Record<string, string>> = {
  file: 'string',
  int: 'integer',
  int32: 'integer',
  int64: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  decimal: 'number',
  bool: 'boolean',
  date: 'string',
  datetime: 'string',
  'date-time': 'string',
  uuid: 'string',
};

function copyType(given: JsonObject, out: Mutable): void {
  const list: readonly (Json | undefined)[] = Array.isArray(given['type']) ? given['type'] : [given['type']];
  const known = new Set<string>();
  for (const type of list) {
    if (typeof type !== 'string') continue;
    const name = Object.hasOwn(loose, type) ? loose[type] : type;
    if (name !== undefined && types.has(name)) known.add(name);
  }
  const [first, ...more] = known;
  if (first !== undefined) out['type'] = more.length === 0 ? first : [first, ...more];
}

function copyNumbers(given: JsonObject, out: Mutable): void {
  for (const key of ['minimum', 'maximum', 'multipleOf', 'exclusiveMinimum', 'exclusiveMaximum']) {
    const value = given[key];
    if (typeof value === 'number' && (key !== 'multipleOf' || value > 0)) out[key] = value;
  }
  // 3.0: the exclusive ones are switches for the others.
  for (const [limit, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (given[exclusive] !== true || out[limit] === undefined) continue;
    out[exclusive] = out[limit];
    delete out[limit];
  }
  for (const key of [
    'maxLength',
    'minLength',
    'maxItems',
    'minItems',
    'maxProperties',
    'minProperties',
    'minContains',
    'maxContains',
  ]) {
    const value = given[key];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) out[key] = value;
  }
}

function copyText(given: JsonObject, out: Mutable): void {
  const { pattern } = given;
  if (typeof pattern !== 'string') return;
  if (isPattern(pattern)) out['pattern'] = pattern;
  // A pattern of another dialect (`(?i)`, `\Z`) cannot be checked here, but says something to who reads it.
  else {
    const { description } = out;
    const note = `Pattern: ${pattern.slice(0, 200)}`;
    out['description'] = typeof description === 'string' ? `${description}\n${note}` : note;
  }
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function copyLiterals(given: JsonObject, out: Mutable): void {
  if (given['default'] !== undefined) out['default'] = given['default'];
  if (given['const'] !== undefined) out['const'] = given['const'];
  if (Array.isArray(given['enum']) && given['enum'].length > 0) {
    const seen = new Set<string>();
    out['enum'] = given['enum'].filter((value) => {
      const text = JSON.stringify(value) ?? '';
      return seen.has(text) ? false : seen.add(text);
    });
  }
}

/** What has no place in this direction: by the schema itself, and by those that it is a part of by `allOf`. */
function hiddenIn(given: JsonObject, context: SchemaContext, around: ReadonlySet<string>): ReadonlySet<string> {
  const { properties, required, allOf } = given;
  const namesMembers = isJsonObject(properties) || Array.isArray(required);
  // Parts that are references are schemas of their own, and know what they hide.
  if (!namesMembers && !(Array.isArray(allOf) && allOf.some(isInline))) return around;
  const own = context.hidden(given);
  return around.size === 0 ? own : around.union(own);
}

function isInline(part: Json): boolean {
  return isJsonObject(part) && part['$ref'] === undefined;
}

/** Keywords about the names of members, without those that have no place in this direction. */
function copyObject(given: JsonObject, out: Mutable, context: SchemaContext, hidden: ReadonlySet<string>): void {
  const { properties, required, dependentRequired } = given;
  if (isJsonObject(properties)) {
    const kept = Object.entries(properties).filter(([name]) => !hidden.has(name) && name !== '__proto__');
    out['properties'] = Object.fromEntries(kept.map(([name, schema]) => [name, convertSchema(schema, context)]));
  } else if (out['type'] === 'object') {
    // Strict clients refuse an object schema that has none.
    out['properties'] = {};
  }
  const namesIn = (list: readonly Json[]): string[] => [
    ...new Set(
      list.filter((name) => typeof name === 'string').filter((name) => name !== '__proto__' && !hidden.has(name)),
    ),
  ];
  const names = Array.isArray(required) ? namesIn(required) : [];
  if (names.length > 0) out['required'] = names;
  if (!isJsonObject(dependentRequired)) return;
  const lists = Object.entries(dependentRequired).filter(([name]) => name !== '__proto__');
  out['dependentRequired'] = Object.fromEntries(
    lists.flatMap(([name, list]) => (Array.isArray(list) ? [[name, namesIn(list)]] : [])),
  );
}

function copySubschemas(given: JsonObject, out: Mutable, context: SchemaContext, hidden: ReadonlySet<string>): void {
  for (const key of singleSchemas) {
    const value = given[key];
    if (typeof value === 'boolean') out[key] = value;
    else if (isJsonObject(value)) out[key] = convertSchema(value, context);
  }
  for (const key of ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const) {
    const value = given[key];
    if (!Array.isArray(value) || value.length === 0) continue;
    out[key] = value.map((part: Json) =>
      key === 'allOf'
        ? convertSchema(withoutItself(part, given, context.root), context, hidden)
        : convertSchema(part, context),
    );
  }
  const { items } = given;
  if (Array.isArray(items)) {
    // Tuples before 2020-12.
    if (items.length > 0) out['prefixItems'] = items.map((item) => convertSchema(item, context));
    if (given['additionalItems'] === false) out['items'] = false;
  } else if (typeof items === 'boolean') out['items'] = items;
  else if (isJsonObject(items)) out['items'] = convertSchema(items, context);
  for (const key of ['patternProperties', 'dependentSchemas'] as const) {
    const value = given[key];
    if (!isJsonObject(value)) continue;
    const kept = Object.entries(value).filter(
      ([name]) => name !== '__proto__' && (key !== 'patternProperties' || isPattern(name)),
    );
    out[key] = Object.fromEntries(kept.map(([name, schema]) => [name, convertSchema(schema, context)]));
  }
}

/**
 * A parent that is a union of its children, as one child sees it: what it inherits, without the union, in which it would
 * find itself again and again. (`Pet: oneOf [Cat]` and `Cat: allOf [Pet, …]` is how OpenAPI 3.0 writes inheritance.)
 */
function withoutItself(part: Json, child: JsonObject, root: JsonObject): Json {
  const parent = isJsonObject(part) && typeof part['$ref'] === 'string' ? resolveObject(root, part) : undefined;
  if (parent === undefined) return part;
  const { oneOf, anyOf, discriminator: _, ...inherited } = parent;
  const branches = [oneOf, anyOf].flatMap((list) => (Array.isArray(list) ? list : []));
  return branches.some((branch: Json) => resolveObject(root, branch) === child) ? inherited : part;
}

/**
 * A discriminator with a mapping becomes a constant in each branch, which is what it means and what validators know.
 * Branches that it does not tell apart so may all fit one value, for the discriminator would have chosen: then any of
 * them will do. (The names of their schemas are what OpenAPI means instead, but documents often have other values.)
 */
function copyDiscriminator(given: JsonObject, out: Mutable, context: SchemaContext): void {
  const { discriminator } = given;
  if (!isJsonObject(discriminator) || typeof discriminator['propertyName'] !== 'string') return;
  const property = discriminator['propertyName'];
  const mapping = isJsonObject(discriminator['mapping']) ? discriminator['mapping'] : {};
  const valuesOf = new Map<string, string[]>();
  for (const [value, target] of Object.entries(mapping)) {
    if (typeof target !== 'string') continue;
    const ref = target.startsWith('#') ? target : `#/components/schemas/${target}`;
    const path = readLocalRef(ref);
    if (path === undefined || valueAt(context.root, path) === undefined) continue;
    valuesOf.set(context.refer(ref), [...(valuesOf.get(context.refer(ref)) ?? []), value]);
  }
  for (const key of ['oneOf', 'anyOf'] as const) {
    const branches = out[key];
    if (!Array.isArray(branches)) continue;
    let areTold = true;
    const told = branches.map((branch: Json): Json => {
      const values =
        isJsonObject(branch) && typeof branch['$ref'] === 'string' ? valuesOf.get(branch['$ref']) : undefined;
      areTold &&= values !== undefined;
      if (!isJsonObject(branch) || values === undefined) return branch;
      return { ...branch, type: 'object', properties: { [property]: { enum: values } }, required: [property] };
    });
    if (areTold || out['anyOf'] !== undefined) out[key] = told;
    else {
      delete out[key];
      out['anyOf'] = told;
    }
  }
}

function allowNull(out: Mutable): JsonObject {
  const { type, enum: values } = out;
  if (Array.isArray(values) && !values.includes(null)) out['enum'] = [...values, null];
  if (typeof type === 'string' && type !== 'null') out['type'] = [type, 'null'];
  else if (Array.isArray(type) && !type.includes('null')) out['type'] = [...type, 'null'];
  const composed = ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'const'].some((key) => out[key] !== undefined);
  if (!composed) return out;
  const { title, description, ...rest } = out;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    anyOf: [rest, { type: 'null' }],
  };
}
