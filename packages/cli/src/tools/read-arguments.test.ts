import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArguments } from './read-arguments.ts';

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    count: { type: 'integer' },
    vegan: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    sizes: { type: 'array', items: { type: 'number' } },
    either: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    some: { anyOf: [{ type: 'array', items: { $ref: '#/$defs/Zip' } }, { type: 'null' }] },
    kind: { enum: ['1', '2'] },
    'filter.name': { type: 'string' },
    body: { $ref: '#/$defs/Order' },
  },
  $defs: {
    Zip: { allOf: [{ type: 'string' }] },
    Order: {
      type: 'object',
      properties: { address: { type: 'object', properties: { zip: { type: 'string' }, floor: { type: 'integer' } } } },
    },
  },
};
const read = (...given: string[]) => readArguments({ cwd: '/' }, given, schema);

describe('arguments on a command line', () => {
  it('are typed by the schema, and not by how they look', () => {
    expect(read('name=5', 'count=5', 'vegan=true', 'either=null', 'kind=1')).toEqual({
      name: '5',
      count: 5,
      vegan: true,
      either: null,
      kind: '1',
    });
    expect(read('name=a=b', 'unknown=5', 'name:=7')).toEqual({ name: 7, unknown: 5 });
    expect(read('count=many')).toEqual({ count: 'many' });
  });

  it('reach into objects, and make lists', () => {
    expect(read('body.address.zip=01234', 'body.address.floor=3')).toEqual({
      body: { address: { zip: '01234', floor: 3 } },
    });
    expect(read('tags=a', 'tags=1', 'sizes=[1,2]', 'sizes=3')).toEqual({ tags: ['a', '1'], sizes: [1, 2, 3] });
    expect(read('filter.name=x')).toEqual({ 'filter.name': 'x' });
  });

  it('that may be null are text and lists all the same, as frameworks write what is optional', () => {
    expect(read('maybe=12345', 'some=01234', 'some=12345')).toEqual({ maybe: '12345', some: ['01234', '12345'] });
    expect(read('maybe:=null', 'some:=null')).toEqual({ maybe: null, some: null });
  });

  it('that would reach Keyturn as others are refused', () => {
    for (const given of ['count=9007199254740993', 'x:=1e400', '{"count": 9007199254740993}', 'x:={"a":1,"a":2}']) {
      expect(() => read(given), given).toThrow(/do not agree on|twice/);
    }
    expect(read('name=9007199254740993')).toEqual({ name: '9007199254740993' });
  });

  it('are one JSON object as well, in place or in a file', () => {
    expect(read('{"count": 1}')).toEqual({ count: 1 });
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-args-'));
    writeFileSync(join(folder, 'args.json'), '{"name": "x"}');
    expect(readArguments({ cwd: folder }, ['@args.json'], schema)).toEqual({ name: 'x' });
    rmSync(folder, { recursive: true });
  });

  it('that are none are named', () => {
    for (const given of ['alone', '=x', 'count:={', '{"a":', '@nowhere.json', '__proto__=x', 'body.__proto__.x=1']) {
      expect(() => read(given), given).toThrow(/is no argument|is no JSON|cannot be read/);
    }
  });
});
