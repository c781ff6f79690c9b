import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseJson } from '@keyturn/policy';
import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { CommandFailure, type Io } from '../io.ts';

/**
 * The arguments of a call as they stand on a command line: one JSON object (`{…}`, `@file` or `-`), or pairs.
 *
 * - `name=value`: typed by the tool's schema; text where the schema says text, whatever it looks like.
 * - `name:=json`: as JSON, whatever the schema says.
 * - `body.address.city=Berlin`: into an object within; a list is given by naming it several times.
 */
export function readArguments(io: Pick<Io, 'cwd'>, given: readonly string[], schema: JsonObject): JsonObject {
  const [first] = given;
  if (first === undefined) return {};
  if (given.length === 1 && /^\s*\{|^@|^-$/.test(first)) return readWhole(io, first, 'the arguments');
  const args: Record<string, Json> = {};
  for (const pair of given) {
    const [, name, sign, text = ''] = /^([^=]+?)(:?=)(.*)$/s.exec(pair) ?? [];
    if (name === undefined) {
      throw new CommandFailure(
        `${JSON.stringify(pair)} is no argument: write name=value, name:=json, or all of them as one JSON object`,
        2,
      );
    }
    const path = pathOf(name, schema);
    const wanted = path.reduce<JsonObject>((at, key) => memberOf(at, key, schema), schema);
    put(args, path, sign === ':=' ? parse(text, `${name}:=`) : readValue(text, name, wanted, schema), wanted, schema);
  }
  return args;
}

/** One JSON object: as text, in a file (`@file`) or from the standard input (`-`). `what` names it where it is none. */
export function readWhole(io: Pick<Io, 'cwd'>, given: string, what: string): JsonObject {
  const text =
    given === '-' ? readFileSync(0, 'utf8') : given.startsWith('@') ? readFile(resolve(io.cwd, given.slice(1))) : given;
  const value = parse(text, what);
  if (!isJsonObject(value)) throw new CommandFailure(`${what} must be one JSON object`, 2);
  return value;
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new CommandFailure(`${path} cannot be read`, 2);
  }
}

function parse(text: string, what: string): Json {
  const read = readJson(text, what);
  if (read === undefined) throw new CommandFailure(`${what} is no JSON: ${text.slice(0, 60)}`, 2);
  return read;
}

/** Undefined where it is no JSON. What would reach Keyturn as something else than what was written is refused here. */
function readJson(text: string, what: string): Json | undefined {
  const read = parseJson(text);
  if (read.ok) return read.value;
  switch (read.refusal.why) {
    case 'syntax':
      return undefined;
    case 'number-lost':
      throw new CommandFailure(`${what} has a number that JSON readers do not agree on: ${text.slice(0, 60)}`, 2);
    case 'duplicate-member':
      throw new CommandFailure(`${what} names ${JSON.stringify(read.refusal.name)} twice in one object`, 2);
    case 'lone-surrogate':
      throw new CommandFailure(`${what} has text that is no Unicode`, 2);
    case 'too-deep':
      throw new CommandFailure(`${what} is nested deeper than 100 levels`, 2);
  }
}

/** A name that the schema has as it is, dots and all, is one name. */
function pathOf(name: string, schema: JsonObject): readonly string[] {
  const properties = propertiesOf(schema, schema);
  return Object.hasOwn(properties, name) ? [name] : name.split('.');
}

function put(
  into: Record<string, Json>,
  path: readonly string[],
  value: Json,
  wanted: JsonObject,
  root: JsonObject,
): void {
  const [key = '', ...rest] = path;
  if (['__proto__', 'constructor', 'prototype'].includes(key)) throw new CommandFailure(`${key} is no argument`, 2);
  if (rest.length > 0) {
    const inner = into[key];
    const next: Record<string, Json> = isJsonObject(inner) ? { ...definedOf(inner) } : {};
    put(next, rest, value, wanted, root);
    into[key] = next;
    return;
  }
  const before = into[key];
  if (value === null || !typesOf(wanted, root).includes('array')) into[key] = value;
  else if (Array.isArray(before)) into[key] = [...before, ...(Array.isArray(value) ? value : [value])];
  else into[key] = Array.isArray(value) ? value : [value];
}

function definedOf(object: JsonObject): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Text as a value of the type that the schema wants. What does not fit stays text, and Keyturn says what is wrong. */
function readValue(text: string, name: string, schema: JsonObject, root: JsonObject): Json {
  const types = typesOf(schema, root);
  if (types.includes('string')) return text;
  if (types.includes('array') && !text.trimStart().startsWith('[')) {
    const items = branchesOf(schema, root).flatMap((branch) =>
      isJsonObject(branch['items']) ? [branch['items']] : [],
    );
    return readValue(text, name, items[0] ?? {}, root);
  }
  // A number, true, false, null, a list or an object; and where the schema says nothing, what it looks like.
  const value = readJson(text, name);
  return value === undefined ? text : value;
}

function memberOf(schema: JsonObject, key: string, root: JsonObject): JsonObject {
  const member = propertiesOf(schema, root)[key];
  return isJsonObject(member) ? member : {};
}

function propertiesOf(schema: JsonObject, root: JsonObject): JsonObject {
  return branchesOf(schema, root).reduce<JsonObject>((all, { properties }) => {
    return isJsonObject(properties) ? { ...properties, ...all } : all;
  }, {});
}

/** The types of all branches: what may be text or null is text, as it is where one list names both. */
function typesOf(schema: JsonObject, root: JsonObject): readonly string[] {
  return branchesOf(schema, root).flatMap(({ type, enum: values }) => {
    if (typeof type === 'string') return [type];
    if (Array.isArray(type)) return type.filter((one) => typeof one === 'string');
    return Array.isArray(values) && values.every((one) => typeof one === 'string') ? ['string'] : [];
  });
}

/** The schema itself and what it is composed of, a few steps deep. */
function branchesOf(schema: JsonObject, root: JsonObject, depth = 0): readonly JsonObject[] {
  const whole = resolve$(schema, root);
  if (depth === 3) return [whole];
  const parts = [whole['allOf'], whole['anyOf'], whole['oneOf']].flatMap((list) => (Array.isArray(list) ? list : []));
  return [whole, ...parts.filter(isJsonObject).flatMap((part) => branchesOf(part, root, depth + 1))];
}

/** A reference within the tool's schema followed, a few steps. */
function resolve$(schema: JsonObject, root: JsonObject): JsonObject {
  let at = schema;
  for (let step = 0; step < 10; step += 1) {
    const ref = at['$ref'];
    const definitions = root['$defs'];
    if (typeof ref !== 'string' || !isJsonObject(definitions)) return at;
    const target = definitions[ref.replace('#/$defs/', '')];
    if (!isJsonObject(target)) return at;
    at = target;
  }
  return at;
}
