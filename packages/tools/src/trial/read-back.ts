import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import type { OutboundRequest } from '../call/build-request.ts';
import { resolveObject } from '../document/pointer.ts';

/**
 * For tests: what a server that follows the document would read from a request, parameter by parameter. Written from
 * the document and OpenAPI's table of styles alone, so that it can disagree with what builds requests. Single values
 * come back as text, lists and objects as lists and objects of text.
 */
export function readBack(
  root: JsonObject,
  template: string,
  method: string,
  request: OutboundRequest,
): Map<string, Json> {
  const item = resolveObject(root, isJsonObject(root['paths']) ? root['paths'][template] : undefined) ?? {};
  const operation = isJsonObject(item[method]) ? item[method] : {};
  const parameters = [item['parameters'], operation['parameters']]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map((given: Json) => resolveObject(root, given) ?? {});
  const url = new URL(request.url);
  const query = url.search
    .slice(1)
    .split('&')
    .filter(Boolean)
    .map((pair) => splitOnce(pair, '='));
  const cookies = (request.headers['cookie'] ?? '')
    .split('; ')
    .filter(Boolean)
    .map((pair) => splitOnce(pair, '='));
  const segments = readSegments(template, url.pathname);
  const found = new Map<string, Json>();
  for (const parameter of parameters) {
    const { in: place, name } = parameter;
    if (typeof name !== 'string' || typeof place !== 'string') continue;
    const value =
      place === 'path'
        ? readDelimited(root, parameter, segments.get(name))
        : place === 'header'
          ? readDelimited(root, parameter, request.headers[name.toLowerCase()], (text) => text)
          : readPairs(root, parameter, place === 'cookie' ? cookies : query);
    if (value !== undefined) found.set(`${place}:${name}`, value);
  }
  return found;
}

function readSegments(given: string, path: string): ReadonlyMap<string, string> {
  // Some documents tell operations of one path apart by a fragment.
  const [template = ''] = given.split('#');
  const names: string[] = [];
  const pattern = template.replaceAll(/\{([^{}]+)\}|[^{}]+/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole.replaceAll(/[\\^$.|?*+()[\]]/g, '\\$&');
    names.push(name);
    return '([^/]+)';
  });
  const values = new RegExp(`${pattern}$`).exec(path)?.slice(1) ?? [];
  return new Map(names.map((name, i) => [name, values[i] ?? '']));
}

/** Styles simple, label and matrix: everything is one text. */
function readDelimited(
  root: JsonObject,
  parameter: JsonObject,
  text: string | undefined,
  decode = decodeURIComponent,
): Json | undefined {
  if (text === undefined) return undefined;
  const { style = 'simple', explode = false, content } = parameter;
  if (content !== undefined) return decode(text);
  const name = textOf(parameter['name']);
  const type = typeOf(root, parameter);
  const divider = explode !== true || style === 'simple' ? ',' : style === 'label' ? '.' : ';';
  let body = style === 'simple' ? text : text.slice(1);
  if (style === 'matrix' && (explode !== true || type === 'single')) body = splitOnce(body, '=')[1];
  if (type === 'single') return decode(body);
  if (body === '') return type === 'list' ? [] : {};
  const parts = body.split(divider);
  if (type === 'list') {
    return parts.map((part) =>
      decode(style === 'matrix' && explode === true ? part.slice(encodeURIComponent(name).length + 1) : part),
    );
  }
  return explode === true
    ? members(
        parts.map((part) => splitOnce(part, '=')),
        decode,
      )
    : paired(parts, decode);
}

/** Styles form, spaceDelimited, pipeDelimited and deepObject: among pairs. */
function readPairs(
  root: JsonObject,
  parameter: JsonObject,
  pairs: readonly (readonly [string, string])[],
): Json | undefined {
  const name = textOf(parameter['name']);
  const { style = 'form' } = parameter;
  const explode = parameter['explode'] ?? style === 'form';
  const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
  const own = pairs.filter(([key]) => decode(key) === name).map(([, text]) => text);
  const type = typeOf(root, parameter);
  if (parameter['content'] !== undefined || type === 'single') return own[0] === undefined ? undefined : decode(own[0]);
  if (style === 'deepObject') {
    const inner = pairs
      .filter(([key]) => key.startsWith(`${name}[`))
      .map(([key, text]) => [key.slice(name.length + 1, -1), text] as const);
    return inner.length === 0 ? undefined : members(inner, decode);
  }
  if (explode === true && type === 'list') return own.length === 0 ? undefined : own.map(decode);
  if (explode === true) return pairs.length === 0 ? undefined : members(pairs, decode);
  if (own[0] === undefined) return undefined;
  const parts = own[0].split(style === 'spaceDelimited' ? '%20' : style === 'pipeDelimited' ? '%7C' : ',');
  return type === 'list' ? parts.map(decode) : paired(parts, decode);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function typeOf(root: JsonObject, parameter: JsonObject): 'single' | 'list' | 'object' {
  const type = resolveObject(root, parameter['schema'])?.['type'];
  return type === 'array' ? 'list' : type === 'object' ? 'object' : 'single';
}

function members(pairs: readonly (readonly [string, string])[], decode: (text: string) => string): JsonObject {
  return Object.fromEntries(pairs.map(([key, text]) => [decode(key), decode(text)]));
}

function paired(parts: readonly string[], decode: (text: string) => string): JsonObject {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) pairs.push([parts[i] ?? '', parts[i + 1] ?? '']);
  return members(pairs, decode);
}

function splitOnce(text: string, divider: string): [string, string] {
  const at = text.indexOf(divider);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + divider.length)];
}
