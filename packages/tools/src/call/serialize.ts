import { isJsonObject, type Json } from '@keyturn/protocol';
import { kindOf } from '../catalogue/read-body.ts';
import type { ParameterStyle } from '../tool.ts';

/** How a value is written; `encode` makes text fit for the place that it goes to, `encodeName` a name (else as a value). */
export interface Serialization {
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly encode: (text: string) => string;
  readonly encodeName?: (text: string) => string;
}

/**
 * A value as one text: the styles `simple`, `label` and `matrix`, for path segments, headers and (RFC 6570 §3.2) as
 * OpenAPI 3.1 §4.8.12 names them. Null members are left out, as RFC 6570 does with what is undefined.
 */
export function serializeSegment(name: string, value: Json, { style, explode, encode }: Serialization): string {
  if (style !== 'label' && style !== 'matrix' && value !== null && !isCompound(value)) return encode(textOf(value));
  const pairs = pairsOf(value);
  const items = pairs.map(([key, text]) => {
    if (key === undefined) return encode(text);
    return explode ? `${encode(key)}=${encode(text)}` : `${encode(key)},${encode(text)}`;
  });
  switch (style) {
    case 'label':
      return `.${items.join(explode ? '.' : ',')}`;
    case 'matrix': {
      const label = encode(name);
      if (!explode) return `;${label}=${items.join(',')}`;
      return items.map((item, i) => (pairs[i]?.[0] === undefined ? `;${label}=${item}` : `;${item}`)).join('');
    }
    case 'simple':
    case 'form':
    case 'cookie':
    case 'spaceDelimited':
    case 'pipeDelimited':
    case 'tabDelimited':
    case 'deepObject':
    default:
      return items.join(writeDivider(style, encode));
  }
}

/** A value as name-value pairs, encoded: the styles of query, cookie and form bodies. */
export function serializePairs(name: string, value: Json, how: Serialization): readonly (readonly [string, string])[] {
  const { style, explode, encode, encodeName = encode } = how;
  const label = encodeName(name);
  if (style === 'deepObject') return deepPairs(label, value, encode, 0);
  const pairs = pairsOf(value);
  if (!isCompound(value)) return pairs.map(([, text]) => [label, encode(text)]);
  if (explode) return pairs.map(([key, text]) => [key === undefined ? label : encodeName(key), encode(text)]);
  if (pairs.length === 0) return [];
  const words = pairs.flatMap(([key, text]) => (key === undefined ? [encode(text)] : [encode(key), encode(text)]));
  return [[label, words.join(writeDivider(style, encodeStrictly))]];
}

/** What stands between the items of a list that is one text. */
export function dividerOf(style: ParameterStyle): string {
  return style === 'spaceDelimited' ? ' ' : style === 'pipeDelimited' ? '|' : style === 'tabDelimited' ? '\t' : ',';
}

/** A comma divides as it is (RFC 6570); no other divider is legal in a URL before it is encoded. */
function writeDivider(style: ParameterStyle, encode: (text: string) => string): string {
  const divider = dividerOf(style);
  return divider === ',' ? divider : encode(divider);
}

/** `color[R]=100`; deeper objects and lists, which OpenAPI leaves open, as `a[b][c]=` and `a[0]=`. */
function deepPairs(
  label: string,
  value: Json,
  encode: (text: string) => string,
  depth: number,
): readonly (readonly [string, string])[] {
  if (!isCompound(value)) return value === null ? [] : [[label, encode(textOf(value))]];
  const members: readonly [string, Json | undefined][] = Array.isArray(value)
    ? value.map((item: Json, index): [string, Json] => [String(index), item])
    : Object.entries(value);
  return members.flatMap(([key, member]) =>
    member === undefined || depth > 20 ? [] : deepPairs(`${label}[${encode(key)}]`, member, encode, depth + 1),
  );
}

function isCompound(value: Json): value is Json & object {
  return typeof value === 'object' && value !== null;
}

/** The parts of a value: one without a key for a single value, one each for items (no key) and members (with key). */
function pairsOf(value: Json): readonly (readonly [string | undefined, string])[] {
  if (Array.isArray(value)) {
    return value.filter((item: Json) => item !== null).map((item: Json) => [undefined, textOf(item)] as const);
  }
  if (!isJsonObject(value)) return value === null ? [] : [[undefined, textOf(value)]];
  return Object.entries(value).flatMap(([key, member]) =>
    member === null || member === undefined ? [] : [[key, textOf(member)] as const],
  );
}

/** A value within a value, for which no style has a form, is written as JSON. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Percent-encodes all but RFC 3986's unreserved characters. */
export function encodeStrictly(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * For `allowReserved`: leaves reserved characters and percent-encoded triplets as they are, but never `#`, `&` or `+`,
 * with which an argument would end the query or begin another parameter.
 */
export function encodeReserved(text: string): string {
  return encodeURI(text)
    .replaceAll(/%25([0-9A-Fa-f]{2})/g, '%$1')
    .replaceAll('%5B', '[')
    .replaceAll('%5D', ']')
    .replaceAll(/[#&+]/g, encodeURIComponent);
}

/** A value as a document of its content type (`content` instead of `schema`): text as it is, all else as JSON. */
export function writeContent(value: Json, contentType: string): string {
  return typeof value === 'string' && kindOf(contentType) !== 'json' ? value : JSON.stringify(value);
}
