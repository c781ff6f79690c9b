import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { resolveObject } from './pointer.ts';

/**
 * A Swagger 2.0 document as far as tools need it, in the shape of OpenAPI 3.0: servers, parameters with schemas, request
 * bodies and contents. `definitions`, `parameters` and `responses` stay where they are, so that every reference into
 * them goes on to lead where it did. https://swagger.io/specification/v2/
 */
export function convertSwagger(root: JsonObject): JsonObject {
  const paths = isJsonObject(root['paths']) ? root['paths'] : {};
  return {
    ...root,
    openapi: '3.0.0',
    servers: readServers(root),
    components: { securitySchemes: isJsonObject(root['securityDefinitions']) ? root['securityDefinitions'] : {} },
    paths: mapMembers(paths, (given, path) => (path.startsWith('/') ? convertItem(root, given) : given)),
  };
}

function mapMembers(object: JsonObject, change: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, value === undefined ? value : change(value, name)]),
  );
}

/** Without a host the document's own is meant; without schemes, the one it came by. */
function readServers(root: JsonObject): Json {
  const { host, basePath, schemes } = root;
  const base = typeof basePath === 'string' && basePath.startsWith('/') ? basePath : '/';
  if (typeof host !== 'string' || host === '') return [{ url: base }];
  const offered = Array.isArray(schemes) ? schemes : [];
  const scheme = ['https', 'http'].find((known) => offered.includes(known));
  if (scheme !== undefined) return [{ url: `${scheme}://${host}${base}` }];
  // The second is for a document that was uploaded, and so came by no scheme.
  return [{ url: `//${host}${base}` }, { url: `https://${host}${base}` }];
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

function convertItem(root: JsonObject, given: Json): Json {
  const item = resolveObject(root, given);
  if (item === undefined) return given;
  const shared = Array.isArray(item['parameters']) ? item['parameters'] : [];
  return mapMembers({ ...item, parameters: [] }, (value, name) =>
    methods.includes(name) && isJsonObject(value) ? convertOperation(root, shared, value) : value,
  );
}

function convertOperation(root: JsonObject, shared: readonly Json[], operation: JsonObject): JsonObject {
  const parameters = mergeParameters(root, [
    shared,
    Array.isArray(operation['parameters']) ? operation['parameters'] : [],
  ]);
  const consumes = mediaTypes(operation['consumes'] ?? root['consumes'], 'application/json');
  const produces = mediaTypes(operation['produces'] ?? root['produces'], 'application/json');
  const body = parameters.find((parameter) => parameter['in'] === 'body');
  const form = parameters.filter((parameter) => parameter['in'] === 'formData');
  const requestBody =
    form.length > 0 ? formBody(form, consumes) : body === undefined ? undefined : plainBody(body, consumes);
  const responses = isJsonObject(operation['responses']) ? operation['responses'] : {};
  return {
    ...operation,
    parameters: parameters.filter(({ in: place }) => place !== 'body' && place !== 'formData').map(convertParameter),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: mapMembers(responses, (given) => convertResponse(root, given, produces)),
  };
}

/** The operation's parameters replace the path's of the same name and place. */
function mergeParameters(root: JsonObject, lists: readonly (readonly Json[])[]): readonly JsonObject[] {
  const found = new Map<string, JsonObject>();
  for (const given of lists.flat()) {
    const parameter = resolveObject(root, given);
    if (parameter !== undefined) found.set(JSON.stringify([parameter['in'], parameter['name']]), parameter);
  }
  return [...found.values()];
}

function mediaTypes(given: Json | undefined, otherwise: string): readonly string[] {
  const list = Array.isArray(given) ? given.filter((type) => typeof type === 'string') : [];
  return list.length === 0 ? [otherwise] : list;
}

/** What describes the value of a 2.0 parameter stands beside its name; from 3.0 on in `schema`. */
function schemaOf(parameter: JsonObject): JsonObject {
  const {
    name: _name,
    in: _in,
    required: _required,
    collectionFormat: _format,
    allowEmptyValue: _empty,
    ...schema
  } = parameter;
  return schema['x-nullable'] === true ? { ...schema, nullable: true } : schema;
}

function convertParameter(parameter: JsonObject): JsonObject {
  const { name = null, in: place = null, required, description } = parameter;
  return {
    name,
    in: place,
    ...(required === true ? { required } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    schema: schemaOf(parameter),
    ...styleOf(parameter),
  };
}

/** `collectionFormat`, which goes to every place; `multi` is for those only that are made of pairs. */
function styleOf({ type, in: place, collectionFormat: format }: JsonObject): JsonObject {
  if (type !== 'array') return {};
  const isPairs = place === 'query' || place === 'formData';
  if (format === 'multi' && isPairs) return { style: 'form', explode: true };
  const delimited = typeof format === 'string' ? delimitedStyles.get(format) : undefined;
  return { style: delimited ?? (isPairs ? 'form' : 'simple'), explode: false };
}

const delimitedStyles: ReadonlyMap<string, string> = new Map([
  ['ssv', 'spaceDelimited'],
  ['pipes', 'pipeDelimited'],
  ['tsv', 'tabDelimited'],
]);

function formBody(form: readonly JsonObject[], consumes: readonly string[]): JsonObject {
  const hasFile = form.some((parameter) => parameter['type'] === 'file');
  const multipart = consumes.find((type) => type.startsWith('multipart/'));
  const contentType = hasFile
    ? (multipart ?? 'multipart/form-data')
    : (multipart ?? 'application/x-www-form-urlencoded');
  const named = form.map((parameter) => [textOf(parameter['name']), parameter] as const);
  const required = named.filter(([, parameter]) => parameter['required'] === true).map(([name]) => name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(named.map(([name, parameter]) => [name, fileOr(schemaOf(parameter))])),
    ...(required.length === 0 ? {} : { required }),
  };
  const encoding = Object.fromEntries(named.map(([name, parameter]) => [name, styleOf(parameter)]));
  return { required: required.length > 0, content: { [contentType]: { schema, encoding } } };
}

function fileOr(schema: JsonObject): JsonObject {
  return schema['type'] === 'file' ? { ...schema, type: 'string', format: 'binary' } : schema;
}

function plainBody(body: JsonObject, consumes: readonly string[]): JsonObject {
  const { description, required, schema = {} } = body;
  return {
    ...(typeof description === 'string' ? { description } : {}),
    required: required === true,
    content: Object.fromEntries(consumes.map((type) => [type, { schema }])),
  };
}

function convertResponse(root: JsonObject, given: Json, produces: readonly string[]): Json {
  const response = resolveObject(root, given);
  if (response?.['schema'] === undefined) return response ?? given;
  const { schema } = response;
  const types = isJsonObject(schema) && schema['type'] === 'file' ? ['application/octet-stream'] : produces;
  return { ...response, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
