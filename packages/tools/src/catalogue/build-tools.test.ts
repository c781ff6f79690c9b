import type { JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { buildRequest } from '../call/build-request.ts';
import { checkArguments } from '../call/check-arguments.ts';
import { parseDocument } from '../document/parse-document.ts';
import { sampleDocument, sampleLocation, toolOf, toolsOf } from '../trial/sample.ts';
import { type BuildOptions, buildTools, maxDescription } from './build-tools.ts';
import { diffTools } from './diff-tools.ts';

const paths = {
  '/pizzas': {
    get: { operationId: 'list', tags: ['menu'], summary: 'All pizzas', description: 'In order of taste.' },
    post: { operationId: 'add', tags: ['menu', 'admin'], deprecated: true, summary: 'Add' },
  },
  '/pizzas/{id}': {
    put: { operationId: 'replace', tags: ['admin'] },
    patch: { operationId: 'change' },
    delete: { operationId: 'remove', tags: ['admin'] },
    head: { operationId: 'peek' },
  },
};

async function build(options: Partial<BuildOptions> = {}, members: JsonObject = { paths }) {
  const read = await parseDocument({ text: sampleDocument(members), location: sampleLocation });
  if (!read.ok) throw new Error(JSON.stringify(read.refusal));
  return buildTools(read.value, { sourceSlug: 'pizzeria', ...options });
}
const idsOf = async (options: Partial<BuildOptions>) => (await build(options)).map((tool) => tool.operationId);

describe('a tool', () => {
  it('is plain data that a store can keep, and works when it comes back', async () => {
    const tool = await toolOf({ parameters: [{ name: 'q', in: 'query', schema: { type: 'string' } }] });
    const kept = JSON.parse(JSON.stringify(tool));
    expect(kept).toEqual(JSON.parse(JSON.stringify({ ...tool })));
    expect(buildRequest(kept, { id: '7', q: 'x' })).toEqual(buildRequest(tool, { id: '7', q: 'x' }));
    expect(checkArguments(kept, { id: 7 })).toMatchObject({ ok: false });
  });

  it('has id, name and description of its operation', async () => {
    const [list, add] = await build();
    expect(list).toMatchObject({
      id: 'pizzeria/list',
      mcpName: 'pizzeria__list',
      title: 'All pizzas',
      description: 'All pizzas\n\nIn order of taste.',
      method: 'GET',
      path: '/pizzas',
      tags: ['menu'],
      deprecated: false,
    });
    expect(add).toMatchObject({ deprecated: true, description: 'Deprecated. Add' });
  });

  it('without any words is described by method and path; a long description is cut', async () => {
    expect((await toolOf({}, { path: '/x' })).description).toBe('POST /x');
    expect((await toolOf({ description: 'x'.repeat(5000) })).description).toHaveLength(maxDescription);
  });

  it('is closed and always has properties', async () => {
    const tool = await toolOf({}, { path: '/x' });
    expect(tool.inputSchema).toEqual({ type: 'object', properties: {}, additionalProperties: false });
  });

  it('says by its method what calling it does, unless told otherwise', async () => {
    const tools = await build({ hints: { add: { idempotent: true }, peek: { readOnly: false } } });
    expect(Object.fromEntries(tools.map((tool) => [tool.operationId, tool.hints]))).toEqual({
      list: { readOnly: true, destructive: false, idempotent: true },
      add: { readOnly: false, destructive: false, idempotent: true },
      replace: { readOnly: false, destructive: true, idempotent: true },
      change: { readOnly: false, destructive: true, idempotent: false },
      remove: { readOnly: false, destructive: true, idempotent: true },
      peek: { readOnly: false, destructive: false, idempotent: true },
    });
  });

  it('names the security schemes that it may be called by', async () => {
    const components = {
      securitySchemes: { oauth: { type: 'oauth2', flows: {} }, key: { type: 'apiKey', in: 'header', name: 'k' } },
    };
    const security = [{ oauth: ['read'] }, { key: [], gone: [] }];
    const [inherits, own, none] = await build(
      {},
      { components, security, paths: { '/a': { get: {}, post: { security: [{ key: [] }] }, put: { security: [] } } } },
    );
    expect(own?.security).toEqual([]);
    expect(none?.security).toEqual([[{ scheme: 'key', type: 'apiKey', scopes: [] }]]);
    expect(inherits?.security).toEqual([
      [{ scheme: 'oauth', type: 'oauth2', scopes: ['read'] }],
      [
        { scheme: 'key', type: 'apiKey', scopes: [] },
        { scheme: 'gone', type: 'unknown', scopes: [] },
      ],
    ]);
  });

  it('takes the parameters of its path, and its own instead where both have one', async () => {
    const shared = [
      { name: 'a', in: 'query', schema: { type: 'string' } },
      { name: 'b', in: 'query', schema: { type: 'string' } },
    ];
    const [tool] = await toolsOf({
      paths: {
        '/x': { parameters: shared, get: { parameters: [{ name: 'b', in: 'query', schema: { type: 'integer' } }] } },
      },
    });
    expect(tool?.inputSchema['properties']).toEqual({ a: { type: 'string' }, b: { type: 'integer' } });
  });

  it('keeps descriptions, examples and deprecation of its parameters', async () => {
    const parameters = [
      {
        name: 'a',
        in: 'query',
        description: 'first',
        deprecated: true,
        example: 'x',
        schema: { type: 'string', description: 'other' },
      },
      {
        name: 'b',
        in: 'query',
        examples: { one: { value: 1 }, two: { $ref: '#/components/examples/Two' } },
        schema: { type: 'integer' },
      },
    ];
    const tool = await toolOf({ parameters }, { path: '/x', components: { examples: { Two: { value: 2 } } } });
    expect(tool.inputSchema['properties']).toEqual({
      a: { type: 'string', description: 'first', deprecated: true, examples: ['x'] },
      b: { type: 'integer', examples: [1, 2] },
    });
  });

  it('keeps apart a parameter called body and the body', async () => {
    const tool = await toolOf(
      {
        parameters: [{ name: 'body', in: 'query', schema: { type: 'string' } }],
        requestBody: { content: { 'application/json': {} } },
      },
      { path: '/x' },
    );
    expect(Object.keys(tool.inputSchema['properties'] ?? {})).toEqual(['query_body', 'body']);
    expect(buildRequest(tool, { query_body: 'q', body: 1 })).toMatchObject({
      value: { url: 'https://api.example.com/x?body=q', body: '1' },
    });
  });

  it('of OpenAPI 3.2 may have a method of its own and the whole query as one parameter', async () => {
    const content = { 'application/x-www-form-urlencoded': { schema: { type: 'object' } } };
    const [query, copy] = await toolsOf(
      {
        paths: {
          '/x': {
            query: { parameters: [{ name: 'all', in: 'querystring', content }] },
            additionalOperations: { COPY: {}, 'bad method': {} },
          },
        },
      },
      '3.2.0',
    );
    expect([query?.method, copy?.method, copy?.operationId]).toEqual(['QUERY', 'COPY', 'copy_x']);
    if (query === undefined) throw new Error('no tool');
    expect(buildRequest(query, { all: { a: 'b c', d: [1, 2] } })).toMatchObject({
      value: { url: 'https://api.example.com/x?a=b%20c&d=1&d=2' },
    });
  });
});

describe('the operations of OpenAPI 3.2 under additionalOperations', () => {
  it('are none of those that have a member of their own, which would be there twice', async () => {
    const get = { operationId: 'read' };
    const tools = await toolsOf({ paths: { '/x': { get, additionalOperations: { GET: get, COPY: {} } } } }, '3.2.0');
    expect(tools.map(({ id }) => id)).toEqual(['pizzeria/read', 'pizzeria/copy_x']);
  });

  it('are checked and counted like the others', async () => {
    const parse = (additionalOperations: JsonObject) =>
      parseDocument({ text: sampleDocument({ paths: { '/x': { additionalOperations } } }, '3.2.0') });
    expect(await parse({ COPY: { parameters: [{ in: 'query' }] } })).toMatchObject({
      refusal: { pointer: '/paths/~1x/additionalOperations/COPY/parameters/0' },
    });
    const letters = (n: number) => String(n).replaceAll(/\d/g, (digit) => 'ABCDEFGHIJ'[Number(digit)] ?? '');
    const many = Object.fromEntries(Array.from({ length: 5001 }, (_, n) => [letters(n), {}]));
    expect(await parse(many)).toMatchObject({ refusal: { message: expect.stringContaining('5001 operations') } });
  });
});

describe('a selection', () => {
  it.each([
    [{ include: [{ tags: ['menu'] }] }, ['list', 'add']],
    [{ include: [{ methods: ['get', 'head'] }] }, ['list', 'peek']],
    [{ include: [{ paths: ['/pizzas/*'] }] }, ['replace', 'remove', 'change', 'peek']],
    [{ include: [{ paths: ['/pizzas'] }] }, ['list', 'add']],
    [{ include: [{ paths: ['/**'], methods: ['DELETE'] }] }, ['remove']],
    [{ include: [{ operations: ['re*'] }] }, ['replace', 'remove']],
    [{ include: [{ operations: ['list'] }, { operations: ['add'] }], exclude: [{ tags: ['admin'] }] }, ['list']],
    [{ exclude: [{}] }, []],
    [{ include: [] }, []],
    [{ include: [{ paths: ['/pizzas.{0,9}'] }] }, []],
  ])('of %j is %j', async (options, expected) => {
    expect((await idsOf(options)).toSorted()).toEqual(expected.toSorted());
  });

  it('does not change the names of what is left', async () => {
    const twice = { '/a': { get: { operationId: 'x' } }, '/b': { get: { operationId: 'x' } } };
    const all = await build({}, { paths: twice });
    const [one] = await build({ include: [{ paths: ['/b'] }] }, { paths: twice });
    expect(one?.mcpName).toBe(all[1]?.mcpName);
  });
});

describe('a source that is read again', () => {
  it('has the same hashes if only the order of writing changed', async () => {
    const again = Object.fromEntries(Object.entries(paths).toReversed());
    const changes = diffTools(await build(), await build({}, { paths: again }));
    expect(changes).toMatchObject({ added: [], removed: [], changed: [] });
    expect(changes.unchanged).toHaveLength(6);
  });

  it('shows what was added, removed and changed, and in what', async () => {
    const { '/pizzas': pizzas } = paths;
    const changed = {
      '/pizzas': { ...pizzas, get: { ...pizzas.get, parameters: [{ name: 'q', in: 'query' }], description: 'x' } },
      '/new': { get: { operationId: 'fresh' } },
    };
    const changes = diffTools(await build(), await build({}, { paths: changed }));
    expect(changes.added.map((tool) => tool.operationId)).toEqual(['fresh']);
    expect(changes.removed.map((tool) => tool.operationId).toSorted()).toEqual(['change', 'peek', 'remove', 'replace']);
    expect(changes.changed.map(({ after, parts }) => [after.operationId, parts])).toEqual([
      ['list', ['description', 'parameters', 'inputSchema']],
    ]);
  });
});

describe('a document whose schemas all refer to each other', () => {
  const all = Array.from({ length: 60 }, (_, i) => `S${i}`);
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const paths = Object.fromEntries(
    all.map((name) => {
      const content = { 'application/json': { schema: ref(name) } };
      return [`/${name}`, { post: { requestBody: { content }, responses: { 200: { content } } } }];
    }),
  );

  it.each([
    ['properties', { type: 'object', properties: Object.fromEntries(all.map((name) => [name, ref(name)])) }],
    ['allOf', { type: 'object', allOf: all.map(ref), properties: { a: { allOf: all.map(ref) } } }],
    ['oneOf', { oneOf: all.map(ref), properties: { a: { anyOf: all.map(ref) } } }],
  ])('by %s makes tools of a bounded size', async (_case, schema) => {
    const schemas = Object.fromEntries(all.map((name) => [name, schema]));
    const tools = await build({}, { paths, components: { schemas } });
    for (const tool of tools) {
      expect(JSON.stringify(tool.inputSchema).length).toBeLessThan(64_000);
      expect(JSON.stringify(tool.outputSchema).length).toBeLessThan(40_000);
    }
    const [tool] = tools;
    expect(tool && checkArguments(tool, { body: {} }).ok).toBe(true);
  });
});

describe('a schema that doubles the work for each of its levels', () => {
  it('is left open where checking one value would take for ever', async () => {
    const schemas: Record<string, JsonObject> = { S40: { type: 'object', properties: { n: { type: 'integer' } } } };
    for (let i = 0; i < 40; i += 1) {
      const next = { $ref: `#/components/schemas/S${i + 1}` };
      schemas[`S${i}`] = { allOf: [next, { anyOf: [next] }] };
    }
    const call = (name: string) => ({
      requestBody: { content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } },
    });
    const [deep, shallow] = await build(
      {},
      { components: { schemas }, paths: { '/a': { post: call('S0') }, '/b': { post: call('S35') } } },
    );
    if (deep === undefined || shallow === undefined) throw new Error('a tool is missing');
    expect(JSON.stringify(deep.inputSchema)).toContain('left open');
    expect(checkArguments(deep, { body: { n: 1 } }).ok).toBe(true);
    expect(checkArguments(shallow, { body: { n: 'x' } }).ok).toBe(false);
  });
});
