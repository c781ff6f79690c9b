import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import * as fc from 'fast-check';

/**
 * For tests: a value that fits a closed JSON Schema 2020-12, with every property filled in as far as `depth` goes. Best
 * effort: what only a regular expression describes may not fit, which the caller finds out by checking.
 */
export function sampleValue(schema: Json | undefined, root: JsonObject, depth = 4): Json {
  if (!isJsonObject(schema)) return 'text';
  const { $ref, allOf, const: fixed, enum: values } = schema;
  if (typeof $ref === 'string') {
    const definitions = isJsonObject(root['$defs']) ? root['$defs'] : {};
    return sampleValue(definitions[$ref.slice('#/$defs/'.length)], root, depth - 1);
  }
  if (fixed !== undefined) return fixed;
  if (Array.isArray(values)) return values[0] ?? null;
  const branch = [schema['oneOf'], schema['anyOf']].flatMap((list) => (Array.isArray(list) ? list.slice(0, 1) : []));
  const parts = [...(Array.isArray(allOf) ? allOf : []), ...branch];
  if (parts.length === 0) return samplePlain(schema, root, depth);
  const { allOf: _all, oneOf: _one, anyOf: _any, ...own } = schema;
  const samples = [own, ...parts].map((part) => sampleValue(part, root, depth));
  const objects = samples.filter(isJsonObject);
  return objects.length > 0 ? Object.assign({}, ...objects) : (samples[1] ?? null);
}

function samplePlain(schema: JsonObject, root: JsonObject, depth: number): Json {
  switch (typeNameOf(schema)) {
    case 'object':
      return sampleObject(schema, root, depth);
    case 'array': {
      const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : depth > 0 ? 1 : 0;
      if (schema['maxItems'] === 0) return [];
      return Array.from({ length: Math.min(least, 5) }, () => sampleValue(schema['items'], root, depth - 1));
    }
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'string':
    default:
      return sampleText(schema);
  }
}

function typeNameOf(schema: JsonObject): string {
  const types: readonly (Json | undefined)[] = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  const [type] = types;
  if (typeof type === 'string') return type;
  return isJsonObject(schema['properties']) || Array.isArray(schema['required'])
    ? 'object'
    : schema['items'] === undefined
      ? 'string'
      : 'array';
}

function sampleObject(schema: JsonObject, root: JsonObject, depth: number): JsonObject {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = new Set(
    Array.isArray(schema['required']) ? schema['required'].filter((name) => typeof name === 'string') : [],
  );
  const names = new Set([...required, ...(depth > 0 ? Object.keys(properties).slice(0, 40) : [])]);
  const most = typeof schema['maxProperties'] === 'number' ? schema['maxProperties'] : names.size;
  const chosen = [...required, ...[...names].filter((name) => !required.has(name))].slice(
    0,
    Math.max(most, required.size),
  );
  return Object.fromEntries(
    chosen.map((name) => [name, sampleValue(properties[name] ?? schema['additionalProperties'], root, depth - 1)]),
  );
}

function sampleNumber(schema: JsonObject): number {
  const numberOf = (key: string) => (typeof schema[key] === 'number' ? schema[key] : undefined);
  const above = numberOf('exclusiveMinimum');
  const least = numberOf('minimum') ?? (above === undefined ? undefined : above + 1);
  const most = numberOf('maximum') ?? numberOf('exclusiveMaximum');
  const step = numberOf('multipleOf') ?? 1;
  const start = least ?? (most !== undefined && most < 1 ? most - 1 : 1);
  return step === 1 ? start : Math.ceil(start / step) * step;
}

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-11-22T10:00:00Z',
  date: '2026-11-22',
  time: '10:00:00Z',
  duration: 'P1D',
  email: 'jo@example.com',
  uri: 'https://example.com/x',
  url: 'https://example.com/x',
  'uri-reference': '/x',
  uuid: '7b0d2b6e-6c1d-4f0e-9a43-0e6f4f2f9d11',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: 'AAAA',
};

function sampleText(schema: JsonObject): string {
  const { format, minLength, maxLength, contentEncoding } = schema;
  if (contentEncoding === 'base64') return 'AAEC';
  if (typeof schema['pattern'] === 'string') return sampleMatch(schema['pattern'], minLength, maxLength);
  const text =
    (typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined) ?? 'text & co=1';
  if (typeof minLength === 'number' && text.length < minLength) return text.padEnd(Math.min(minLength, 10_000), 'x');
  return typeof maxLength === 'number' ? text.slice(0, maxLength) : text;
}

/** One of fifty texts that the pattern describes, if the length of any is right. */
function sampleMatch(pattern: string, minLength: Json | undefined, maxLength: Json | undefined): string {
  const least = typeof minLength === 'number' ? minLength : 1;
  const most = typeof maxLength === 'number' ? maxLength : 200;
  try {
    const texts = fc.sample(fc.stringMatching(new RegExp(pattern)), { numRuns: 50, seed: 1 });
    return texts.find((text) => text.length >= least && text.length <= most) ?? texts[0] ?? '';
  } catch {
    return 'text';
  }
}
