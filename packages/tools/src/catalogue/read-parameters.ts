import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from '../document/pointer.ts';
import { isToken, whyNoHeader } from '../own-headers.ts';
import type { ParameterPlace, ParameterStyle, ToolParameter } from '../tool.ts';
import { argumentNames } from './argument-names.ts';
import { readExamples } from './read-examples.ts';
import type { SchemaReader } from './schema-reader.ts';

export interface ReadParameters {
  readonly parameters: readonly ToolParameter[];
  /** By argument. */
  readonly schemas: Readonly<Record<string, JsonObject>>;
  readonly ignored: readonly string[];
}

interface Given {
  readonly name: string;
  readonly place: ParameterPlace;
  readonly members: JsonObject;
}

/** The parameters of an operation with those of its path, each under the name that its argument has. */
export function readParameters(
  root: JsonObject,
  operation: {
    readonly path: string;
    readonly ofPath: Json | undefined;
    readonly ofOperation: Json | undefined;
    readonly hasBody: boolean;
  },
  schemas: SchemaReader,
): ReadParameters {
  const kept: Given[] = [];
  const ignored: string[] = [];
  for (const given of listParameters(root, operation)) {
    const reason = whyIgnored(given, operation.path);
    if (reason === undefined) kept.push(given);
    else ignored.push(`${given.name} (${given.place}): ${reason}`);
  }
  const names = argumentNames(kept, operation.hasBody);
  const named = kept.map((given, index) => [names[index] ?? given.name, given] as const);
  return {
    parameters: named.map(([argument, given]) => readParameter(given, argument)),
    schemas: Object.fromEntries(named.map(([argument, { members }]) => [argument, readSchema(root, members, schemas)])),
    ignored,
  };
}

function listParameters(
  root: JsonObject,
  operation: { readonly path: string; readonly ofPath: Json | undefined; readonly ofOperation: Json | undefined },
): Iterable<Given> {
  const found = new Map<string, Given>();
  for (const list of [operation.ofPath, operation.ofOperation]) {
    for (const entry of Array.isArray(list) ? list : []) {
      const members = resolveObject(root, entry);
      const place = readPlace(members?.['in']);
      if (members === undefined || place === undefined || typeof members['name'] !== 'string') continue;
      // The operation's own replaces the path's of the same name and place.
      found.set(`${place}:${members['name']}`, { name: members['name'], place, members });
    }
  }
  // A place in the path that nobody describes must be filled all the same.
  for (const [, name = ''] of operation.path.matchAll(/\{([^{}]+)\}/g)) {
    const undescribed = { name, place: 'path', members: { schema: { type: 'string' } } } as const;
    if (!found.has(`path:${name}`)) found.set(`path:${name}`, undescribed);
  }
  return found.values();
}

function whyIgnored({ name, place }: Given, path: string): string | undefined {
  if (name === '' || name === '__proto__') return 'its name cannot be used';
  if (place === 'header') return whyNoHeader(name);
  if (place === 'cookie' && !isToken(name)) return 'no legal cookie name';
  return place === 'path' && !path.includes(`{${name}}`) ? 'not in the path' : undefined;
}

function readParameter({ name, place, members }: Given, argument: string): ToolParameter {
  const { style: written, explode, content } = members;
  const allowed = stylesOf[place];
  const style = allowed.find((known) => known === written) ?? allowed[0];
  const contentType = isJsonObject(content) ? Object.keys(content)[0] : undefined;
  return {
    argument,
    name,
    in: place,
    required: place === 'path' || members['required'] === true,
    style,
    explode: typeof explode === 'boolean' ? explode : style === 'form' || style === 'cookie',
    allowReserved: members['allowReserved'] === true,
    ...(contentType === undefined ? {} : { contentType }),
  };
}

function readPlace(value: Json | undefined): ParameterPlace | undefined {
  return typeof value === 'string' && isPlace(value) ? value : undefined;
}

function isPlace(value: string): value is ParameterPlace {
  return Object.hasOwn(stylesOf, value);
}

/** The styles of each place; the first is the default. The delimited ones of path and header are those of OpenAPI 2.0. */
const stylesOf: Readonly<Record<ParameterPlace, readonly [ParameterStyle, ...ParameterStyle[]]>> = {
  path: ['simple', 'label', 'matrix', 'spaceDelimited', 'pipeDelimited', 'tabDelimited'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'tabDelimited', 'deepObject'],
  header: ['simple', 'spaceDelimited', 'pipeDelimited', 'tabDelimited'],
  cookie: ['form', 'cookie'],
  querystring: ['form'],
};

function readSchema(root: JsonObject, parameter: JsonObject, schemas: SchemaReader): JsonObject {
  const media = isJsonObject(parameter['content']) ? Object.values(parameter['content'])[0] : undefined;
  const content = media === undefined ? undefined : resolveObject(root, media);
  const schema = schemas.convert((content ?? parameter)['schema'], 'request');
  const { description, deprecated } = parameter;
  const examples = schema['examples'] === undefined ? readExamples(root, content ?? parameter) : [];
  return {
    ...schema,
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
    ...(deprecated === true ? { deprecated } : {}),
    ...(examples.length === 0 ? {} : { examples }),
  };
}
