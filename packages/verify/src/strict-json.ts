import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '@keyturn/protocol';
import { isJsonObject } from '@keyturn/protocol';
import { readEscapedJson } from './escaped-json.ts';

/** Deeper than any token of any issuer, and shallow enough that no walk over it needs care. */
const maxDepth = 32;

/** Why a text is not JSON as a token may contain it. */
export type JsonFault = 'utf-8' | 'json' | 'object' | 'depth' | 'duplicate' | 'member-name' | 'text';

/**
 * Parses a JSON object as strictly as RFC 7515 §4 and RFC 7519 §4 allow, and freezes it through and through: UTF-8
 * only, no member twice at any depth (two readers would see two different tokens), no `__proto__`, no lone surrogate
 * and no NUL in any text. Returns the fault as a word; the content is never quoted.
 */
export function parseStrictJson(bytes: Buffer): JsonObject | JsonFault {
  if (!isUtf8(bytes)) return 'utf-8';
  const text = bytes.toString('utf8');
  const value = parse(text);
  if (value === undefined) return 'json';
  if (!isJsonObject(value)) return 'object';
  const members = sealed(value, 1);
  if (members === tooDeep) return 'depth';
  if (members === badName) return 'member-name';
  // JSON.parse keeps the last of two equal members, so a text that spells more members than it yields has duplicates.
  // It never spells fewer; where even the upper bound is no more, the exact count is not needed.
  if (members !== countAtMost(text) && members !== countMembers(text)) return 'duplicate';
  return text.includes('\\') && hasBadText(value) ? 'text' : value;
}

/** Parses a text that is known to be an object as `parseStrictJson` accepts them, and freezes it through and through. */
export function parseFrozen(text: string): JsonObject {
  const value = JSON.parse(text) as JsonObject;
  sealed(value, 1);
  return value;
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return text.includes('\\') ? readEscapedJson(text) : value;
  } catch {
    return undefined;
  }
}

// What `sealed` says instead of a count.
const tooDeep = -1;
const badName = -2;

/** Freezes a parsed value and all within it, and counts the members of its objects. */
function sealed(value: object, depth: number): number {
  if (depth > maxDepth) return tooDeep;
  let members = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item !== 'object' || item === null) continue;
      const inner = sealed(item, depth + 1);
      if (inner < 0) return inner;
      members += inner;
    }
  } else {
    const object = value as JsonObject;
    for (const name in object) {
      // However it was spelled in the text, it would change every object that a careless reader copies it into.
      if (name === '__proto__') return badName;
      members++;
      const item = object[name];
      if (typeof item !== 'object' || item === null) continue;
      const inner = sealed(item, depth + 1);
      if (inner < 0) return inner;
      members += inner;
    }
  }
  Object.freeze(value);
  return members;
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const space = 0x20;

/**
 * A quick upper bound of the members that a valid JSON text spells out: its colons right after a quote, some of which
 * may stand within a string. Issuers write no space before a colon; where one does, the bound is infinite.
 */
function countAtMost(text: string): number {
  let members = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before === quote) members++;
    else if (before <= space) return Number.POSITIVE_INFINITY;
  }
  return members;
}

/** Counts the members that a valid JSON text spells out: its colons outside strings. */
function countMembers(text: string): number {
  let members = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === quote) inString = !inString;
    else if (character === backslash) i++;
    else if (character === colon && !inString) members++;
  }
  return members;
}

/** Whether a lone surrogate or a NUL is in any text. Only an escape can bring one into valid UTF-8. */
function hasBadText(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed() || value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, item]) => hasBadText(name) || hasBadText(item));
}
