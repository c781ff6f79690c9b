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

  it('that goes on after what was read says how much there is, as far as that is known', () => {
    const text = Buffer.from(`"${'ü€😀'.repeat(10)}`);
    for (const [length, words] of [
      ['5000', '5000'],
      [null, 'more than 36'],
      ['7', 'more than 36'],
    ] as const) {
      const headers = { get: (name: string) => (name === 'content-length' ? length : 'application/json') };
      // The 36th byte is in the middle of a character.
      const result = readResponse(pizza, { status: 200, headers, body: text.subarray(0, 36), isCut: true });
      expect(result.text).toBe(`"${'ü€😀'.repeat(3)}ü€\n[Cut: the first 33 of ${words} bytes are shown.]`);
      expect([result.structured, result.truncated?.kept]).toEqual([undefined, 33]);
    }
    const headers = { get: () => 'image/png' };
    const bytes = readResponse(pizza, { status: 200, headers, body: Buffer.alloc(9), isCut: true });
    expect([bytes.binary, bytes.truncated?.kept]).toEqual([undefined, 0]);
  });

  it('may be nothing where the document says that it may', async () => {
    const schema = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
    const content = { 'application/json': { schema } };
    const responses = { 200: { description: '', content }, 204: { description: '' } };
    const tool = await toolOf({ responses }, { path: '/x' });
    expect(read(tool, '', null, 204)).toMatchObject({ structured: { result: null } });
    expect(read(tool, '{"id":1}', 'application/json')).toMatchObject({ structured: { result: { id: 1 } } });
    expect(read(tool, '{"id":"x"}', 'application/json').mismatch).toBeDefined();
    expect(read(pizza, '', null, 204).structured).toBeUndefined();
  });

  it('may be any of those that the document describes', async () => {
    const answer = (schema: JsonObject) => ({ description: '', content: { 'application/json': { schema } } });
    const [made, found] = [
      { type: 'object', properties: { made: { type: 'string' } }, required: ['made'] },
      { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
    ];
    const tool = await toolOf({ responses: { 200: answer(found), 201: answer(made) } }, { path: '/x' });
    expect(read(tool, '{"made":"x"}', 'application/json', 201).mismatch).toBeUndefined();
    expect(read(tool, '{"other":"x"}', 'application/json', 201).mismatch).toBeDefined();
    const same = await toolOf({ responses: { 200: answer(found), 201: answer(found), 202: answer(found) } });
    expect(same).toMatchObject({ wrapsResult: false, outputSchema: found });
    const text = { description: '', content: { 'text/plain': {} } };
    const open = await toolOf({ responses: { 200: answer(found), 202: text } });
    expect(open.outputSchema).toBeUndefined();
  });

  it('of too many bytes is left out with a note', () => {
    const result = read(pizza, Buffer.alloc(100, 255), 'image/png', 200, 50);
    expect(result.binary).toBeUndefined();
    expect(result.text).toContain('100 bytes of binary data');
  });
});
