import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { documentLimits } from './limits.ts';
import { readLocalRef, resolveObject, valueAt } from './pointer.ts';

/** Something in a document that tools cannot be made of. */
export interface DocumentFault {
  readonly why: 'invalid' | 'reference';
  readonly message: string;
  readonly path: readonly (string | number)[];
}

type Path = readonly (string | number)[];

const places: ReadonlySet<string> = new Set(['path', 'query', 'header', 'cookie', 'querystring']);

export const httpMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'] as const;

/**
 * The first thing in the document that would have to be guessed at later, or undefined: paths that are no paths,
 * operations, parameters and bodies without their necessary members, and references that lead nowhere.
 *
 * Only what tools are made of is looked at. A document with a bad licence or an unknown keyword is still good for this.
 */
export function checkDocument(root: JsonObject): DocumentFault | undefined {
  const { paths } = root;
  if (paths !== undefined && !isJsonObject(paths)) return invalid('paths must be an object', ['paths']);
  if (paths === undefined && root['webhooks'] === undefined && root['components'] === undefined) {
    return invalid('it has no paths', []);
  }
  return checkPaths(root, paths ?? {}) ?? checkReferences(root);
}

function checkPaths(root: JsonObject, paths: JsonObject): DocumentFault | undefined {
  let operations = 0;
  for (const [template, given] of Object.entries(paths)) {
    if (template.startsWith('x-')) continue;
    const path: Path = ['paths', template];
    if (!template.startsWith('/')) return invalid('a path must begin with "/"', path);
    const item = resolveObject(root, given);
    if (item === undefined) return unresolved(given, path) ?? invalid('a path item must be an object', path);
    const fault = checkParameters(root, item['parameters'], [...path, 'parameters']);
    if (fault !== undefined) return fault;
    for (const method of httpMethods) {
      if (item[method] === undefined) continue;
      operations += 1;
      const fault = checkOperation(root, item[method], [...path, method]);
      if (fault !== undefined) return fault;
    }
  }
  const limit = documentLimits.operations;
  return operations > limit ? invalid(`${operations} operations, where ${limit} are the limit`, ['paths']) : undefined;
}

function checkOperation(root: JsonObject, operation: Json | undefined, path: Path): DocumentFault | undefined {
  if (!isJsonObject(operation)) return invalid('an operation must be an object', path);
  const { operationId, requestBody } = operation;
  if (operationId !== undefined && typeof operationId !== 'string') {
    return invalid('operationId must be a string', [...path, 'operationId']);
  }
  const fault = checkParameters(root, operation['parameters'], [...path, 'parameters']);
  if (fault !== undefined || requestBody === undefined) return fault;
  const at = [...path, 'requestBody'];
  const body = resolveObject(root, requestBody);
  if (body === undefined) return unresolved(requestBody, at) ?? invalid('requestBody must be an object', at);
  if (body['content'] !== undefined && !isJsonObject(body['content'])) {
    return invalid('content must be an object of media types', [...at, 'content']);
  }
  return undefined;
}

function checkParameters(root: JsonObject, list: Json | undefined, path: Path): DocumentFault | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) return invalid('parameters must be a list', path);
  for (const [index, given] of list.entries()) {
    const at = [...path, index];
    const parameter = resolveObject(root, given);
    if (parameter === undefined) return unresolved(given, at) ?? invalid('a parameter must be an object', at);
    const { name, in: place, schema } = parameter;
    if (typeof name !== 'string' || name === '') return invalid('a parameter must have a name', at);
    if (typeof place !== 'string' || !places.has(place)) {
      return invalid(`parameter "${name}" must say where it goes: in path, query, header or cookie`, at);
    }
    if (schema !== undefined && typeof schema !== 'boolean' && !isJsonObject(schema)) {
      return invalid(`the schema of parameter "${name}" must be an object`, [...at, 'schema']);
    }
  }
  return undefined;
}

/** Members whose value is data rather than description, so that a `$ref` in it is just text. */
const literal: ReadonlySet<string> = new Set(['example', 'examples', 'default', 'enum', 'const', 'value']);
/** Members whose own members are names that somebody chose, `example` and `default` among them. */
const named: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'schemas',
  'responses',
  'parameters',
  'requestBodies',
  'headers',
  '$defs',
  'definitions',
  'dependentSchemas',
  'paths',
  'callbacks',
  'variables',
  'content',
  'pathItems',
  'webhooks',
]);

/** Every `$ref` of the document with its path, in order. Iterative: the depth of a document is not the depth of a stack. */
export function* findReferences(root: JsonObject): Generator<{ readonly ref: string; readonly path: Path }> {
  const stack: { readonly value: Json; readonly path: Path; readonly names: boolean }[] = [
    { value: root, path: [], names: false },
  ];
  // A value that YAML aliases make appear in many places is looked at once.
  const seen = new Set<Json>();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (typeof at.value !== 'object' || at.value === null || seen.has(at.value)) continue;
    seen.add(at.value);
    if (isJsonObject(at.value)) {
      const ref = at.value['$ref'];
      if (typeof ref === 'string' && !at.names) yield { ref, path: at.path };
    }
    for (const [key, value] of Object.entries(at.value).toReversed()) {
      if (typeof value !== 'object' || value === null) continue;
      if (!at.names && (literal.has(key) || key.startsWith('x-'))) continue;
      const names = !at.names && named.has(key) && isJsonObject(value);
      stack.push({ value, path: [...at.path, Array.isArray(at.value) ? Number(key) : key], names });
    }
  }
}

function checkReferences(root: JsonObject): DocumentFault | undefined {
  for (const { ref, path } of findReferences(root)) {
    const at = [...path, '$ref'];
    const local = readLocalRef(ref);
    if (local === undefined) {
      // An anchor (`#Pet`) is found when the schema is read; anything else lies outside.
      if (ref.startsWith('#')) continue;
      return reference(`"${shorten(ref)}" lies outside of the document`, at);
    }
    const target = valueAt(root, local);
    if (target === undefined) return reference(`"${shorten(ref)}" leads nowhere`, at);
    if (isJsonObject(target) && typeof target['$ref'] === 'string' && resolveObject(root, target) === undefined) {
      if (readLocalRef(target['$ref']) !== undefined) return reference(`"${shorten(ref)}" leads in a circle`, at);
    }
  }
  return undefined;
}

function unresolved(given: Json | undefined, path: Path): DocumentFault | undefined {
  if (!isJsonObject(given) || typeof given['$ref'] !== 'string') return undefined;
  return reference(`"${shorten(given['$ref'])}" leads nowhere, in a circle, or to no object`, [...path, '$ref']);
}

function shorten(ref: string): string {
  return ref.length > 200 ? `${ref.slice(0, 200)}…` : ref;
}

function invalid(message: string, path: Path): DocumentFault {
  return { why: 'invalid', message, path };
}

function reference(message: string, path: Path): DocumentFault {
  return { why: 'reference', message, path };
}
