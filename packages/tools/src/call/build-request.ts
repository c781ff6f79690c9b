import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { whyNoHeader } from '../own-headers.ts';
import type { Tool, ToolParameter } from '../tool.ts';
import type { ArgumentFault } from './check-arguments.ts';
import { encodeBody } from './encode-body.ts';
import { encodeReserved, encodeStrictly, serializePairs, serializeSegment } from './serialize.ts';

/** A request as data. Credentials are added by whoever sends it. */
export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Why no request can be made: arguments that would mean something else on the wire, or a document without a server. */
export type BuildRefusal =
  | { readonly why: 'arguments'; readonly faults: readonly ArgumentFault[] }
  | { readonly why: 'no-server'; readonly message: string };

type Check = (parameter: ToolParameter, value: Json) => ArgumentFault | undefined;

/**
 * The request that a call means. Give it checked arguments (`checkArguments`). Whatever an argument holds, it cannot
 * leave its place: it can end no header, open no other path, and add no parameter.
 */
export function buildRequest(tool: Tool, args: JsonObject): Result<OutboundRequest, BuildRefusal> {
  if (tool.server === undefined) {
    return refuse({ why: 'no-server', message: 'the document names no absolute server address, and came from none' });
  }
  const faults: ArgumentFault[] = [];
  const given: (readonly [ToolParameter, Json])[] = [];
  for (const parameter of tool.parameters) {
    const value = Object.hasOwn(args, parameter.argument) ? args[parameter.argument] : undefined;
    if (value === undefined) {
      if (parameter.required) faults.push(fault(parameter, 'is required'));
      continue;
    }
    const wrong = checkText(parameter, value);
    if (wrong === undefined) given.push([parameter, value]);
    else faults.push(wrong);
  }
  const { path, query } = buildPath(tool, given, faults);
  const headers = buildHeaders(tool, given, faults);
  const body = encodeBody(tool, args['body']);
  if (!body.ok) faults.push(...body.refusal);
  if (faults.length > 0 || !body.ok) return refuse({ why: 'arguments', faults });
  const url = `${tool.server}${path}${buildQuery(query, given)}`;
  // The last word, whatever was overlooked above: the request goes where the document says, or nowhere.
  if (!staysBelow(url, tool.server)) {
    return refuse({ why: 'arguments', faults: [{ pointer: '', message: 'lead out of the path of this tool' }] });
  }
  if (body.value === undefined) return ok({ method: tool.method, url, headers });
  return ok({
    method: tool.method,
    url,
    headers: { ...headers, 'content-type': body.value.contentType },
    body: body.value.bytes,
  });
}

/** Text that can be written and read again as what it was: whole characters, no bare divider, in a header no line break. */
const checkText: Check = (parameter, value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (!text.isWellFormed()) return fault(parameter, 'holds half of a character (a lone surrogate)');
  const divider = typeof value === 'object' && value !== null ? bareDivider(parameter) : undefined;
  if (divider !== undefined && someText(value, (part) => part.includes(divider))) {
    return fault(parameter, `must not hold ${JSON.stringify(divider)} within an item, for it divides the items`);
  }
  if (parameter.in !== 'header' || !someText(value, (part) => !/^[\x20-\x7e\t]*$/.test(part))) return undefined;
  return fault(parameter, 'must be printable ASCII without line breaks, for it goes into a header');
};

/** What divides items in a style that has no way to write that character within one; undefined where encoding protects it. */
function bareDivider({ in: place, style, explode, contentType }: ToolParameter): string | undefined {
  if (contentType !== undefined) return undefined;
  if (place === 'header') return ',';
  if (style === 'label' && explode) return '.';
  return style === 'spaceDelimited' ? ' ' : style === 'pipeDelimited' ? '|' : undefined;
}

function someText(value: Json | undefined, test: (text: string) => boolean): boolean {
  if (typeof value === 'string') return test(value);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some((item: Json) => someText(item, test));
  return Object.entries(value).some(([key, member]) => test(key) || someText(member, test));
}

/** The path, and the query that the path itself brings along (`/x?action=list`): no legal OpenAPI, but in use. */
interface Target {
  readonly path: string;
  readonly query: string;
}

function splitOnce(text: string, divider: string): readonly [string, string] {
  const at = text.indexOf(divider);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function buildPath(tool: Tool, given: readonly (readonly [ToolParameter, Json])[], faults: ArgumentFault[]): Target {
  const texts = new Map<string, string>();
  for (const [parameter, value] of given) {
    if (parameter.in !== 'path') continue;
    const { name, style, explode, contentType } = parameter;
    const text =
      contentType === undefined
        ? serializeSegment(name, value, { style, explode, encode: encodeStrictly })
        : encodeStrictly(JSON.stringify(value));
    if (text === '') faults.push(fault(parameter, 'must not be empty, for it stands in the path'));
    else if (climbs(text)) faults.push(fault(parameter, 'must not hold "." or ".." as a path segment'));
    texts.set(name, text);
  }
  // Some documents tell operations of one path apart by a fragment, which is never sent.
  const [template = ''] = tool.path.split('#');
  const filled = template.replaceAll(
    /\{([^{}]+)\}/g,
    (whole, name: string) => texts.get(name) ?? encodeStrictly(whole),
  );
  const [path, query] = splitOnce(filled, '?');
  // Two arguments in one segment could make up together what neither is alone.
  if (faults.length === 0 && path.split('/').some(climbs)) {
    faults.push({ pointer: '', message: 'make a path segment "." or ".."' });
  }
  return { path, query };
}

/** Whether an upstream that decodes once, twice or three times would see a segment that means another directory. */
function climbs(encoded: string): boolean {
  let text = encoded;
  for (let times = 0; times < 4; times += 1) {
    if (text.split(/[/\\]/).some((segment) => /^\.{1,2}(;.*)?$/.test(segment))) return true;
    const decoded = text.replaceAll(/%[0-9a-fA-F]{2}/g, (code) =>
      String.fromCharCode(Number.parseInt(code.slice(1), 16)),
    );
    if (decoded === text) return false;
    text = decoded;
  }
  return false;
}

function buildQuery(fixed: string, given: readonly (readonly [ToolParameter, Json])[]): string {
  const parts = [fixed];
  for (const [parameter, value] of given) {
    const { name, style, explode, allowReserved, contentType } = parameter;
    if (parameter.in === 'querystring') parts.push(writeQueryString(value, contentType));
    else if (parameter.in !== 'query') continue;
    else if (contentType !== undefined) {
      parts.push(`${encodeQueryName(name)}=${encodeStrictly(writeContent(value, contentType))}`);
    } else {
      const encode = allowReserved ? encodeReserved : encodeStrictly;
      const pairs = serializePairs(name, value, { style, explode, encode, encodeName: encodeQueryName });
      parts.push(...pairs.map(([key, text]) => `${key}=${text}`));
    }
  }
  const query = parts.filter((part) => part !== '').join('&');
  return query === '' ? '' : `?${query}`;
}

/** Brackets stand as they are, as in OpenAPI's own examples: `filter[name]` is what servers look for. */
function encodeQueryName(name: string): string {
  return encodeStrictly(name).replaceAll('%5B', '[').replaceAll('%5D', ']');
}

function writeContent(value: Json, contentType: string): string {
  return typeof value === 'string' && !contentType.includes('json') ? value : JSON.stringify(value);
}

/** OpenAPI 3.2: one value is the whole query. */
function writeQueryString(value: Json, contentType = ''): string {
  if (!contentType.includes('x-www-form-urlencoded') || !isJsonObject(value))
    return encodeStrictly(writeContent(value, contentType));
  const how = { style: 'form', explode: true, encode: encodeStrictly } as const;
  return Object.entries(value)
    .flatMap(([name, member]) => (member === undefined ? [] : serializePairs(name, member, how)))
    .map(([name, text]) => `${name}=${text}`)
    .join('&');
}

function buildHeaders(
  tool: Tool,
  given: readonly (readonly [ToolParameter, Json])[],
  faults: ArgumentFault[],
): Record<string, string> {
  const headers: Record<string, string> = { accept: tool.accept };
  const cookies: string[] = [];
  for (const [parameter, value] of given) {
    const { name, style, explode, contentType } = parameter;
    if (parameter.in === 'header') {
      // Tools come back from a store: what they may set is decided again here.
      if (whyNoHeader(name) !== undefined) {
        faults.push(fault(parameter, `is the header ${JSON.stringify(name)}, which no argument may set`));
        continue;
      }
      headers[name.toLowerCase()] =
        contentType === undefined
          ? serializeSegment(name, value, { style: 'simple', explode, encode: (text) => text }).trim()
          : writeContent(value, contentType);
    } else if (parameter.in === 'cookie') {
      const text = contentType === undefined ? value : writeContent(value, contentType);
      for (const [key, encoded] of serializePairs(name, text, { style, explode, encode: encodeStrictly })) {
        cookies.push(`${key}=${encoded}`);
      }
    }
  }
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  return headers;
}

function staysBelow(url: string, server: string): boolean {
  const [target, base] = [URL.parse(url), URL.parse(server)];
  if (target === null || base === null) return false;
  const root = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return (
    target.origin === base.origin && target.username === '' && target.hash === '' && target.pathname.startsWith(root)
  );
}

function fault(parameter: ToolParameter, message: string): ArgumentFault {
  return { pointer: `/${parameter.argument.replaceAll('~', '~0').replaceAll('/', '~1')}`, message };
}
