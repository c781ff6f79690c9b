import type { Json, JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { toolOf, toolsOf } from '../trial/sample.ts';
import { buildRequest } from './build-request.ts';

const base = 'https://api.example.com';

async function request(parameter: JsonObject & { readonly in: string }, value: Json | undefined, path?: string) {
  const place = parameter.in;
  const at = path ?? (place === 'path' ? '/x/{color}' : '/x');
  const tool = await toolOf({ parameters: [{ name: 'color', ...parameter }] }, { path: at, method: 'get' });
  return buildRequest(tool, value === undefined ? {} : { color: value });
}
const urlOf = async (parameter: JsonObject & { readonly in: string }, value: Json, path?: string) => {
  const result = await request(parameter, value, path);
  return result.ok ? result.value.url.slice(base.length) : result.refusal;
};

const list = ['blue', 'black', 'brown'];
const object = { R: 100, G: 200, B: 150 };

// The table of OpenAPI 3.1 §4.8.12.4.
describe('a parameter in the path', () => {
  it.each([
    ['simple', false, 'blue', '/x/blue'],
    ['simple', false, list, '/x/blue,black,brown'],
    ['simple', false, object, '/x/R,100,G,200,B,150'],
    ['simple', true, list, '/x/blue,black,brown'],
    ['simple', true, object, '/x/R=100,G=200,B=150'],
    ['label', false, 'blue', '/x/.blue'],
    ['label', false, list, '/x/.blue,black,brown'],
    ['label', true, list, '/x/.blue.black.brown'],
    ['label', false, object, '/x/.R,100,G,200,B,150'],
    ['label', true, object, '/x/.R=100.G=200.B=150'],
    ['matrix', false, 'blue', '/x/;color=blue'],
    ['matrix', false, list, '/x/;color=blue,black,brown'],
    ['matrix', true, list, '/x/;color=blue;color=black;color=brown'],
    ['matrix', false, object, '/x/;color=R,100,G,200,B,150'],
    ['matrix', true, object, '/x/;R=100;G=200;B=150'],
  ])('in style %s, explode %s, writes %j as %s', async (style, explode, value, expected) => {
    expect(await urlOf({ in: 'path', required: true, style, explode }, value)).toBe(expected);
  });

  it('keeps what it holds within its segment', async () => {
    expect(await urlOf({ in: 'path' }, 'a/b?c#d%2Fe f\\g;h')).toBe('/x/a%2Fb%3Fc%23d%252Fe%20f%5Cg%3Bh');
    expect(await urlOf({ in: 'path' }, "ä'()*!")).toBe('/x/%C3%A4%27%28%29%2A%21');
    expect(await urlOf({ in: 'path' }, '...')).toBe('/x/...');
    expect(await urlOf({ in: 'path' }, 'v1..2')).toBe('/x/v1..2');
  });

  it.each(['.', '..', '../admin', 'a/../b', '..\\admin', '%2e%2e', '%2E%2E%2fadmin', '%252e%252e', '..;x=1', ''])(
    'is refused when it is %j, which would be another path',
    async (value) => {
      expect(await request({ in: 'path' }, value)).toMatchObject({
        refusal: { why: 'arguments', faults: [{ pointer: '/color' }] },
      });
    },
  );

  it('cannot make up a dot segment together with its neighbour', async () => {
    const parameters = ['a', 'b'].map((name) => ({ name, in: 'path', required: true }));
    const tool = await toolOf({ parameters }, { path: '/x/{a}{b}', method: 'get' });
    expect(buildRequest(tool, { a: '.', b: '.' }).ok).toBe(false);
    expect(buildRequest(tool, { a: 'v', b: '.' }).ok).toBe(false);
  });

  it('is refused when it is missing', async () => {
    expect(await request({ in: 'path' }, undefined)).toMatchObject({ ok: false });
  });
});

describe('a parameter in the query', () => {
  it.each([
    ['form', true, 'blue', '?color=blue'],
    ['form', true, list, '?color=blue&color=black&color=brown'],
    ['form', false, list, '?color=blue,black,brown'],
    ['form', true, object, '?R=100&G=200&B=150'],
    ['form', false, object, '?color=R,100,G,200,B,150'],
    ['spaceDelimited', false, list, '?color=blue%20black%20brown'],
    ['pipeDelimited', false, list, '?color=blue%7Cblack%7Cbrown'],
    ['deepObject', true, object, '?color[R]=100&color[G]=200&color[B]=150'],
    ['deepObject', true, { a: { b: [1, 2] } }, '?color[a][b][0]=1&color[a][b][1]=2'],
    ['form', true, '', '?color='],
    ['form', true, [], ''],
    ['form', true, {}, ''],
    ['form', true, null, ''],
    ['form', true, false, '?color=false'],
    ['form', true, 0, '?color=0'],
  ])('in style %s, explode %s, writes %j as %s', async (style, explode, value, expected) => {
    expect(await urlOf({ in: 'query', style, explode }, value)).toBe(`/x${expected}`);
  });

  it('adds no parameter, whatever it holds', async () => {
    expect(await urlOf({ in: 'query' }, 'a&admin=1#x+y=z%26')).toBe('/x?color=a%26admin%3D1%23x%2By%3Dz%2526');
    expect(await urlOf({ in: 'query', style: 'deepObject' }, { 'a]&b[': '1' })).toBe('/x?color[a%5D%26b%5B]=1');
    expect(await urlOf({ in: 'query', explode: true }, { 'a&b=c': '1' })).toBe('/x?a%26b%3Dc=1');
  });

  it('leaves reserved characters alone where the document allows them, but for those that end it', async () => {
    const allowed = { in: 'query', allowReserved: true };
    expect(await urlOf(allowed, "/a:b?c@d!$'()*,;=[e] %2F")).toBe("/x?color=/a:b?c@d!$'()*,;=[e]%20%2F");
    expect(await urlOf(allowed, 'a&b=1#c+d%')).toBe('/x?color=a%26b=1%23c%2Bd%25');
  });

  it('with content is written as JSON', async () => {
    const content = { 'application/json': { schema: { type: 'object' } } };
    expect(await urlOf({ in: 'query', content }, { a: [1] })).toBe('/x?color=%7B%22a%22%3A%5B1%5D%7D');
  });

  it('with content of another type is written as it is, though that may have JSON in its name', async () => {
    const content = { 'application/jsonpath': { schema: { type: 'string' } } };
    const tool = await toolOf({ parameters: [{ name: 'q', in: 'query', content }] }, { path: '/x', method: 'get' });
    expect(buildRequest(tool, { q: '$.a' })).toMatchObject({ value: { url: `${base}/x?q=%24.a` } });
  });

  it('keeps brackets in its name', async () => {
    const tool = await toolOf({ parameters: [{ name: 'filter[name]', in: 'query' }] }, { path: '/x', method: 'get' });
    const result = buildRequest(tool, { 'filter[name]': 'a[b]' });
    expect(result).toMatchObject({ value: { url: `${base}/x?filter[name]=a%5Bb%5D` } });
  });
});

describe('a parameter in a header', () => {
  it.each([
    [false, 'blue', 'blue'],
    [false, list, 'blue,black,brown'],
    [false, object, 'R,100,G,200,B,150'],
    [true, object, 'R=100,G=200,B=150'],
    [false, 5, '5'],
  ])('with explode %s writes %j as %s', async (explode, value, expected) => {
    expect(await request({ in: 'header', explode }, value)).toMatchObject({ value: { headers: { color: expected } } });
  });

  it.each(['a\r\nx-admin: 1', 'a\nb', 'a\0', 'a\u007f', 'ü', { k: 'a\r\nb' }, ['\n'], { 'k\r\n': 1 }])(
    'is refused when it is %j',
    async (value) => {
      expect(await request({ in: 'header' }, value)).toMatchObject({ refusal: { faults: [{ pointer: '/color' }] } });
    },
  );

  it.each(['Host', 'authorization', 'Cookie', 'Connection', 'Transfer-Encoding', 'Content-Length', 'Accept', 'x y'])(
    'named %s is no argument, and is refused even if a stored tool has it',
    async (name) => {
      const tool = await toolOf({ parameters: [{ name, in: 'header' }] }, { path: '/x', method: 'get' });
      expect(tool.parameters).toEqual([]);
      expect(tool.ignored).toHaveLength(1);
      const forged = {
        argument: 'h',
        name,
        in: 'header',
        required: false,
        style: 'simple',
        explode: false,
        allowReserved: false,
      } as const;
      expect(buildRequest({ ...tool, parameters: [forged] }, { h: 'x' })).toMatchObject({ ok: false });
    },
  );
});

describe('a parameter in a cookie', () => {
  it.each([
    [true, 'blue', 'color=blue'],
    [false, list, 'color=blue,black,brown'],
    [false, object, 'color=R,100,G,200,B,150'],
    [true, 'a; admin=1', 'color=a%3B%20admin%3D1'],
    [true, 'a\r\nb', 'color=a%0D%0Ab'],
  ])('with explode %s writes %j as %s', async (explode, value, expected) => {
    expect(await request({ in: 'cookie', explode }, value)).toMatchObject({ value: { headers: { cookie: expected } } });
  });
});

describe('a request', () => {
  it('refuses half a character, which cannot be written', async () => {
    for (const place of ['path', 'query', 'header', 'cookie']) {
      expect((await request({ in: place }, '\ud800')).ok).toBe(false);
    }
  });

  it('keeps parameters of one name at several places apart', async () => {
    const parameters = ['query', 'header', 'cookie', 'path'].map((place) => ({
      name: 'id',
      in: place,
      required: true,
    }));
    const tool = await toolOf({ parameters }, { path: '/x/{id}', method: 'get' });
    expect(Object.keys(tool.inputSchema['properties'] ?? {}).sort()).toEqual([
      'cookie_id',
      'header_id',
      'id',
      'query_id',
    ]);
    expect(buildRequest(tool, { id: 'p', query_id: 'q', header_id: 'h', cookie_id: 'c' })).toMatchObject({
      value: { url: `${base}/x/p?id=q`, headers: { id: 'h', cookie: 'id=c' } },
    });
  });

  it('goes to the server of the operation, else of the path, else of the document, else of the document itself', async () => {
    const tools = await toolsOf({
      servers: [{ url: 'https://{region}.example.com/v2/', variables: { region: { default: 'eu' } } }],
      paths: {
        '/a': { get: {} },
        '/b': { servers: [{ url: '/relative' }], get: {}, post: { servers: [{ url: 'http://post.example.com' }] } },
      },
    });
    expect(tools.map((tool) => tool.server)).toEqual([
      'https://eu.example.com/v2',
      `${base}/relative`,
      'http://post.example.com',
    ]);
    for (const servers of [undefined, [], [{ url: '' }], [{ url: '/' }]]) {
      const [bare] = await toolsOf({ servers, paths: { '/a': { get: {} } } });
      expect(bare?.server).toBe(base);
    }
  });

  it.each([
    'file:///etc/passwd',
    'ftp://example.com',
    'https://user:pass@example.com',
    'https://{open}.example.com',
    'javascript:1',
  ])('does not go to a server such as %s', async (url) => {
    const [tool] = await toolsOf({ servers: [{ url }], paths: { '/a': { get: {} } } });
    expect(tool?.server).toBe(base);
  });

  it('is refused where no server is known', async () => {
    const tool = await toolOf({}, { path: '/x' });
    expect(buildRequest({ ...tool, server: undefined }, {})).toMatchObject({ refusal: { why: 'no-server' } });
  });

  it('describes a place in the path that the document does not', async () => {
    const tool = await toolOf({}, { path: '/x/{id}', method: 'get' });
    expect(tool.inputSchema['required']).toEqual(['id']);
    expect(buildRequest(tool, { id: '7' })).toMatchObject({ value: { url: `${base}/x/7` } });
  });
});

describe('a path of a document that stretches the rules', () => {
  it.each([
    ['/files/{id}#add', `${base}/files/7?q=1`],
    ['/files?action=list&id={id}', `${base}/files?action=list&id=7&q=1`],
  ])('such as %s is still called', async (path, url) => {
    const tool = await toolOf({ parameters: [{ name: 'q', in: 'query' }] }, { path, method: 'get' });
    expect(buildRequest(tool, { id: '7', q: '1' })).toMatchObject({ value: { url } });
    expect(buildRequest(tool, { id: 'a&b=c#?', q: '1' })).toMatchObject({
      value: { url: expect.stringContaining('a%26b%3Dc%23%3F') },
    });
  });
});
