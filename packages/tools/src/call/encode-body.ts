import { hash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import { kindOf } from '../catalogue/read-body.ts';
import type { PartEncoding, Tool, ToolBody } from '../tool.ts';
import type { ArgumentFault } from './check-arguments.ts';
import { dividerOf, encodeReserved, encodeStrictly, serializePairs, textOf } from './serialize.ts';

export interface EncodedBody {
  readonly contentType: string;
  readonly bytes: string | Uint8Array;
}

/** The `body` argument as it goes over the wire; undefined if there is none to send. */
export function encodeBody(
  tool: Tool,
  value: Json | undefined,
): Result<EncodedBody | undefined, readonly ArgumentFault[]> {
  const { body } = tool;
  if (body === undefined) return ok(undefined);
  if (value === undefined) return body.required ? wrong('', 'is required') : ok(undefined);
  switch (body.kind) {
    case 'json':
      return ok({ contentType: body.contentType, bytes: JSON.stringify(value) });
    case 'text':
      return typeof value === 'string'
        ? ok({ contentType: body.contentType, bytes: value })
        : wrong('', 'must be string');
    case 'binary':
      return isBase64(value)
        ? ok({ contentType: body.contentType, bytes: Buffer.from(value, 'base64') })
        : wrong('', 'must be base64');
    case 'form':
      return isJsonObject(value) ? ok(encodeForm(body, value)) : wrong('', 'must be object');
    case 'multipart':
      return isJsonObject(value) ? encodeMultipart(body, value) : wrong('', 'must be object');
    default:
      return body.kind satisfies never;
  }
}

/** RFC 6570-like pairs by each property's style (OpenAPI 3.1 §4.8.15); a property with a content type is written so. */
function encodeForm(body: ToolBody, value: JsonObject): EncodedBody {
  const pairs = Object.entries(value).flatMap(([name, member]): readonly (readonly [string, string])[] => {
    if (member === undefined) return [];
    const { contentType, style = 'form', explode = style === 'form', allowReserved } = encodingOf(body, name);
    if (contentType !== undefined && kindOf(contentType) === 'json')
      return [[encodeStrictly(name), encodeStrictly(JSON.stringify(member))]];
    const encode = allowReserved === true ? encodeReserved : encodeStrictly;
    return serializePairs(name, member, { style, explode, encode });
  });
  return { contentType: body.contentType, bytes: pairs.map(([name, text]) => `${name}=${text}`).join('&') };
}

/** RFC 7578. Objects are JSON parts, lists one part an item, files base64 in and bytes out. */
function encodeMultipart(body: ToolBody, value: JsonObject): Result<EncodedBody, readonly ArgumentFault[]> {
  const parts: { readonly head: string; readonly bytes: Buffer }[] = [];
  for (const [name, member] of Object.entries(value)) {
    const encoding = encodingOf(body, name);
    if (Array.isArray(member) && isOneText(encoding)) {
      const text = joinItems(member, encoding);
      if (text === undefined) return wrong(`/${name}`, 'must not hold what divides its items within one of them');
      parts.push(writePart(name, text, encoding));
      continue;
    }
    for (const item of Array.isArray(member) ? member : [member]) {
      if (item === undefined || item === null) continue;
      if (encoding.binary === true && !isBase64(item)) return wrong(`/${name}`, 'must be base64');
      parts.push(writePart(name, item, encoding));
    }
  }
  // Derived from the content, so that building is pure; nobody can write a text that holds its own hash.
  const digest = hash('sha256', Buffer.concat(parts.flatMap(({ head, bytes }) => [Buffer.from(head), bytes])), 'hex');
  const boundary = `keyturn-${digest}`;
  const chunks = parts.flatMap(({ head, bytes }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
  const essence = (body.contentType.split(';')[0] ?? '').trim();
  return ok({
    contentType: `${essence}; boundary=${boundary}`,
    bytes: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  });
}

/** A list that its style makes one text: the csv, ssv, tsv and pipes of OpenAPI 2.0, or `explode: false`. */
function isOneText({ explode, contentType, binary }: PartEncoding): boolean {
  return explode === false && contentType === undefined && binary !== true;
}

function joinItems(items: readonly Json[], { style = 'form' }: PartEncoding): string | undefined {
  const divider = dividerOf(style);
  const texts = items.filter((item) => item !== null).map(textOf);
  return texts.some((text) => text.includes(divider)) ? undefined : texts.join(divider);
}

function writePart(
  name: string,
  item: Json,
  encoding: PartEncoding,
): { readonly head: string; readonly bytes: Buffer } {
  // As browsers do it (WHATWG HTML, multipart/form-data): what would end the quoted name is percent-encoded.
  const quoted = name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('\0', '%00');
  const disposition = `content-disposition: form-data; name="${quoted}"`;
  const given = encoding.contentType?.split(',')[0]?.trim();
  const contentType = given !== undefined && /^[\x21-\x7e ]+$/.test(given) && !given.includes('*') ? given : undefined;
  if (encoding.binary === true && typeof item === 'string') {
    const type = contentType ?? 'application/octet-stream';
    return {
      head: `${disposition}; filename="${quoted}"\r\ncontent-type: ${type}`,
      bytes: Buffer.from(item, 'base64'),
    };
  }
  const text = textOf(item);
  const type = contentType ?? (typeof item === 'object' ? 'application/json' : undefined);
  return {
    head: type === undefined ? disposition : `${disposition}\r\ncontent-type: ${type}`,
    bytes: Buffer.from(text),
  };
}

function encodingOf(body: ToolBody, name: string): PartEncoding {
  return body.encoding !== undefined && Object.hasOwn(body.encoding, name) ? (body.encoding[name] ?? {}) : {};
}

function isBase64(value: Json | undefined): value is string {
  return (
    typeof value === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?$/.test(value)
  );
}

function wrong(pointer: string, message: string) {
  return refuse([{ pointer: `/body${pointer}`, message }]);
}
