import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';

/**
 * JSON in one spelling: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes
 * them. RFC 8785. Members that are undefined are left out.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  let text = '';
  for (const name of sortedNames(value)) {
    const member = value[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Most objects are small, or in order as they are. */
function sortedNames(value: JsonObject): readonly string[] {
  const names = Object.keys(value);
  for (let i = 1; i < names.length; i += 1) if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.sort();
  return names;
}
