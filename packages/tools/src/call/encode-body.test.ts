import type { Json, JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { toolOf } from '../trial/sample.ts';
import { buildRequest } from './build-request.ts';

async function send(contentType: string, media: JsonObject, body: Json, required = true) {
  const tool = await toolOf({ requestBody: { required, content: { [contentType]: media } } }, { path: '/x' });
  return { tool, result: buildRequest(tool, body === undefined ? {} : { body }) };
}
const textOf = (body: string | Uint8Array | undefined) => Buffer.from(body ?? '').toString();

describe('a body', () => {
  it('of JSON is written as it is', async () => {
    const { result } = await send('application/json', {}, { a: [1, 'ü'] });
    expect(result).toMatchObject({ value: { body: '{"a":[1,"ü"]}', headers: { 'content-type': 'application/json' } } });
  });

  it('keeps a media type of its own', async () => {
    const { result } = await send('application/merge-patch+json', {}, { a: null });
    expect(result).toMatchObject({
      value: { body: '{"a":null}', headers: { 'content-type': 'application/merge-patch+json' } },
    });
  });

  it('of a form is written by the style of each property', async () => {
    const encoding = {
      ids: { explode: false },
      deep: { style: 'deepObject', explode: true },
      doc: { contentType: 'application/json' },
    };
    const value = { a: 'x&y=z', ids: [1, 2], many: ['p', 'q'], deep: { k: 'v' }, doc: { n: 1 } };
    const { result } = await send('application/x-www-form-urlencoded', { schema: { type: 'object' }, encoding }, value);
    expect(result).toMatchObject({
      value: { body: 'a=x%26y%3Dz&ids=1,2&many=p&many=q&deep[k]=v&doc=%7B%22n%22%3A1%7D' },
    });
  });

  it('of several parts carries text, JSON and files', async () => {
    const properties = {
      name: { type: 'string' },
      meta: { type: 'object' },
      file: { type: 'string', format: 'binary' },
      more: { type: 'array', items: { type: 'string', format: 'binary' } },
    };
    const media = { schema: { type: 'object', properties }, encoding: { file: { contentType: 'image/png' } } };
    const value = { name: 'Ünï', meta: { a: 1 }, file: 'AAEC/w==', more: ['YQ==', 'Yg=='] };
    const { tool, result } = await send('multipart/form-data', media, value);
    expect(tool.inputSchema['properties']).toMatchObject({
      body: {
        properties: {
          file: { type: 'string', contentEncoding: 'base64' },
          more: { items: { contentEncoding: 'base64' } },
        },
      },
    });
    if (!result.ok) throw new Error('refused');
    const form = await new Response(Buffer.from(result.value.body ?? ''), { headers: result.value.headers }).formData();
    expect(form.get('name')).toBe('Ünï');
    expect(form.get('meta')).toBe('{"a":1}');
    const file = form.get('file');
    if (!(file instanceof File)) throw new Error('no file');
    expect([...new Uint8Array(await file.arrayBuffer())]).toEqual([0, 1, 2, 255]);
    expect(file.type).toBe('image/png');
    expect(form.getAll('more')).toHaveLength(2);
  });

  it('of several parts finds its files wherever they are described', async () => {
    const File = { type: 'object', properties: { file: { type: 'string', format: 'binary' } } };
    for (const schema of [{ $ref: '#/components/schemas/File' }, { allOf: [{ $ref: '#/components/schemas/File' }] }]) {
      const tool = await toolOf(
        { requestBody: { content: { 'multipart/form-data': { schema } } } },
        { path: '/x', components: { schemas: { File } } },
      );
      expect(tool.body?.encoding).toEqual({ file: { binary: true } });
      expect(tool.inputSchema['properties']).toMatchObject({
        body: { properties: { file: { contentEncoding: 'base64' } } },
      });
    }
  });

  it('of several parts cannot be given another part through a name or a value', async () => {
    const evil = 'x"\r\ncontent-type: text/html\r\n\r\n--keyturn';
    const { result } = await send(
      'multipart/form-data',
      { schema: { type: 'object' } },
      { [evil]: `--keyturn\r\n${evil}` },
    );
    if (!result.ok) throw new Error('refused');
    const form = await new Response(Buffer.from(result.value.body ?? ''), { headers: result.value.headers }).formData();
    expect([...form.keys()]).toHaveLength(1);
    expect([...form.values()]).toEqual([`--keyturn\r\n${evil}`]);
  });

  it('of text is text', async () => {
    const { tool, result } = await send('text/csv', { schema: { type: 'string' } }, 'a,b\n1,2');
    expect(result).toMatchObject({ value: { body: 'a,b\n1,2', headers: { 'content-type': 'text/csv' } } });
    expect(buildRequest(tool, { body: { a: 1 } }).ok).toBe(false);
  });

  it('of bytes is given as base64, and nothing else', async () => {
    const { tool, result } = await send('application/octet-stream', {}, 'AAEC/w==');
    expect(result.ok && [...Buffer.from(result.value.body ?? '')]).toEqual([0, 1, 2, 255]);
    for (const body of ['not base64!', 5, 'a', 'AA=A']) expect(buildRequest(tool, { body }).ok).toBe(false);
  });

  it('is chosen as JSON where the operation takes several kinds', async () => {
    const content = {
      'multipart/form-data': {},
      'application/xml': {},
      'application/json; charset=utf-8': {},
      '*/*': {},
    };
    const tool = await toolOf({ requestBody: { content } }, { path: '/x' });
    expect(tool.body).toMatchObject({ kind: 'json', contentType: 'application/json; charset=utf-8', required: false });
  });

  it('is left out where it is optional, and asked for where it is not', async () => {
    const tool = await toolOf({ requestBody: { content: { 'application/json': {} } } }, { path: '/x' });
    const without = buildRequest(tool, {});
    expect(without.ok && without.value.body).toBeUndefined();
    const needed = await toolOf(
      { requestBody: { required: true, content: { 'application/json': {} } } },
      { path: '/x' },
    );
    expect(buildRequest(needed, {})).toMatchObject({
      refusal: { faults: [{ pointer: '/body', message: 'is required' }] },
    });
  });

  it('that is text but not a form keeps its own bytes', async () => {
    const { result } = await send('application/xml', {}, '<a>ü</a>');
    expect(textOf(result.ok ? result.value.body : undefined)).toBe('<a>ü</a>');
  });
});
