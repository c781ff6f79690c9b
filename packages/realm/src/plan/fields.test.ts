import { describe, expect, it } from 'vitest';
import { compareFields, sameValue, withValue } from './fields.ts';

describe('a declared value is what the server has', () => {
  it.each([
    [300, '300'],
    ['true', true],
    ['', undefined],
    [[], undefined],
    [null, ''],
    [
      ['b', 'a'],
      ['a', 'b'],
    ],
    [[{ name: 'a', x: 1 }], [{ name: 'a', x: '1', more: true }]],
    [{ a: 1 }, { a: 1, b: 2 }],
  ])('%j for %j', (declared, live) => {
    expect(sameValue(declared, live)).toBe(true);
  });
  it.each([
    [300, 301],
    ['a', undefined],
    [['a'], ['a', 'b']],
    [['a', 'b'], ['a']],
    [['1'], '1'],
    [[{ name: 'a', x: 1 }], [{ name: 'a', x: 2 }]],
    [[{ name: 'a' }], [{ name: 'b' }]],
    [{ a: 1 }, {}],
    [{ a: 1 }, 'a'],
    [false, undefined],
  ])('not %j for %j', (declared, live) => {
    expect(sameValue(declared, live)).toBe(false);
  });
});

it('only declared fields are compared, each map entry by itself, and no member that every object has', () => {
  const live = { enabled: true, attributes: { a: '1', other: 'x' }, description: 'mine' };
  expect(compareFields({ enabled: true, attributes: { a: '2', b: '3' } }, live)).toEqual([
    { path: ['attributes', 'a'], before: '1', after: '2' },
    { path: ['attributes', 'b'], before: undefined, after: '3' },
  ]);
  expect(compareFields({ attributes: { constructor: 'x' } }, { attributes: {} })).toHaveLength(1);
});

it('a value is put at its path without touching what was there', () => {
  const before = { a: { b: 1, c: 2 } };
  expect(withValue(before, ['a', 'b'], 3)).toEqual({ a: { b: 3, c: 2 } });
  expect(before).toEqual({ a: { b: 1, c: 2 } });
});
