import type { Json, JsonObject } from '@keyturn/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { convertSchema } from './convert-schema.ts';
import { createHiddenProperties } from './hidden-properties.ts';
import { createSchemaReader } from './schema-reader.ts';

const convert = (schema: Json, direction: 'request' | 'response' = 'request') =>
  convertSchema(schema, { root: {}, hidden: createHiddenProperties({}, direction), refer: (ref) => ref });

function close(
  schemas: JsonObject,
  schema: JsonObject,
  direction: 'request' | 'response' = 'request',
  budget = 10_000,
) {
  const reader = createSchemaReader({ components: { schemas } });
  return reader.close(reader.convert(schema, direction), direction, budget);
}
const compile = (schema: JsonObject) => {
  const ajv = new Ajv2020({ strict: false, logger: false });
  ajvFormats.default(ajv);
  return ajv.compile(schema);
};

describe('a schema of OpenAPI 3.0', () => {
  it.each([
    [{ type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      { $ref: '#/x', nullable: true, description: 'd' },
      { description: 'd', anyOf: [{ $ref: '#/x' }, { type: 'null' }] },
    ],
    [{ minimum: 1, exclusiveMinimum: true }, { exclusiveMinimum: 1 }],
    [{ maximum: 9, exclusiveMaximum: false }, { maximum: 9 }],
    [{ exclusiveMinimum: true }, {}],
    [
      { type: 'string', example: 'a' },
      { type: 'string', examples: ['a'] },
    ],
    [{ type: 'file' }, { type: 'string' }],
    [{ type: 'object' }, { type: 'object', properties: {} }],
    [{ type: 'string', xml: { name: 'x' }, externalDocs: {}, 'x-go-name': 'X' }, { type: 'string' }],
  ])('%j becomes %j', (given, expected) => {
    expect(convert(given)).toEqual(expected);
  });
});

describe('a schema that is not as it should be', () => {
  it.each([
    [{ type: 'any' }, {}],
    [{ type: ['string', 'wat', 'string'] }, { type: 'string' }],
    [{ required: true }, {}],
    [
      { type: 'object', required: [] },
      { type: 'object', properties: {} },
    ],
    [{ required: ['a', 'a', 5] }, { required: ['a'] }],
    [{ enum: [] }, {}],
    [{ enum: ['a', 'a', { b: 1 }, { b: 1 }] }, { enum: ['a', { b: 1 }] }],
    [{ minLength: '3', maxLength: -1, maxItems: 1.5, multipleOf: 0, minimum: '0' }, {}],
    [{ pattern: '(?i)abc' }, { description: 'Pattern: (?i)abc' }],
    [{ properties: [] }, {}],
    [{ allOf: [] }, {}],
    [
      { items: [{ type: 'string' }], additionalItems: false },
      { prefixItems: [{ type: 'string' }], items: false },
    ],
    ['text', {}],
    [true, {}],
    [false, { not: {} }],
    [{ $id: 'https://evil.example', $schema: 'x', $anchor: 'a', $vocabulary: {} }, {}],
  ])('%j becomes %j, which compiles', (given, expected) => {
    const converted = convert(given);
    expect(converted).toEqual(expected);
    compile(converted);
  });

  it('with a property called __proto__ pollutes nothing', () => {
    const given: Json = JSON.parse(
      '{"properties":{"__proto__":{"type":"string"},"a":{}},"required":["__proto__","a"]}',
    );
    expect(convert(given)).toEqual({ properties: { a: {} }, required: ['a'] });
  });
});

describe('a property', () => {
  const schema = {
    type: 'object',
    properties: {
      id: { type: 'string', readOnly: true },
      secret: { type: 'string', writeOnly: true },
      name: { type: 'string' },
    },
    required: ['id', 'secret', 'name'],
  };

  it('that is read-only has no place in a request, and one that is write-only none in an answer', () => {
    expect(convert(schema)).toMatchObject({ required: ['secret', 'name'] });
    expect(Object.keys(convert(schema)['properties'] ?? {})).toEqual(['secret', 'name']);
    expect(convert(schema, 'response')).toMatchObject({ required: ['id', 'name'] });
  });

  it('that is read-only by way of a reference or of allOf is found too', () => {
    const schemas = { Id: { type: 'string', readOnly: true }, Base: { properties: { at: { readOnly: true } } } };
    const given = {
      allOf: [{ $ref: '#/components/schemas/Base' }],
      properties: { id: { $ref: '#/components/schemas/Id' }, n: {} },
      required: ['id', 'at', 'n'],
    };
    expect(close(schemas, given)).toMatchObject({ properties: { n: {} }, required: ['n'] });
  });

  it('that is read-only is not asked for by another part of the same allOf', () => {
    const schemas = { Base: { required: ['id'], properties: { id: { type: 'integer', readOnly: true } } } };
    const own = { required: ['id', 'name'], properties: { name: { type: 'string' } } };
    const given = { allOf: [{ $ref: '#/components/schemas/Base' }, own, { allOf: [own] }] };
    const validate = compile(close(schemas, given));
    expect([validate({ name: 'a' }), validate({})]).toEqual([true, false]);
    expect(compile(close(schemas, given, 'response'))({ name: 'a' })).toBe(false);
  });

  it('that another one asks for is asked for (2020-12), unless it has no place', () => {
    const given = { properties: { id: { readOnly: true } }, dependentRequired: { card: ['address', 'id'], x: 'odd' } };
    expect(convert(given)).toEqual({ properties: {}, dependentRequired: { card: ['address'] } });
  });

  it('called like a keyword is a property', () => {
    const given = {
      type: 'object',
      properties: {
        $ref: { type: 'string' },
        example: { type: 'string', nullable: true },
        required: { type: 'boolean' },
      },
    };
    expect(convert(given)).toEqual({
      type: 'object',
      properties: { $ref: { type: 'string' }, example: { type: ['string', 'null'] }, required: { type: 'boolean' } },
    });
  });
});

describe('a reference', () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

  it('from a child to the parent that is a union of its children brings what is inherited', () => {
    const child = (own: JsonObject) => ({ allOf: [ref('Pet'), { type: 'object', properties: own }] });
    const schemas = {
      Pet: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { type: 'string' }, name: { type: 'string' } },
        oneOf: [ref('Cat'), ref('Dog')],
        discriminator: {
          propertyName: 'kind',
          mapping: { cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog' },
        },
      },
      Cat: child({ lives: { type: 'integer' } }),
      Dog: child({ good: { type: 'boolean' } }),
    };
    const validate = compile(close(schemas, { properties: { pet: ref('Pet') } }));
    expect(validate({ pet: { kind: 'cat', name: 'Mia', lives: 9 } })).toBe(true);
    expect(validate({ pet: { kind: 'cat', lives: 'nine' } })).toBe(false);
    expect(validate({ pet: { kind: 'cat', name: 5 } })).toBe(false);
    expect(validate({ pet: { lives: 9 } })).toBe(false);
  });

  it('that is used once is written in its place, with what stands beside it', () => {
    const schemas = { Pet: { type: 'object', properties: { tag: ref('Tag') } }, Tag: { type: 'string' } };
    expect(close(schemas, { properties: { pet: { ...ref('Pet'), description: 'mine' } } })).toEqual({
      properties: { pet: { type: 'object', description: 'mine', properties: { tag: { type: 'string' } } } },
    });
  });

  it('that is used twice is kept once', () => {
    expect(close({ Tag: { type: 'string' } }, { properties: { a: ref('Tag'), b: ref('Tag') } })).toEqual({
      properties: { a: { $ref: '#/$defs/Tag' }, b: { $ref: '#/$defs/Tag' } },
      $defs: { Tag: { type: 'string' } },
    });
  });

  it('in a circle is kept, and validates', () => {
    const closed = close(
      { Node: { type: 'object', properties: { next: ref('Node'), v: { type: 'integer' } } } },
      ref('Node'),
    );
    expect(Object.keys(closed['$defs'] ?? {})).toEqual(['Node']);
    const validate = compile(closed);
    expect(validate({ v: 1, next: { v: 2 } })).toBe(true);
    expect(validate({ next: { next: { v: 'x' } } })).toBe(false);
  });

  it('to itself and nothing else is open rather than endless', () => {
    expect(compile(close({ A: ref('A') }, { properties: { a: ref('A') } }))).toBeDefined();
  });

  it('to names that look alike is kept apart', () => {
    const closed = close(
      { 'a b': { type: 'string' }, 'a/b': { type: 'integer' } },
      {
        properties: { p: ref('a b'), q: ref('a~1b'), r: ref('a b'), s: ref('a~1b') },
      },
    );
    const validate = compile(closed);
    expect(validate({ p: 'x', q: 1, r: 'x', s: 1 })).toBe(true);
    expect(validate({ p: 1 })).toBe(false);
    expect(validate({ q: 'x' })).toBe(false);
  });

  it('beyond the budget is left open, deepest first, and says so', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [
        `S${i}`,
        {
          type: 'object',
          properties: { next: ref(`S${i + 1}`), text: { type: 'string', description: 'x'.repeat(50) } },
        },
      ]),
    );
    const closed = close({ ...schemas, S200: {} }, ref('S0'), 'request', 2000);
    expect(JSON.stringify(closed).length).toBeLessThan(4000);
    expect(JSON.stringify(closed)).toContain('left open, because');
    expect(compile(closed)({ next: { text: 5 } })).toBe(false);
  });
});

describe('a discriminator', () => {
  it('with a mapping says which branch is meant', () => {
    const schemas = {
      Cat: { type: 'object', properties: { kind: { type: 'string' }, lives: { type: 'integer' } } },
      Dog: { type: 'object', properties: { kind: { type: 'string' }, good: { type: 'boolean' } } },
    };
    const validate = compile(
      close(schemas, {
        oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }],
        discriminator: { propertyName: 'kind', mapping: { cat: '#/components/schemas/Cat', dog: 'Dog' } },
      }),
    );
    expect(validate({ kind: 'cat', lives: 9 })).toBe(true);
    expect(validate({ kind: 'dog', lives: 'many' })).toBe(true);
    expect(validate({ kind: 'cat', lives: 'many' })).toBe(false);
    expect(validate({ kind: 'cow' })).toBe(false);
  });

  it('without one lets any branch do, for its values are not known and branches may look alike', () => {
    const schemas = {
      Cat: { type: 'object', required: ['kind'], properties: { kind: { type: 'string' }, lives: { type: 'integer' } } },
      Dog: { type: 'object', required: ['kind'], properties: { kind: { type: 'string' }, good: { type: 'boolean' } } },
    };
    const oneOf = [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }];
    for (const mapping of [undefined, { cat: 'Cat' }]) {
      const validate = compile(close(schemas, { oneOf, discriminator: { propertyName: 'kind', mapping } }));
      expect([validate({ kind: 'cat', lives: 9 }), validate({ lives: 9 })]).toEqual([true, false]);
    }
    expect(compile(close(schemas, { oneOf }))({ kind: 'cat', lives: 9 })).toBe(false);
  });
});
