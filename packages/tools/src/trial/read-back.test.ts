import type { Json, JsonObject } from '@keyturn/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildRequest } from '../call/build-request.ts';
import { checkArguments } from '../call/check-arguments.ts';
import { readBack } from './read-back.ts';
import { toolsOf } from './sample.ts';

// Seeded, so that a failure can be repeated.
const runs = { seed: 20_260_722, numRuns: 400 };

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 12 });
const printable = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
const types: Readonly<Record<string, JsonObject>> = {
  single: { type: 'string' },
  list: { type: 'array', items: { type: 'string' } },
  object: { type: 'object', additionalProperties: { type: 'string' } },
};
const valueOf = (kind: string, text: fc.Arbitrary<string>): fc.Arbitrary<Json> => {
  const key = text.filter((name) => name !== '' && name !== '__proto__' && name !== 'other');
  if (kind === 'list') return fc.array(text, { minLength: 1, maxLength: 4 });
  return kind === 'object' ? fc.dictionary(key, text, { minKeys: 1, maxKeys: 4, noNullPrototype: true }) : text;
};

/** What no style can carry, by RFC 6570 itself: a list of one empty text, and white space at the ends of a header. */
const carries = (place: string, value: Json): boolean => {
  const text = JSON.stringify(value);
  return text !== '[""]' && (place !== 'header' || !/" | "|""|=/.test(text));
};

const cases: [string, string, boolean, string][] = [];
for (const [place, styles] of [
  ['path', ['simple', 'label', 'matrix']],
  ['query', ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject']],
  ['header', ['simple']],
  ['cookie', ['form']],
] as const) {
  for (const style of styles) {
    for (const explode of [true, false]) {
      for (const kind of ['single', 'list', 'object']) {
        // Undefined by OpenAPI 3.1's table of styles, or the same as form.
        if (style.endsWith('Delimited') && (explode || kind === 'single')) continue;
        if (style === 'deepObject' && (!explode || kind !== 'object')) continue;
        cases.push([place, style, explode, kind]);
      }
    }
  }
}

describe('a server that follows the document', () => {
  it.each(cases)(
    'reads from the %s in style %s, explode %s, the %s that was sent',
    async (place, style, explode, kind) => {
      const path = place === 'path' ? '/x/{p}/y' : '/x';
      const parameters = [{ name: 'p', in: place, required: true, style, explode, schema: types[kind] ?? {} }];
      const root = { paths: { [path]: { get: { parameters } } } };
      const [tool] = await toolsOf(root);
      if (tool === undefined) throw new Error('no tool');
      fc.assert(
        fc.property(valueOf(kind, place === 'header' ? printable : wellFormed), (value) => {
          fc.pre(carries(place, value));
          const args = { p: value };
          expect(checkArguments(tool, args).ok).toBe(true);
          const request = buildRequest(tool, args);
          // What a style cannot carry is refused rather than sent as something else.
          fc.pre(request.ok);
          if (!request.ok) return;
          expect(readBack(root, path, 'get', request.value).get(`${place}:p`)).toEqual(value);
        }),
        { ...runs, numRuns: runs.numRuns / 10 },
      );
    },
  );

  it('never sees another path, another parameter or another header, whatever the arguments', async () => {
    const parameters = ['path', 'query', 'header', 'cookie'].map((place) => ({
      name: `a-${place}`,
      in: place,
      required: true,
    }));
    const root = {
      servers: [{ url: 'https://api.example.com/base' }],
      paths: { '/x/{a-path}/y': { get: { parameters } } },
    };
    const [tool] = await toolsOf(root);
    if (tool === undefined) throw new Error('no tool');
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '..',
        '%2e%2e',
        '../..',
        '\r\nx: y',
        '&a=b',
        '#',
        '?',
        '//evil',
        '@evil',
        ';x',
        '\u0000',
        '\\',
        '%00',
        '%0d%0a',
      ),
    );
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (path, query, header, cookie) => {
        const request = buildRequest(tool, {
          'a-path': path,
          'a-query': query,
          'a-header': header,
          'a-cookie': cookie,
        });
        if (!request.ok) return;
        const url = new URL(request.value.url);
        expect(url.origin).toBe('https://api.example.com');
        expect(url.pathname).toMatch(/^\/base\/x\/[^/]+\/y$/);
        expect([...url.searchParams.keys()]).toEqual(['a-query']);
        expect(url.searchParams.get('a-query')).toBe(query);
        expect(url.hash).toBe('');
        expect(Object.keys(request.value.headers).toSorted()).toEqual(['a-header', 'accept', 'cookie']);
        for (const value of Object.values(request.value.headers)) expect(value).toMatch(/^[\x20-\x7e\t]*$/);
        expect(request.value.headers['cookie']?.split(';')).toHaveLength(1);
      }),
      { ...runs, numRuns: 150 },
    );
  });
});
