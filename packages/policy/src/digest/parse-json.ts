import { type Json, ok, type Result, refuse } from '@keyturn/protocol';

/** Why a text is not JSON that means one thing only. `offset` counts UTF-16 units. */
export interface JsonFault {
  /**
   * `syntax`: not RFC 8259. `duplicate-member`: an object names a member twice, and of two readers one takes the first
   * and one the last. `number-lost`: a number that a double cannot hold, as 1e400 or 9007199254740993: the caller wrote
   * one and everybody after reads another. `lone-surrogate`: text that is no Unicode. `too-deep`: more than 100 levels.
   */
  readonly why: 'syntax' | 'duplicate-member' | 'number-lost' | 'lone-surrogate' | 'too-deep';
  readonly offset: number;
  /** The member that is there twice. */
  readonly name?: string;
}

export interface ParseJsonOptions {
  /** Default `exact`. */
  readonly numbers?: 'exact' | 'rounded';
}

const maxDepth = 100;

/**
 * JSON as I-JSON (RFC 7493) has it: what `JSON.parse` takes, less the texts that two readers read differently. This is
 * what stands before a digest: without it a second `"to"` would be seen by a reviewer's tool and not by the upstream.
 * With `numbers: 'rounded'` a number that a double cannot hold is what `JSON.parse` makes of it: for texts that are no
 * call, such as a document whose `maximum` is the largest int64.
 */
export function parseJson(text: string, { numbers = 'exact' }: ParseJsonOptions = {}): Result<Json, JsonFault> {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse({ why: 'syntax', offset: 0 });
  }
  const fault = findFault(text, numbers === 'exact');
  return fault === undefined ? ok(value) : refuse(fault);
}

/**
 * Walks the tokens of a text that `JSON.parse` has accepted, so that each is known by its first character. Linear, without
 * recursion and without a pattern: one that matches a string of megabytes would exhaust the stack of the engine.
 */
function findFault(text: string, exact: boolean): JsonFault | undefined {
  /** The members seen of each open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  /** Whether the next string is the name of a member. */
  let atName = false;
  let offset = 0;
  while (offset < text.length) {
    const first = text[offset] ?? '';
    let end = offset + 1;
    if (first === '{' || first === '[') {
      if (open.length >= maxDepth) return { why: 'too-deep', offset };
      open.push(first === '{' ? new Set() : undefined);
      atName = first === '{';
    } else if (first === '}' || first === ']') {
      open.pop();
      atName = false;
    } else if (first === ',') atName = open.at(-1) !== undefined;
    else if (first === '"') {
      end = endOfString(text, offset);
      const read = readString(text.slice(offset, end));
      if (!read.isWellFormed()) return { why: 'lone-surrogate', offset };
      if (atName) {
        const names = open.at(-1);
        if (names?.has(read)) return { why: 'duplicate-member', offset, name: read };
        names?.add(read);
        atName = false;
      }
    } else if (first === '-' || (first >= '0' && first <= '9')) {
      while (end < text.length && numberPart.has(text[end] ?? '')) end += 1;
      if (exact && isLost(text.slice(offset, end))) return { why: 'number-lost', offset };
    }
    // What is left is white space, a colon, or a letter of true, false and null.
    offset = end;
  }
  return undefined;
}

const numberPart = new Set('0123456789.eE+-');

/** After the quote that closes a string: the first that no odd number of backslashes stands before. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function readString(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  const read: string = JSON.parse(literal);
  return read;
}

/** Decimals are rounded by every reader alike; whole numbers beyond 2^53 and overflows are not what was written. */
function isLost(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return true;
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(literal)) return false;
  // ECMAScript pads a double with zeros: what it has written itself is no loss.
  return BigInt(literal) !== BigInt(value) && literal !== String(value);
}
