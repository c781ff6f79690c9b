import type { Json, JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import type { Tool } from '../tool.ts';
import { toolOf } from '../trial/sample.ts';
import { checkArguments, checkResult } from './check-arguments.ts';
import { guardedPattern, worstCase } from './guarded-pattern.ts';

const properties = {
  size: { type: 'string', enum: ['small', 'large'] },
  toppings: { type: 'array', items: { type: 'string', maxLength: 10 } },
  count: { type: 'integer', minimum: 1 },
  when: { type: 'string', format: 'date-time' },
};
const schema = { type: 'object', properties, required: ['size'], additionalProperties: false };
const tool = await toolOf(
  {
    parameters: [{ name: 'dry_run', in: 'query', schema: { type: 'boolean' } }],
    requestBody: { required: true, content: { 'application/json': { schema } } },
  },
  { path: '/pizzas/{id}' },
);
const faultsOf = (args: Json) => {
  const result = checkArguments(tool, args);
  return result.ok ? [] : result.refusal;
};

describe('arguments', () => {
  it('that fit are returned as they were given', () => {
    const args = { id: '7', dry_run: true, body: { size: 'small', toppings: ['egg'], count: 1 } };
    expect(checkArguments(tool, args)).toEqual({ ok: true, value: args });
  });

  it('are each named by their pointer when they do not fit', () => {
    const body = { size: 'huge', toppings: ['egg', 5, 'a'.repeat(11)], count: 0, when: 'tomorrow' };
    expect(faultsOf({ id: '7', dry_run: 'yes', body })).toEqual([
      { pointer: '/dry_run', message: 'must be boolean' },
      { pointer: '/body/size', message: 'must be one of "small", "large"' },
      { pointer: '/body/toppings/1', message: 'must be string' },
      { pointer: '/body/toppings/2', message: 'must NOT have more than 10 characters' },
      { pointer: '/body/count', message: 'must be >= 1' },
      { pointer: '/body/when', message: 'must match format "date-time"' },
    ]);
  });

  it('that are missing are named', () => {
    expect(faultsOf({ body: {} })).toEqual([
      { pointer: '/id', message: 'is required' },
      { pointer: '/body/size', message: 'is required' },
    ]);
  });

  it('that are unknown are named with the nearest known name', () => {
    const faults = faultsOf({ id: '7', dryRun: true, body: { size: 'small', topings: [], 'a/b~': 1 } });
    expect(faults).toEqual([
      { pointer: '/dryRun', message: 'is not known; did you mean "dry_run"?', nearest: 'dry_run' },
      { pointer: '/body/topings', message: 'is not known; did you mean "toppings"?', nearest: 'toppings' },
      { pointer: '/body/a~1b~0', message: 'is not known' },
    ]);
  });

  it('are never turned from one type into another', () => {
    expect(faultsOf({ id: 7, body: { size: 'small', count: '1' } })).toHaveLength(2);
  });

  it.each([[[]], ['text'], [5], [true]])('must be an object, not %j', (args) => {
    expect(faultsOf(args)).toEqual([{ pointer: '', message: 'the arguments must be an object' }]);
  });

  it('may be left out where none is needed', async () => {
    const bare = await toolOf({}, { path: '/x' });
    expect(checkArguments(bare, undefined)).toEqual({ ok: true, value: {} });
    expect(checkArguments(bare, null)).toEqual({ ok: true, value: {} });
  });

  it('with thousands of faults are answered with twenty', () => {
    expect(
      faultsOf({ id: '7', body: { size: 'small', toppings: Array.from({ length: 5000 }, () => 5) } }),
    ).toHaveLength(20);
  });

  it('cannot reach a prototype', () => {
    const args: Json = JSON.parse('{"id":"7","body":{"size":"small"},"__proto__":{"x":1}}');
    expect(checkArguments(tool, args).ok).toBe(false);
    expect(faultsOf({ id: '7', body: { size: 'small' }, constructor: {} })).toHaveLength(1);
  });
});

describe('a pattern of a foreign document', () => {
  it.each(['(a+)+$', '^(\\w+\\s?)*$', '((ab)*c)*', '(x{1,9}){2,}', '(a|b+)*', '^(a|a)+$', '^(a?){30}$', '(a)\\1*'])(
    '%s, which has no bound, is not run',
    (pattern) => {
      expect(worstCase(pattern)).toBeUndefined();
      expect(guardedPattern(pattern, 'u').test('!')).toBe(true);
    },
  );

  it.each([
    ['^[a-z]+$', 'a', '1'],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b', '-'],
    ['^(ab)+$', 'abab', 'aba'],
    ['\\(a+\\)+', '(a)', 'x'],
    ['[(a+)+]', 'a', 'x'],
    ['^\\d{3}-(\\d{4})?$', '123-', '12-'],
    ['^(small|medium|large)$', 'small', 'tiny'],
    ['^[^@]+@[^@]+\\.[^@]+$', 'a@b.c', 'a@b'],
  ])('%s is run', (pattern, good, bad) => {
    expect(guardedPattern(pattern, 'u').test(good)).toBe(true);
    expect(guardedPattern(pattern, 'u').test(bad)).toBe(false);
  });

  it.each([
    '^(a|a)+$',
    '^a*a*a*a*a*b$',
    '(a+)+$',
    '(a?){40}a{40}',
    '(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)b',
    '(.*)(.*)(.*)=x',
  ])('%s never costs more than a few milliseconds, however long the text', (pattern) => {
    const guarded = guardedPattern(pattern, 'u');
    const started = process.cpuUsage();
    for (const length of [20, 26, 40, 100, 200, 400, 1000, 4096, 100_000]) guarded.test(`${'a'.repeat(length)}!`);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(1000);
  });

  it('is not taken for another pattern of the same schema', async () => {
    const parameters = ['^A\\d+$', '^B\\d+$'].map((pattern, i) => ({
      name: `p${i}`,
      in: 'query',
      schema: { type: 'string', pattern },
    }));
    const two = await toolOf({ parameters }, { path: '/x' });
    expect(checkArguments(two, { p0: 'A1', p1: 'B1' }).ok).toBe(true);
    expect(checkArguments(two, { p0: 'B1', p1: 'A1' })).toMatchObject({
      refusal: [{ pointer: '/p0' }, { pointer: '/p1' }],
    });
  });

  it('cannot hold up a call', async () => {
    const evil = await toolOf(
      { parameters: [{ name: 'q', in: 'query', schema: { type: 'string', pattern: '^(a+)+$' } }] },
      { path: '/x' },
    );
    const started = process.cpuUsage();
    expect(checkArguments(evil, { q: `${'a'.repeat(40)}!` }).ok).toBe(true);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
  });
});

describe('a value that a schema would be slow to check', () => {
  const of = (schema: JsonObject, components: JsonObject = {}) =>
    toolOf({ requestBody: { content: { 'application/json': { schema } } } }, { path: '/x', components });
  /** CPU milliseconds of a check, once the schema is compiled. */
  const cost = (tool: Tool, body: Json) => {
    checkArguments(tool, {});
    const started = process.cpuUsage();
    const { ok } = checkArguments(tool, { body });
    return { ok, spent: process.cpuUsage(started).user / 1000 };
  };

  it('holds nobody up: a long list of things that must differ', async () => {
    const tool = await of({ type: 'array', uniqueItems: true, items: { type: 'object' } });
    const items = Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'x' }));
    const { ok, spent } = cost(tool, items);
    expect(ok).toBe(true);
    expect(spent).toBeLessThan(1000);
    expect(checkArguments(tool, { body: [...items, { text: 'x', n: 7 }] })).toMatchObject({
      refusal: [{ pointer: '/body', message: 'must NOT have duplicate items' }],
    });
  });

  it('holds nobody up: a long list of what must be among many', async () => {
    const tool = await of({ type: 'array', items: { enum: Array.from({ length: 2000 }, (_, n) => ({ n })) } });
    const { ok, spent } = cost(
      tool,
      Array.from({ length: 20_000 }, () => ({ n: 1999 })),
    );
    expect(ok).toBe(true);
    expect(spent).toBeLessThan(1000);
    expect(checkArguments(tool, { body: [{ n: 2000 }] }).ok).toBe(false);
  });

  it('holds nobody up: what is nested, by a schema that tries several branches on each level', async () => {
    const branch = (kind: string) => ({
      type: 'object',
      properties: { next: { $ref: '#/components/schemas/Node' }, kind: { const: kind } },
      required: ['kind'],
    });
    const Node = { oneOf: [branch('a'), branch('b'), branch('c')] };
    const tool = await of({ $ref: '#/components/schemas/Node' }, { schemas: { Node } });
    const nested = (depth: number): JsonObject =>
      depth === 0 ? { kind: 'c' } : { kind: 'c', next: nested(depth - 1) };
    const { ok, spent } = cost(tool, nested(90));
    expect(ok).toBe(false);
    expect(spent).toBeLessThan(3000);
    expect(checkArguments(tool, { body: nested(90) })).toMatchObject({
      refusal: [{ pointer: '', message: expect.stringContaining('too many steps') }],
    });
    expect(checkArguments(tool, { body: nested(5) }).ok).toBe(true);
    // An answer has been given, whatever can be said of it.
    expect(checkResult({ hash: tool.hash, outputSchema: tool.inputSchema }, { body: nested(90) })).toEqual([]);
    expect(checkArguments(tool, { body: { kind: 'a', next: { kind: 'd' } } }).ok).toBe(false);
  });

  it('holds nobody up: thousands of names that are nearly right', async () => {
    const properties = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`property_${n}`, {}]));
    const tool = await of({ type: 'object', properties, additionalProperties: false });
    const { ok, spent } = cost(
      tool,
      Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`propertx_${n}`, 1])),
    );
    expect(ok).toBe(false);
    expect(spent).toBeLessThan(1500);
  });
});
