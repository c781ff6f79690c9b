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

const maxDepth = 100;

/**
 * JSON as I-JSON (RFC 7493) has it: what `JSON.parse` takes, less the texts that two readers read differently. This is
 * what stands before a digest: without it a second `"to"` would be seen by a reviewer's tool and not by the upstream.
 */
export function parseJson(text: string): Result<Json, JsonFault> {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse({ why: 'syntax', offset: 0 });
  }
  const fault = findFault(text);
  return fault === undefined ? ok(value) : refuse(fault);
}

/** One string or one number. The text is known to be JSON, so that a coarse pattern finds exactly the tokens. */
const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]/gy;
const between = /[ \t\n\r]+|true|false|null/gy;

/** Walks the tokens of a text that `JSON.parse` has accepted. Linear, without recursion. */
function findFault(text: string): JsonFault | undefined {
  /** The members seen of each open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  /** Whether the next string is the name of a member. */
  let atName = false;
  let offset = 0;
  while (offset < text.length) {
    between.lastIndex = offset;
    if (between.test(text)) {
      offset = between.lastIndex;
      continue;
    }
    token.lastIndex = offset;
    const found = token.exec(text)?.[0];
    if (found === undefined) return { why: 'syntax', offset };
    const first = found[0];
    if (first === '{' || first === '[') {
      if (open.length >= maxDepth) return { why: 'too-deep', offset };
      open.push(first === '{' ? new Set() : undefined);
      atName = first === '{';
    } else if (first === '}' || first === ']') {
      open.pop();
      atName = false;
    } else if (first === ',') atName = open.at(-1) !== undefined;
    else if (first === '"') {
      const read: string = JSON.parse(found);
      if (!read.isWellFormed()) return { why: 'lone-surrogate', offset };
      if (atName) {
        const names = open.at(-1);
        if (names?.has(read)) return { why: 'duplicate-member', offset, name: read };
        names?.add(read);
        atName = false;
      }
    } else if (first !== ':' && isLost(found)) return { why: 'number-lost', offset };
    offset = token.lastIndex;
  }
  return undefined;
}

/** Decimals are rounded by every reader alike; whole numbers beyond 2^53 and overflows are not what was written. */
function isLost(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return true;
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(literal)) return false;
  // ECMAScript pads a double with zeros: what it has written itself is no loss.
  return BigInt(literal) !== BigInt(value) && literal !== String(value);
}
