import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from '../document/pointer.ts';
import type { BodyKind, PartEncoding, ParameterStyle, ToolBody } from '../tool.ts';
import { composedOf } from './composed-of.ts';
import { readExamples } from './read-examples.ts';
import type { SchemaReader } from './schema-reader.ts';

/** The body of an operation and its argument's schema; undefined if it takes none. */
export function readBody(
  root: JsonObject,
  given: Json | undefined,
  schemas: SchemaReader,
): { readonly body: ToolBody; readonly schema: JsonObject } | undefined {
  const request = given === undefined ? undefined : resolveObject(root, given);
  if (request === undefined || !isJsonObject(request['content'])) return undefined;
  const [contentType, media] = chooseMedia(root, request['content']) ?? [];
  if (contentType === undefined || media === undefined) return undefined;
  const kind = kindOf(contentType);
  const encoding = kind === 'form' || kind === 'multipart' ? readEncoding(root, media, kind) : {};
  const schema = describeBody(root, { kind, contentType, media, encoding }, schemas);
  const { description } = request;
  const body: ToolBody = {
    argument: 'body',
    required: request['required'] === true,
    kind,
    contentType: sendable(contentType, kind),
    ...(Object.keys(encoding).length === 0 ? {} : { encoding }),
  };
  const examples = schema['examples'] === undefined ? readExamples(root, media) : [];
  return {
    body,
    schema: {
      ...schema,
      ...(typeof description === 'string' && description !== '' ? { description } : {}),
      ...(examples.length === 0 || kind === 'binary' ? {} : { examples }),
    },
  };
}

const preference: readonly BodyKind[] = ['json', 'form', 'multipart', 'text', 'binary'];

/** Of several media types the one that a model writes best: JSON, then forms, then text, then bytes. */
function chooseMedia(root: JsonObject, content: JsonObject): readonly [string, JsonObject] | undefined {
  const known: [string, JsonObject][] = [];
  for (const [contentType, given] of Object.entries(content)) {
    const media = resolveObject(root, given ?? {});
    if (media !== undefined) known.push([contentType, media]);
  }
  const rank = ([contentType]: readonly [string, JsonObject]) => preference.indexOf(kindOf(contentType));
  return known.sort((a, b) => rank(a) - rank(b))[0];
}

export function kindOf(contentType: string): BodyKind {
  const essence = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (essence === '*/*' || essence === 'application/*' || /[/+]json$/.test(essence)) return 'json';
  if (essence === 'application/x-www-form-urlencoded') return 'form';
  if (essence.startsWith('multipart/')) return 'multipart';
  if (
    essence.startsWith('text/') ||
    /[/+](xml|yaml|x-yaml|graphql|x-ndjson|jsonl|json-seq|javascript|sql)$/.test(essence)
  )
    return 'text';
  return 'binary';
}

/** A range is no type to send. */
function sendable(contentType: string, kind: BodyKind): string {
  if (!contentType.includes('*')) return contentType;
  return kind === 'json'
    ? 'application/json'
    : kind === 'text'
      ? 'text/plain'
      : kind === 'multipart'
        ? 'multipart/form-data'
        : 'application/octet-stream';
}

function describeBody(
  root: JsonObject,
  {
    kind,
    contentType,
    media,
    encoding,
  }: {
    readonly kind: BodyKind;
    readonly contentType: string;
    readonly media: JsonObject;
    readonly encoding: Readonly<Record<string, PartEncoding>>;
  },
  schemas: SchemaReader,
): JsonObject {
  const given = media['schema'] ?? media['itemSchema'];
  if (kind === 'binary') {
    return {
      type: 'string',
      contentEncoding: 'base64',
      contentMediaType: contentType,
      description: 'The bytes to send, as base64.',
    };
  }
  if (kind === 'text') {
    const schema = schemas.convert(given, 'request');
    const written = resolveObject(root, given ?? {})?.['type'] === 'string' ? schema : {};
    return {
      contentMediaType: contentType,
      description: `The text to send (${contentType}).`,
      ...written,
      type: 'string',
    };
  }
  if (kind !== 'multipart') return schemas.convert(given, 'request');
  // A reference is opened here, for its files are described in a way that holds in a multipart body only.
  const schema = schemas.convert(resolveObject(root, given) ?? given, 'request');
  const files = describeFiles(root, given, encoding);
  if (Object.keys(files).length === 0) return schema;
  const own = isJsonObject(schema['properties']) ? schema['properties'] : {};
  return { ...schema, properties: { ...own, ...files } };
}

/** Files in a multipart body are given as base64; their schemas say so. */
function describeFiles(
  root: JsonObject,
  given: Json | undefined,
  encoding: Readonly<Record<string, PartEncoding>>,
): JsonObject {
  const properties = propertiesOf(root, given);
  const files = Object.keys(encoding).filter((name) => encoding[name]?.binary === true);
  const described = files.map((name): [string, JsonObject] => {
    const property = resolveObject(root, properties[name]) ?? {};
    const file = { type: 'string', contentEncoding: 'base64', description: describe(property, 'The file, as base64.') };
    return [name, property['type'] === 'array' ? { type: 'array', items: file } : file];
  });
  return Object.fromEntries(described);
}

/** Its own properties and those of what it is composed of; its own first. */
function propertiesOf(root: JsonObject, given: Json | undefined): JsonObject {
  const parts = composedOf(root, given, ['allOf', 'oneOf', 'anyOf']).toReversed();
  return Object.assign({}, ...parts.map(({ properties }) => (isJsonObject(properties) ? properties : {})));
}

function describe(property: JsonObject, note: string): string {
  return typeof property['description'] === 'string' ? `${property['description']} (${note})` : note;
}

function readEncoding(
  root: JsonObject,
  media: JsonObject,
  kind: 'form' | 'multipart',
): Readonly<Record<string, PartEncoding>> {
  const given = isJsonObject(media['encoding']) ? media['encoding'] : {};
  const properties = propertiesOf(root, media['schema']);
  const pairs: [string, PartEncoding][] = [];
  for (const name of new Set([...Object.keys(properties), ...Object.keys(given)])) {
    const encoding = Object.hasOwn(given, name) ? resolveObject(root, given[name]) : undefined;
    const property = resolveObject(root, Object.hasOwn(properties, name) ? properties[name] : undefined) ?? {};
    const part: PartEncoding = {
      ...(typeof encoding?.['contentType'] === 'string' ? { contentType: encoding['contentType'] } : {}),
      ...(isStyle(encoding?.['style']) ? { style: encoding['style'] } : {}),
      ...(typeof encoding?.['explode'] === 'boolean' ? { explode: encoding['explode'] } : {}),
      ...(encoding?.['allowReserved'] === true ? { allowReserved: true } : {}),
      ...(kind === 'multipart' && isFile(root, property) ? { binary: true } : {}),
    };
    if (Object.keys(part).length > 0) pairs.push([name, part]);
  }
  return Object.fromEntries(pairs);
}

function isStyle(value: Json | undefined): value is ParameterStyle {
  return (
    typeof value === 'string' &&
    ['form', 'spaceDelimited', 'pipeDelimited', 'tabDelimited', 'deepObject'].includes(value)
  );
}

/** 3.0: `format: binary`. 3.1: a `contentMediaType` without an encoding. Either alone or in a list. */
function isFile(root: JsonObject, property: JsonObject): boolean {
  if (property['type'] === 'array') {
    const items = resolveObject(root, property['items']);
    return items !== undefined && items['type'] !== 'array' && isFile(root, items);
  }
  const { format, contentMediaType, contentEncoding, type } = property;
  if (format === 'binary' || type === 'file') return true;
  return typeof contentMediaType === 'string' && contentEncoding === undefined && kindOf(contentMediaType) === 'binary';
}
