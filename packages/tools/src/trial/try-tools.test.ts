import type { Json, JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { tryTools } from './try-tools.ts';

const schemas: JsonObject = {
  Node: {
    type: 'object',
    properties: {
      id: { type: 'string', readOnly: true },
      children: { type: 'array', items: { $ref: '#/components/schemas/Node' } },
    },
    required: ['id'],
  },
  Money: {
    type: 'object',
    properties: {
      amount: { type: 'number', minimum: 0, exclusiveMinimum: true },
      currency: { type: 'string', enum: ['EUR', 'CHF'] },
    },
    required: ['amount'],
  },
};
const parameters: Json = [
  { name: 'X-Request-Id', in: 'header', schema: { type: 'string', format: 'uuid' } },
  { name: 'id', in: 'path', required: true, schema: { type: 'integer', format: 'int64' } },
  {
    name: 'filter',
    in: 'query',
    style: 'deepObject',
    explode: true,
    schema: { type: 'object', properties: { a: { type: 'string' } } },
  },
  { name: 'ids', in: 'query', explode: false, schema: { type: 'array', items: { type: 'integer' } } },
  { name: 'session', in: 'cookie', schema: { type: 'string', nullable: true } },
];

describe('the check that real documents go through', () => {
  it('finds nothing wrong with a document that has something of everything', async () => {
    const body = {
      content: {
        'application/json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Node' },
              { properties: { price: { $ref: '#/components/schemas/Money' } } },
            ],
          },
        },
      },
    };
    const text = JSON.stringify({
      openapi: '3.0.3',
      info: { title: 'A', version: '1' },
      paths: {
        '/x/{id}': { parameters, put: { requestBody: body, responses: { 200: { description: '', ...body } } } },
      },
      components: { schemas },
    });
    expect(await tryTools(text)).toEqual({ tools: 1, called: 1, unfit: 0, faults: [] });
  });

  it('finds a document that is none', async () => {
    expect((await tryTools('{}')).faults).toHaveLength(1);
  });
});
