import type { NetRefusal } from '@keyturn/net';
import { ok, refuse } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { checkArguments } from '../call/check-arguments.ts';
import { buildTools } from '../catalogue/build-tools.ts';
import type { ReferenceFetch } from './bundle-references.ts';
import { parseDocument } from './parse-document.ts';

const location = 'https://api.example.com/spec/openapi.yaml';
const root = (ref: string) => `openapi: 3.1.0
paths:
  /pets:
    post:
      operationId: add
      requestBody: {required: true, content: {application/json: {schema: {$ref: '${ref}'}}}}
`;

function server(files: Record<string, string | NetRefusal>) {
  const asked: string[] = [];
  const fetch: ReferenceFetch = async (url, request) => {
    asked.push(url);
    expect(request.redirect).toBe('error');
    const file = files[url];
    if (typeof file === 'object') return refuse(file);
    return ok({ status: file === undefined ? 404 : 200, text: () => file ?? '' });
  };
  return { asked, fetch };
}
const parse = (ref: string, fetch?: ReferenceFetch, at: string | undefined = location) =>
  parseDocument({ text: root(ref), location: at, fetch });

describe('a file that a document refers to', () => {
  it('is taken in, with those that it refers to itself, in circles too', async () => {
    const { asked, fetch } = server({
      'https://api.example.com/spec/pet.yaml':
        'Pet: {type: object, required: [name], properties: {name: {type: string}, owner: {$ref: "owners/owner.json#/Owner"}}}',
      'https://api.example.com/spec/owners/owner.json':
        '{"Owner":{"type":"object","properties":{"age":{"type":"integer"},"pet":{"$ref":"../pet.yaml#/Pet"}}}}',
    });
    const read = await parse('./pet.yaml#/Pet', fetch);
    if (!read.ok) throw new Error(JSON.stringify(read.refusal));
    const [tool] = buildTools(read.value, { sourceSlug: 'pets' });
    if (tool === undefined) throw new Error('no tool');
    expect(asked.toSorted()).toEqual([
      'https://api.example.com/spec/owners/owner.json',
      'https://api.example.com/spec/pet.yaml',
    ]);
    expect(checkArguments(tool, { body: { name: 'a', owner: { age: 5, pet: { name: 'b' } } } })).toMatchObject({
      ok: true,
    });
    expect(checkArguments(tool, { body: { name: 'a', owner: { age: 'x' } } })).toMatchObject({ ok: false });
    expect(checkArguments(tool, { body: { name: 'a', owner: { pet: {} } } })).toMatchObject({ ok: false });
  });

  it.each([
    'file:///etc/passwd',
    'http://169.254.169.254/latest/meta-data/',
    'https://evil.example/x.yaml',
    'http://api.example.com/x.yaml',
    '//evil.example/x.yaml',
    'https://api.example.com:8443/x.yaml',
    'https://api.example.com@evil.example/x.yaml',
    'data:application/json,{}',
    'javascript:1',
  ])('at %s is not fetched', async (ref) => {
    const { asked, fetch } = server({});
    expect(await parse(ref, fetch)).toMatchObject({ refusal: { why: 'reference', place: { line: 6 } } });
    expect(asked).toEqual([]);
  });

  it('that refers on to another origin ends there', async () => {
    const { asked, fetch } = server({
      'https://api.example.com/spec/a.yaml': 'A: {$ref: "http://169.254.169.254/x#/A"}',
    });
    expect(await parse('a.yaml#/A', fetch)).toMatchObject({ refusal: { why: 'reference' } });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['is not there', {}, 'answered 404'],
    ['is no document', { 'https://api.example.com/spec/a.yaml': '{"a": [' }, 'neither JSON nor YAML'],
    [
      'redirects',
      {
        'https://api.example.com/spec/a.yaml': {
          why: 'redirect',
          host: 'api.example.com',
          status: 302,
          problem: 'not-followed',
          to: 'http://169.254.169.254',
        } as const,
      },
      'redirects are not followed',
    ],
    ['lacks what is asked for', { 'https://api.example.com/spec/a.yaml': 'B: {}' }, ''],
  ])('that %s makes the document refused', async (_case, files, words) => {
    const read = await parse('a.yaml#/A', server(files).fetch);
    expect(read).toMatchObject({ refusal: { why: 'reference', message: expect.stringContaining(words) } });
  });

  it('is one of fifty at most', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 80 }, (_, i) => [
        `https://api.example.com/spec/f${i}.yaml`,
        `A: {properties: {next: {$ref: "f${i + 1}.yaml#/A"}}}`,
      ]),
    );
    const { asked, fetch } = server(files);
    expect(await parse('f0.yaml#/A', fetch)).toMatchObject({
      refusal: { message: expect.stringContaining('more than 50') },
    });
    expect(asked.length).toBeLessThanOrEqual(50);
  });

  it('is refused where nobody can fetch, and for an upload, which has no origin', async () => {
    expect(await parse('a.yaml#/A')).toMatchObject({ refusal: { why: 'reference' } });
    const { asked, fetch } = server({});
    expect(await parseDocument({ text: root('https://api.example.com/a.yaml'), fetch })).toMatchObject({ ok: false });
    expect(asked).toEqual([]);
  });
});
