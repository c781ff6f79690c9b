import { isJsonObject, type Json } from '@keyturn/protocol';
import type { GivenValue } from './given-value.ts';
import { encodeReserved, encodeStrictly, serializePairs, writeContent } from './serialize.ts';

/** The query with its question mark, or nothing; `fixed` is what the path brings along. */
export function buildQuery(fixed: string, given: readonly GivenValue[]): string {
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
