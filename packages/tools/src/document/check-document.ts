import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { checkReferences } from './check-references.ts';
import type { DocumentFault, Path } from './document-fault.ts';
import { documentLimits } from './limits.ts';
import { operationsOf } from './operations-of.ts';
import { resolveObject } from './pointer.ts';

interface Checked {
  readonly root: JsonObject;
  /** Where parameters of this version may go. */
  readonly places: ReadonlySet<string>;
}

/**
 * The first thing in the document that would have to be guessed at later, or undefined: paths that are no paths,
 * operations, parameters and bodies without their necessary members, and references that lead nowhere.
 *
 * Only what tools are made of is looked at. A document with a bad licence or an unknown keyword is still good for this.
 */
export function checkDocument(root: JsonObject, version: string): DocumentFault | undefined {
  const { paths } = root;
  if (paths !== undefined && !isJsonObject(paths)) return invalid('paths must be an object', ['paths']);
  if (paths === undefined && root['webhooks'] === undefined && root['components'] === undefined) {
    return invalid('it has no paths', []);
  }
  for (const key of ['info', 'components', 'definitions'] as const) {
    if (root[key] !== undefined && !isJsonObject(root[key])) return invalid(`${key} must be an object`, [key]);
  }
  return checkPaths({ root, places: placesOf(version) }, paths ?? {}) ?? checkReferences(root);
}

function placesOf(version: string): ReadonlySet<string> {
  const places = ['path', 'query', 'header'];
  if (version === '2.0') return new Set([...places, 'body', 'formData']);
  return new Set([...places, 'cookie', ...(version.startsWith('3.2') ? ['querystring'] : [])]);
}

function checkPaths(document: Checked, paths: JsonObject): DocumentFault | undefined {
  let operations = 0;
  for (const [template, given] of Object.entries(paths)) {
    if (template.startsWith('x-')) continue;
    const path: Path = ['paths', template];
    if (!template.startsWith('/')) return invalid('a path must begin with "/"', path);
    const item = resolveObject(document.root, given);
    if (item === undefined) return unresolved(given, path) ?? invalid('a path item must be an object', path);
    const fault = checkParameters(document, item['parameters'], [...path, 'parameters']);
    if (fault !== undefined) return fault;
    for (const { at, operation } of operationsOf(item)) {
      operations += 1;
      const fault = checkOperation(document, operation, [...path, ...at]);
      if (fault !== undefined) return fault;
    }
  }
  const limit = documentLimits.operations;
  return operations > limit ? invalid(`${operations} operations, where ${limit} are the limit`, ['paths']) : undefined;
}

function checkOperation(document: Checked, operation: Json | undefined, path: Path): DocumentFault | undefined {
  if (!isJsonObject(operation)) return invalid('an operation must be an object', path);
  const { operationId, parameters, requestBody, responses } = operation;
  if (operationId !== undefined && typeof operationId !== 'string') {
    return invalid('operationId must be a string', [...path, 'operationId']);
  }
  if (responses !== undefined && !isJsonObject(responses)) {
    return invalid('responses must be an object', [...path, 'responses']);
  }
  const fault = checkParameters(document, parameters, [...path, 'parameters']);
  if (fault !== undefined || requestBody === undefined) return fault;
  const at = [...path, 'requestBody'];
  const body = resolveObject(document.root, requestBody);
  if (body === undefined) return unresolved(requestBody, at) ?? invalid('requestBody must be an object', at);
  return checkContent(document, body['content'], [...at, 'content']);
}

function checkParameters(document: Checked, list: Json | undefined, path: Path): DocumentFault | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) return invalid('parameters must be a list', path);
  for (const [index, given] of list.entries()) {
    const at = [...path, index];
    const parameter = resolveObject(document.root, given);
    if (parameter === undefined) return unresolved(given, at) ?? invalid('a parameter must be an object', at);
    const { name, in: place, schema, content } = parameter;
    if (typeof name !== 'string') return invalid('a parameter must have a name', at);
    if (typeof place !== 'string' || !document.places.has(place)) {
      return invalid(`parameter "${name}" must say where it goes: in ${[...document.places].join(', ')}`, at);
    }
    const fault = checkSchema(schema, [...at, 'schema']) ?? checkContent(document, content, [...at, 'content']);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkContent({ root }: Checked, content: Json | undefined, path: Path): DocumentFault | undefined {
  if (content === undefined) return undefined;
  if (!isJsonObject(content)) return invalid('content must be an object of media types', path);
  for (const [contentType, given] of Object.entries(content)) {
    const media = resolveObject(root, given);
    if (media === undefined) return invalid('a media type must be an object', [...path, contentType]);
    const fault = checkSchema(media['schema'], [...path, contentType, 'schema']);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkSchema(schema: Json | undefined, path: Path): DocumentFault | undefined {
  // An empty `schema:` of YAML is null, and says as little as none.
  if (schema === undefined || schema === null || typeof schema === 'boolean' || isJsonObject(schema)) return undefined;
  return invalid('a schema must be an object', path);
}

function unresolved(given: Json | undefined, path: Path): DocumentFault | undefined {
  if (!isJsonObject(given) || typeof given['$ref'] !== 'string') return undefined;
  const ref = given['$ref'].slice(0, 200);
  return { why: 'reference', message: `"${ref}" leads nowhere, in a circle, or to no object`, path: [...path, '$ref'] };
}

function invalid(message: string, path: Path): DocumentFault {
  return { why: 'invalid', message, path };
}
