import type { Json, JsonObject } from '@keyturn/protocol';

const lexemes = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g;

/**
 * Reads a text that `JSON.parse` has found to be JSON, without `JSON.parse`'s own reading of member names. V8 14 (Node
 * 26.10) can take one escaped name for another: once it has read objects that have a backslash in a name, it gives
 * `{"a":[],"\u0062":1}` the member `\`. What is no name is read as `JSON.parse` reads it. Of a repeated member the last
 * one stands, and `__proto__` is a member like any other, as there.
 */
export function readEscapedJson(text: string): Json {
  const words = text.match(lexemes) ?? [];
  let next = 0;
  const read = (): Json => {
    const word = words[next++] ?? '';
    if (word === '[') return readItems();
    return word === '{' ? readMembers() : (JSON.parse(word) as Json);
  };
  const readItems = (): Json => {
    const items: Json[] = [];
    while (words[next] !== ']') {
      items.push(read());
      if (words[next] === ',') next++;
    }
    next++;
    return items;
  };
  const readMembers = (): JsonObject => {
    const members = {};
    while (words[next] !== '}') {
      const name = JSON.parse(words[next] ?? '') as string;
      next += 2;
      // Defined rather than assigned: assigned, `__proto__` would become the prototype.
      Object.defineProperty(members, name, { value: read(), enumerable: true, configurable: true, writable: true });
      if (words[next] === ',') next++;
    }
    next++;
    return members;
  };
  return read();
}
