import { bytes, type JsonObject } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { toolOf } from '../trial/sample.ts';
import { readResponse } from './read-response.ts';

const json = (schema: JsonObject): JsonObject => ({
  responses: { '200': { description: '', content: { 'application/json': { schema } } } },
});
const pizza = await toolOf(json({ type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }), {
  path: '/x',
});
const pizzas = await toolOf(json({ type: 'array', items: { type: 'object' } }), { path: '/x' });
const read = (
  tool: typeof pizza,
  body: string | Uint8Array,
  contentType: string | null,
  status = 200,
  limit?: number,
) =>
  readResponse(
    tool,
    { status, headers: { get: () => contentType }, body: Buffer.from(body) },
    limit === undefined ? {} : { maxBytes: bytes(limit) },
  );

describe('an answer', () => {
  it('of JSON comes as text and structured', () => {
    expect(read(pizza, '{"id":1}', 'application/json; charset=utf-8')).toEqual({
      status: 200,
      ok: true,
      contentType: 'application/json',
      value: { id: 1 },
      structured: { id: 1 },
      text: '{"id":1}',
    });
  });

  it('that is no object is wrapped, as its schema says', () => {
    expect(pizzas.outputSchema).toMatchObject({ type: 'object', properties: { result: { type: 'array' } } });
    expect(read(pizzas, '[{"id":1}]', 'application/json')).toMatchObject({
      value: [{ id: 1 }],
      structured: { result: [{ id: 1 }] },
    });
    expect(read(pizzas, '{"error":"no"}', 'application/json', 404).structured).toEqual({ error: 'no' });
  });

  it('that may be null is wrapped too', async () => {
    const tool = await toolOf(json({ type: 'object', nullable: true, properties: { id: {} } }), {
      version: '3.0.3',
      path: '/x',
    });
    expect(tool.outputSchema).toMatchObject({ type: 'object', properties: { result: { type: ['object', 'null'] } } });
    expect(read(tool, 'null', 'application/json')).toMatchObject({ structured: { result: null } });
    expect(read(tool, '{"id":1}', 'application/json')).toMatchObject({ structured: { result: { id: 1 } } });
  });

  it('that refers to a recursive schema has properties at the top', async () => {
    const Node = { type: 'object', properties: { next: { $ref: '#/components/schemas/Node' } } };
    const tool = await toolOf(json({ $ref: '#/components/schemas/Node' }), {
      path: '/x',
      components: { schemas: { Node } },
    });
    expect(tool.outputSchema).toMatchObject({ type: 'object', properties: { next: { $ref: '#/$defs/Node' } } });
  });

  it('that is not what the document promised says where', () => {
    expect(read(pizza, '{"id":"one"}', 'application/json').mismatch).toEqual([
      { pointer: '/id', message: 'must be integer' },
    ]);
    expect(read(pizza, '{"error":"no"}', 'application/json', 404)).toMatchObject({
      ok: false,
      structured: { error: 'no' },
    });
    expect(read(pizza, '{"error":"no"}', 'application/json', 404).mismatch).toBeUndefined();
  });

  it('without a body has neither', () => {
    expect(read(pizza, '', 'application/json', 204)).toEqual({
      status: 204,
      ok: true,
      contentType: 'application/json',
    });
  });

  it('of text is text', () => {
    expect(read(pizza, 'Grüezi', 'text/plain')).toMatchObject({ text: 'Grüezi', contentType: 'text/plain' });
    expect(read(pizza, Buffer.from('Gr\xfcezi', 'latin1'), 'text/plain; charset=iso-8859-1').text).toBe('Grüezi');
  });

  it('of bytes is base64', () => {
    expect(read(pizza, Buffer.from([0, 255]), 'image/png')).toMatchObject({ binary: 'AP8=', contentType: 'image/png' });
  });

  it.each([
    ['JSON that does not parse', '<html>', 'application/json', { text: '<html>' }],
    [
      'text that is bytes',
      Buffer.from([0xff, 0xfe, 0]),
      'text/html',
      { binary: '//4A', contentType: 'application/octet-stream' },
    ],
    ['JSON that is bytes', Buffer.from([0xc3, 0x28]), 'application/json', { contentType: 'application/octet-stream' }],
    ['no type', '{"id":1}', null, { structured: { id: 1 }, contentType: 'application/octet-stream' }],
    ['a type that is none', 'x', 'text/html\u0000', { contentType: 'application/octet-stream' }],
    [
      'a charset that is none',
      'x',
      'text/plain; charset=klingon',
      { contentType: 'application/octet-stream', binary: 'eA==' },
    ],
  ])('that lies (%s) is taken for what it is', (_case, body, contentType, expected) => {
    expect(read(pizza, body, contentType)).toMatchObject(expected);
  });

  it('that is too large is cut with a note of how much, and is then not structured', () => {
    const result = read(pizza, JSON.stringify({ id: 1, text: 'ü'.repeat(100) }), 'application/json', 200, 50);
    expect(result.structured).toBeUndefined();
    expect(result.text).toMatch(/^\{"id":1,"text":"ü+\n\[Cut: the first 50 of 218 bytes are shown\.\]$/);
    expect(result.truncated).toMatchObject({ bytes: 218, kept: 50 });
  });

  it('of too many bytes is left out with a note', () => {
    const result = read(pizza, Buffer.alloc(100, 255), 'image/png', 200, 50);
    expect(result.binary).toBeUndefined();
    expect(result.text).toContain('100 bytes of binary data');
  });
});
