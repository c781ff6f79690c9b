import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

type Tree = null | boolean | number | string | readonly Tree[] | Members;
/** Members in order, so that one can be written twice. */
class Members {
  readonly list: readonly (readonly [name: string, value: Tree])[];
  constructor(list: readonly (readonly [name: string, value: Tree])[]) {
    this.list = list;
  }
}

const texts = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom(':', '":', '\\":"', '"a":"b"', ' : ', '{"a":1}', 'a', 'b', '', '\\', 'ä', '\n', '1'),
);
const names = texts.filter((name) => name !== '__proto__');
const { tree } = fc.letrec<{ tree: Tree; leaf: Tree; list: readonly Tree[]; object: Members }>((tie) => ({
  leaf: fc.oneof(texts, fc.integer(), fc.boolean(), fc.constant(null)),
  list: fc.array(tie('tree'), { maxLength: 3 }),
  object: fc
    .uniqueArray(fc.tuple(names, tie('tree')), { maxLength: 4, selector: ([name]) => name })
    .map((list) => new Members(list)),
  tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('object')),
}));
const roots = fc
  .uniqueArray(fc.tuple(names, tree), { minLength: 1, maxLength: 5, selector: ([name]) => name })
  .map((list) => new Members(list));

/** Writes a tree with this space wherever JSON allows space. */
function write(value: Tree, space: string): string {
  const joined = (parts: readonly string[]): string => parts.join(`${space},${space}`);
  if (value instanceof Members) {
    const members = value.list.map(([name, item]) => `${JSON.stringify(name)}${space}:${space}${write(item, space)}`);
    return `{${space}${joined(members)}${space}}`;
  }
  if (Array.isArray(value)) return `[${space}${joined(value.map((item: Tree) => write(item, space)))}${space}]`;
  return JSON.stringify(value);
}

/** The same tree with one member of one of its objects written twice, the `nth` of all members. */
function withTwin(root: Members, nth: number): Members {
  let left = nth;
  const copy = (value: Tree): Tree => {
    if (Array.isArray(value)) return value.map(copy);
    if (!(value instanceof Members)) return value;
    return new Members(
      value.list.flatMap(([name, item]) => {
        const member = [name, copy(item)] as const;
        return left-- === 0 ? [member, [name, 'twin'] as const] : [member];
      }),
    );
  };
  const copied = copy(root);
  return copied instanceof Members ? copied : root;
}

function countMembers(value: Tree): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: Tree) => sum + countMembers(item), 0);
  return value instanceof Members ? value.list.reduce((sum, [, item]) => sum + 1 + countMembers(item), 0) : 0;
}

const spaces = fc.constantFrom('', ' ', '\n', '\t ', '\r\n');

/** What a tree means. */
function meaningOf(value: Tree): unknown {
  if (value instanceof Members) return Object.fromEntries(value.list.map(([name, item]) => [name, meaningOf(item)]));
  return Array.isArray(value) ? value.map(meaningOf) : value;
}

describe('strict JSON', () => {
  it('reads what was written, whatever stands in the texts and between them', () => {
    fc.assert(
      fc.property(roots, spaces, (root, space) => {
        const text = write(root, space);
        expect(parseStrictJson(Buffer.from(text))).toEqual(meaningOf(root));
      }),
      { numRuns: 500 },
    );
  });

  it('reads an escaped member name where the engine has learnt another one', () => {
    for (let i = 0; i < 300; i++) JSON.parse(String.raw`{"a":[],"\\":"x"}`);
    expect(parseStrictJson(Buffer.from(String.raw`{"a":[],"\u0062":1}`))).toEqual({ a: [], b: 1 });
  });

  it('finds a repeated member, wherever it is', () => {
    fc.assert(
      fc.property(roots, spaces, fc.nat(), (root, space, place) => {
        const text = write(withTwin(root, place % countMembers(root)), space);
        expect(parseStrictJson(Buffer.from(text))).toBe('duplicate');
      }),
      { numRuns: 500 },
    );
  });

  it('gives what it read frozen, through and through', () => {
    const value = parseStrictJson(Buffer.from('{"a":[{"b":[]}]}'));
    if (typeof value === 'string') throw new Error(value);
    const isFrozen = (one: unknown): boolean =>
      typeof one !== 'object' || one === null || (Object.isFrozen(one) && Object.values(one).every(isFrozen));
    expect(isFrozen(value)).toBe(true);
  });
});
