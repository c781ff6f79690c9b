import { describe, expect, it } from 'vitest';
import { buildRequest } from '../call/build-request.ts';
import { checkArguments } from '../call/check-arguments.ts';
import { buildTools } from '../catalogue/build-tools.ts';
import { parseDocument } from './parse-document.ts';

const swagger = {
  swagger: '2.0',
  info: { title: 'Pets', version: '1' },
  host: 'pets.example.com',
  basePath: '/v2',
  schemes: ['http', 'https'],
  consumes: ['application/json', 'application/xml'],
  produces: ['application/json'],
  securityDefinitions: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } },
  security: [{ key: [] }],
  definitions: {
    Pet: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        parent: { $ref: '#/definitions/Pet' },
        id: { type: 'integer', readOnly: true },
      },
    },
  },
  parameters: {
    Limit: { name: 'limit', in: 'query', type: 'integer', maximum: 100 },
    Body: { name: 'pet', in: 'body', required: true, schema: { $ref: '#/definitions/Pet' } },
  },
  responses: { Pets: { description: '', schema: { type: 'array', items: { $ref: '#/definitions/Pet' } } } },
  paths: {
    '/pets': {
      parameters: [{ $ref: '#/parameters/Limit' }],
      get: {
        operationId: 'listPets',
        parameters: [
          { name: 'tags', in: 'query', type: 'array', items: { type: 'string' } },
          { name: 'ids', in: 'query', type: 'array', items: { type: 'integer' }, collectionFormat: 'multi' },
          { name: 'names', in: 'query', type: 'array', items: { type: 'string' }, collectionFormat: 'pipes' },
        ],
        responses: { 200: { $ref: '#/responses/Pets' } },
      },
      post: { operationId: 'addPet', parameters: [{ $ref: '#/parameters/Body' }], responses: {} },
    },
    '/pets/{id}/photo': {
      post: {
        operationId: 'addPhoto',
        consumes: ['multipart/form-data'],
        parameters: [
          { name: 'id', in: 'path', required: true, type: 'string' },
          { name: 'photo', in: 'formData', type: 'file', required: true },
          { name: 'caption', in: 'formData', type: 'string' },
        ],
        responses: {},
      },
    },
    '/login': {
      post: {
        operationId: 'login',
        consumes: ['application/x-www-form-urlencoded'],
        parameters: [{ name: 'roles', in: 'formData', type: 'array', items: { type: 'string' } }],
        responses: {},
      },
    },
  },
};

async function tools(document: object = swagger, location?: string) {
  const read = await parseDocument({ text: JSON.stringify(document), location });
  if (!read.ok) throw new Error(JSON.stringify(read.refusal));
  return Object.fromEntries(buildTools(read.value, { sourceSlug: 'pets' }).map((tool) => [tool.operationId, tool]));
}
const { listPets, addPet, addPhoto, login } = await tools();
if (!listPets || !addPet || !addPhoto || !login) throw new Error('a tool is missing');

describe('a Swagger 2.0 document', () => {
  it('is called over https where it offers both', () => {
    expect(listPets.server).toBe('https://pets.example.com/v2');
  });

  it('keeps shared parameters and the formats of its lists', () => {
    const args = { limit: 5, tags: ['a', 'b'], ids: [1, 2], names: ['x', 'y'] };
    expect(buildRequest(listPets, args)).toMatchObject({
      value: { url: 'https://pets.example.com/v2/pets?limit=5&tags=a,b&ids=1&ids=2&names=x%7Cy' },
    });
    expect(checkArguments(listPets, { limit: 500 }).ok).toBe(false);
    expect(listPets.outputSchema).toMatchObject({ properties: { result: { type: 'array' } } });
    expect(listPets.security).toEqual([[{ scheme: 'key', type: 'apiKey', scopes: [] }]]);
  });

  it('writes lists as collectionFormat says, in every place', async () => {
    const list = (name: string, place: string, collectionFormat?: string) => ({
      name,
      in: place,
      required: place === 'path',
      type: 'array',
      items: { type: 'string' },
      collectionFormat,
    });
    const { read, send } = await tools({
      ...swagger,
      paths: {
        '/{ids}/{plain}': {
          get: {
            operationId: 'read',
            parameters: [
              list('ids', 'path', 'pipes'),
              list('plain', 'path', 'multi'),
              list('t', 'query', 'tsv'),
              list('X-S', 'header', 'ssv'),
            ],
          },
        },
        '/form': {
          post: {
            operationId: 'send',
            consumes: ['multipart/form-data'],
            parameters: [list('csv', 'formData'), list('tsv', 'formData', 'tsv'), list('multi', 'formData', 'multi')],
          },
        },
      },
    });
    if (!read || !send) throw new Error('a tool is missing');
    const two = ['a', 'b'];
    expect(buildRequest(read, { ids: two, plain: two, t: two, 'X-S': two })).toMatchObject({
      value: { url: 'https://pets.example.com/v2/a%7Cb/a,b?t=a%09b', headers: { 'x-s': 'a b' } },
    });
    expect(buildRequest(read, { ids: ['a|b'], plain: two })).toMatchObject({
      refusal: { faults: [{ pointer: '/ids' }] },
    });
    const sent = buildRequest(send, { body: { csv: two, tsv: two, multi: two } });
    if (!sent.ok) throw new Error('refused');
    const form = await new Response(Buffer.from(sent.value.body ?? ''), { headers: sent.value.headers }).formData();
    expect([...form]).toEqual([
      ['csv', 'a,b'],
      ['tsv', 'a\tb'],
      ['multi', 'a'],
      ['multi', 'b'],
    ]);
    expect(buildRequest(send, { body: { csv: ['a,b'] } })).toMatchObject({
      refusal: { faults: [{ pointer: '/body/csv' }] },
    });
  });

  it('has its body parameter as body, with recursive schemas', () => {
    expect(addPet.body).toMatchObject({ required: true, kind: 'json', contentType: 'application/json' });
    expect(checkArguments(addPet, { body: { name: 'a', parent: { name: 'b' } } }).ok).toBe(true);
    expect(checkArguments(addPet, { body: { name: 'a', parent: {} } })).toMatchObject({
      refusal: [{ pointer: '/body/parent/name', message: 'is required' }],
    });
  });

  it('has its form parameters as a form', () => {
    expect(addPhoto.body).toMatchObject({ kind: 'multipart', required: true, encoding: { photo: { binary: true } } });
    expect(checkArguments(addPhoto, { id: '1', body: { photo: 'AA==' } }).ok).toBe(true);
    expect(checkArguments(addPhoto, { id: '1', body: {} }).ok).toBe(false);
    expect(buildRequest(login, { body: { roles: ['a', 'b'] } })).toMatchObject({ value: { body: 'roles=a,b' } });
  });

  it.each([
    [{ host: undefined }, 'http://from.example.com/x/swagger.json', 'http://from.example.com/v2'],
    [{ schemes: undefined }, 'http://from.example.com/swagger.json', 'http://pets.example.com/v2'],
    [{ schemes: undefined }, undefined, 'https://pets.example.com/v2'],
    [{ host: undefined }, undefined, undefined],
    [{ basePath: undefined }, undefined, 'https://pets.example.com'],
    [{ schemes: ['ws'], basePath: '/' }, undefined, 'https://pets.example.com'],
  ])('with %j, from %s, is called at %s', async (change, location, expected) => {
    const { listPets } = await tools({ ...swagger, ...change }, location);
    expect(listPets?.server).toBe(expected);
  });

  it('may say its version as YAML makes it, a number', async () => {
    const read = await parseDocument({ text: 'swagger: 2.0\ninfo: {title: A, version: 1}\npaths: {}\n' });
    expect(read).toMatchObject({ value: { version: '2.0' } });
  });

  it('is refused with the place where something is wrong in it', async () => {
    const read = await parseDocument({
      text: '{"swagger":"2.0","paths":{"/a":{"get":{"parameters":[{"name":"x","in":"cookie"}]}}}}',
    });
    expect(read).toMatchObject({ refusal: { pointer: '/paths/~1a/get/parameters/0' } });
  });
});
