import type { ToolResult } from '@keyturn/tools';
import { describe, expect, it } from 'vitest';
import { describeResult, describeTool } from './describe.ts';

const json: ToolResult = {
  status: 200,
  ok: true,
  contentType: 'application/json',
  value: { id: 1 },
  structured: { id: 1 },
  text: '{"id":1}',
};
// A case may take a member away with undefined, which the type of a result does not know.
const described = (result: object, promised = false) =>
  describeResult('shop__get', { result: { ...json, ...result }, promised });
const bare = { status: 200, ok: true, contentType: 'image/png' } as const;

describe('an answer over MCP', () => {
  it('of JSON is text and structured', () => {
    expect(described({}, true)).toEqual({
      content: [{ type: 'text', text: '{"id":1}' }],
      structuredContent: { id: 1 },
    });
  });

  it('of bytes is an embedded resource with its type', () => {
    const result: ToolResult = { ...bare, binary: 'AP8=' };
    expect(describeResult('shop__get', { result, promised: false })).toEqual({
      content: [
        {
          type: 'resource',
          resource: { uri: 'keyturn://tools/shop__get/result', mimeType: 'image/png', blob: 'AP8=' },
        },
      ],
    });
  });

  it('of nothing says so', () => {
    const result: ToolResult = { status: 204, ok: true, contentType: 'application/octet-stream' };
    expect(JSON.stringify(describeResult('x', { result, promised: false }))).toContain('204 without content');
  });

  it('that the upstream refuses is an error with its status and words', () => {
    expect(described({ status: 404, ok: false }, true)).toEqual({
      content: [{ type: 'text', text: 'The upstream answered 404: {"id":1}' }],
      isError: true,
    });
  });

  it.each([
    [
      'was cut',
      { structured: undefined, truncated: { bytes: 9, kept: 3, note: 'Cut.' }, text: '{"i\n[Cut.]' },
      'too large',
    ],
    ['is not what was promised', { mismatch: [{ pointer: '/id', message: 'must be string' }] }, '/id must be string'],
    ['is no JSON', { structured: undefined, value: undefined, text: '<html>' }, 'not the JSON'],
  ])('that %s is an error where a schema was promised, or clients would throw it away', (_case, result, words) => {
    const wire = described(result, true);
    expect(wire).toMatchObject({ isError: true });
    expect(wire).not.toHaveProperty('structuredContent');
    expect(JSON.stringify(wire['content'])).toContain(words);
    expect(JSON.stringify(wire['content'])).toContain('The call was made');
    expect(described({ ...result, structured: undefined })).not.toHaveProperty('isError');
  });

  it('of an upstream that speaks MCP is handed on block by block', () => {
    const content = [{ type: 'image', data: 'AP8=', mimeType: 'image/png' }];
    expect(describeResult('x', { result: bare, content, promised: false })).toEqual({ content });
  });
});

describe('a tool over MCP', () => {
  it('is listed with what it takes, what it gives and what it does', () => {
    const tool = {
      name: 'shop__get',
      title: undefined,
      description: 'Get',
      inputSchema: { type: 'object', properties: {} },
      outputSchema: { properties: { id: { type: 'integer' } } },
      annotations: { readOnlyHint: true },
    };
    expect(describeTool(tool)).toEqual({
      name: 'shop__get',
      description: 'Get',
      inputSchema: { type: 'object', properties: {} },
      outputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
      annotations: { readOnlyHint: true },
    });
  });

  it('asks for no headers beside its arguments, and keeps a property that happens to have that name', () => {
    const region = { type: 'string', 'x-mcp-header': 'Region' };
    const properties = { region, list: { items: region }, 'x-mcp-header': { type: 'string' } };
    const tool = {
      name: 'shop__get',
      title: undefined,
      description: 'Get',
      inputSchema: { type: 'object', properties, allOf: [{ properties: { region } }] },
      annotations: {},
    };
    const plain = { type: 'string' };
    expect(describeTool(tool)['inputSchema']).toEqual({
      type: 'object',
      properties: { region: plain, list: { items: plain }, 'x-mcp-header': plain },
      allOf: [{ properties: { region: plain } }],
    });
  });
});
