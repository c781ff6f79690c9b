import { mebibytes, seconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { readInThread } from './document-reader.ts';

const yaml = `openapi: 3.1.0
info: { title: Ménu, version: '1' }
servers: [{ url: https://api.test }]
paths:
  /menus:
    get: { operationId: menus, responses: { '200': { description: All } } }
`;
const costs = { time: seconds(30), memory: 128, bytes: mebibytes(1) };
const unreachable = () => Promise.reject(new Error('nothing is to be fetched'));

function read(content: Uint8Array) {
  const job = { content, contentType: undefined, location: undefined, sourceSlug: 'shop' };
  return readInThread({ ...job, include: undefined, exclude: undefined, known: [] }, unreachable, costs);
}

describe('a document that a thread reads', () => {
  it('is handed over and not copied where its buffer holds nothing else', async () => {
    const content = new Uint8Array(new TextEncoder().encode(yaml));
    expect(await read(content)).toMatchObject({ value: { tools: [{ operation: 'menus', method: 'GET' }] } });
    expect(content.buffer.byteLength).toBe(0);
  });

  it('leaves alone what else its buffer holds', async () => {
    const shared = new TextEncoder().encode(`before ${yaml}`);
    expect(await read(shared.subarray('before '.length))).toMatchObject({ value: { tools: [{ operation: 'menus' }] } });
    expect(new TextDecoder().decode(shared)).toBe(`before ${yaml}`);
  });
});
