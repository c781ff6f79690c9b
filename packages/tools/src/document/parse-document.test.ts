import { describe, expect, it } from 'vitest';
import { buildTools } from '../catalogue/build-tools.ts';
import { sampleDocument } from '../trial/sample.ts';
import { explainDocumentRefusal } from './document-refusal.ts';
import { findJsonFault } from './json-fault.ts';
import { parseDocument } from './parse-document.ts';

const refusalOf = async (text: string) => {
  const read = await parseDocument({ text });
  if (read.ok) throw new Error('it was accepted');
  return read.refusal;
};
const paths = (members: object) => sampleDocument({ paths: { '/a': { get: members as never } } });

describe('a document', () => {
  it.each(['3.0.0', '3.0.3', '3.1.0', '3.1.1', '3.2.0'])('of OpenAPI %s is read', async (version) => {
    const read = await parseDocument({ text: sampleDocument({}, version) });
    expect(read).toMatchObject({ value: { version, title: 'Pizzeria', dialect: version < '3.1' ? '3.0' : '3.1' } });
  });

  it('may be YAML, with anchors, or JSON with a byte order mark, whatever its type says', async () => {
    const yaml = 'openapi: 3.1.0\ninfo: &i {title: A, version: "1"}\npaths:\n  /a:\n    get:\n      x-i: *i\n';
    for (const text of [yaml, `\ufeff${sampleDocument({})}`, `// no\n${yaml}`.replace('// no\n', '# yes\n')]) {
      expect((await parseDocument({ text, contentType: 'image/png' })).ok).toBe(true);
    }
  });

  it('that is JSON with trailing commas and comments is read as the YAML that it nearly is', async () => {
    expect((await parseDocument({ text: '{"openapi": "3.1.0", "paths": {},}' })).ok).toBe(true);
  });
});

describe('YAML in which brackets and quotes go on in the column of the block around them', () => {
  const head = 'openapi: 3.1.0\ninfo: {title: A, version: "1"}\npaths:\n  /a:\n    get:\n';
  const example = (indent: string) =>
    `      x-example: {\n        "80/tcp": [\n${indent}],\n        "b": {}\n${indent}}\n`;

  it('is read, as most readers do', async () => {
    const text = head + example('      ');
    expect(await parseDocument({ text })).toMatchObject({
      value: { root: { paths: { '/a': { get: { 'x-example': { '80/tcp': [], b: {} } } } } } },
    });
  });

  it('is read where quoted text does', async () => {
    const text = `${head}      summary: "one\n      two"\n`;
    expect(await parseDocument({ text })).toMatchObject({
      value: { root: { paths: { '/a': { get: { summary: 'one two' } } } } },
    });
  });

  it('is not read without end', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `      x-${i}: {\n      }\n`).join('');
    expect(await refusalOf(head + many)).toMatchObject({ why: 'syntax', message: 'deficient indentation' });
  });
});

describe('a schema that is null', () => {
  it('says as little as none, as an empty `schema:` of YAML', async () => {
    const content = { 'application/json': { schema: null } };
    const parameters = [{ name: 'id', in: 'query', schema: null }];
    const text = paths({ parameters, requestBody: { content }, responses: { 200: { description: '', content } } });
    const read = await parseDocument({ text });
    if (!read.ok) throw new Error(explainDocumentRefusal(read.refusal));
    const [tool] = buildTools(read.value, { sourceSlug: 'a' });
    expect(tool?.inputSchema).toMatchObject({ properties: { id: {}, body: {} } });
  });
});

describe('a text that is no document', () => {
  it('of broken JSON is shown with line, column and a caret', async () => {
    const refusal = await refusalOf('{\n  "openapi": "3.1.0",\n  "paths": { "/a" "b" }\n}');
    expect(refusal).toMatchObject({ why: 'syntax', message: 'expected ":"', place: { line: 3, column: 19 } });
    expect(explainDocumentRefusal(refusal)).toBe(
      [
        'The document is neither JSON nor YAML: expected ":"',
        'line 3, column 19',
        '  1 | {',
        '  2 |   "openapi": "3.1.0",',
        '> 3 |   "paths": { "/a" "b" }',
        '    |                   ^',
        '  4 | }',
      ].join('\n'),
    );
  });

  it('of broken YAML is shown with line and column', async () => {
    const refusal = await refusalOf('openapi: 3.1.0\npaths:\n  /a: [1, 2\n  /b: {}\n');
    expect(refusal).toMatchObject({ why: 'syntax', place: { line: expect.any(Number), column: expect.any(Number) } });
    expect(refusal.why === 'syntax' && refusal.place?.frame).toContain('^');
  });

  it('on one line of megabytes is shown by a window', async () => {
    const refusal = await refusalOf(`{"openapi":"3.1.0","x":"${'y'.repeat(2_000_000)}" "z"}`);
    expect(JSON.stringify(refusal).length).toBeLessThan(600);
  });

  it.each([
    ['', 'input is empty'],
    ['   \n', 'input is empty'],
    ['[]', 'it is a list'],
    ['just text', 'it is a single value'],
    ['<html><body>Login</body></html>', 'it is a single value'],
    ['{}', 'no "openapi" member'],
    ['{"openapi": 3}', 'openapi 3 is not a version'],
    ['{"openapi": "4.0.0", "paths": {}}', 'openapi "4.0.0" is not a version'],
    ['{"openapi": "3.1.0"}', 'it has no paths'],
    ['{"openapi": "3.1.0", "paths": []}', 'paths must be an object'],
    ['{"openapi": "3.1.0", "paths": {"a": {}}}', 'a path must begin with "/"'],
    ['{"openapi": "3.1.0", "paths": {"/a": 5}}', 'a path item must be an object'],
    ['{"openapi": "3.1.0", "paths": {"/a": {"get": []}}}', 'an operation must be an object'],
    [paths({ operationId: 5 }), 'operationId must be a string'],
    [paths({ parameters: {} }), 'parameters must be a list'],
    [paths({ parameters: ['x'] }), 'a parameter must be an object'],
    [paths({ parameters: [{ in: 'query' }] }), 'a parameter must have a name'],
    [
      paths({ parameters: [{ name: 'q', in: 'body' }] }),
      'parameter "q" must say where it goes: in path, query, header, cookie',
    ],
    [paths({ parameters: [{ name: 'q', in: 'query', schema: 'string' }] }), 'a schema must be an object'],
    [paths({ requestBody: { content: { 'application/json': { schema: [] } } } }), 'a schema must be an object'],
    [paths({ requestBody: { content: { 'application/json': 5 } } }), 'a media type must be an object'],
    [paths({ responses: [] }), 'responses must be an object'],
    [paths({ requestBody: 5 }), 'requestBody must be an object'],
    [paths({ requestBody: { content: [] } }), 'content must be an object'],
  ])('%j is refused: %s', async (text, words) => {
    expect(explainDocumentRefusal(await refusalOf(text))).toContain(words);
  });

  it('says which member is wrong by pointer and place, in JSON and in YAML', async () => {
    const json =
      '{\n "openapi": "3.1.0",\n "paths": {\n  "/a": {"get": {"parameters": [{"name": "x", "in": "query"},\n   {"name": "q"}]}}\n }\n}';
    expect(await refusalOf(json)).toMatchObject({
      pointer: '/paths/~1a/get/parameters/1',
      place: { line: 5, column: 4 },
    });
    const yaml =
      'openapi: 3.1.0\npaths:\n  /a:\n    get:\n      parameters:\n        - name: x\n          in: query\n        - name: q\n';
    expect(await refusalOf(yaml)).toMatchObject({
      pointer: '/paths/~1a/get/parameters/1',
      place: { line: 8, column: 11 },
    });
  });
});

describe('a reference', () => {
  it.each([
    ['#/components/schemas/Missing', 'leads nowhere'],
    ['#/components/schemas/__proto__', 'leads nowhere'],
    ['file:///etc/passwd', 'lies outside'],
    ['/etc/passwd', 'lies outside'],
    ['../secrets.yaml#/x', 'lies outside'],
    ['http://169.254.169.254/latest/meta-data/', 'lies outside'],
    ['other.yaml', 'lies outside'],
  ])('to %s is refused: it %s', async ($ref, words) => {
    const content = { 'application/json': { schema: { $ref } } };
    const refusal = await refusalOf(paths({ requestBody: { content } }));
    expect(refusal).toMatchObject({
      why: 'reference',
      pointer: '/paths/~1a/get/requestBody/content/application~1json/schema/$ref',
    });
    expect(explainDocumentRefusal(refusal)).toContain(words);
  });

  it('in a circle of nothing but references is refused', async () => {
    const parameters = { A: { $ref: '#/components/parameters/B' }, B: { $ref: '#/components/parameters/A' } };
    const text = sampleDocument({
      paths: { '/a': { get: { parameters: [{ $ref: '#/components/parameters/A' }] } } },
      components: { parameters },
    });
    expect(await refusalOf(text)).toMatchObject({ why: 'reference' });
  });

  it('in an example is only text', async () => {
    const schema = { type: 'object', example: { $ref: 'nowhere.json' }, properties: { $ref: { type: 'string' } } };
    const read = await parseDocument({ text: sampleDocument({ components: { schemas: { A: schema } } }) });
    expect(read.ok).toBe(true);
  });
});

describe('the limits', () => {
  it('of 20 MB holds', async () => {
    const refusal = await refusalOf(`{"openapi":"3.1.0","x":"${'y'.repeat(20 * 1024 * 1024)}"}`);
    expect(refusal).toMatchObject({ why: 'too-large', limit: 20 * 1024 * 1024 });
  });

  it('of 5,000 operations holds, and 5,000 are read', async () => {
    const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`/p${i}`, { get: {} }]));
    const read = await parseDocument({ text: sampleDocument({ paths: many(5000) }) });
    expect(read.ok && buildTools(read.value, { sourceSlug: 's' })).toHaveLength(5000);
    expect(explainDocumentRefusal(await refusalOf(sampleDocument({ paths: many(5001) })))).toContain('5001 operations');
  });

  it.each([
    ['JSON', `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`, 'more than 200 deep'],
    ['JSON that never closes', '['.repeat(200_000), 'it ends where'],
    ['YAML flow', `a: ${'['.repeat(300)}${']'.repeat(300)}`, 'exceeded maxDepth (200)'],
    ['YAML lists', '- '.repeat(200_000), 'exceeded maxDepth (200)'],
    [
      'YAML mappings',
      Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'exceeded maxDepth (200)',
    ],
  ])('of depth holds in %s', async (_case, text, words) => {
    expect(explainDocumentRefusal(await refusalOf(text))).toContain(words);
  });

  it.each([
    ['aliases', (last: string) => `[${Array.from({ length: 9 }, () => `*${last}`).join(',')}]`],
    ['members', (last: string) => `{p: *${last}, q: *${last}, r: *${last}, s: *${last}, t: *${last}, u: *${last}}`],
  ])('ends a billion laughs made of %s', async (_case, next) => {
    const lines = ['x0: &x0 [lol, lol, lol]'];
    for (let i = 1; i < 30; i += 1) lines.push(`x${i}: &x${i} ${next(`x${i - 1}`)}`);
    const refusal = await refusalOf(`${lines.join('\n')}\nopenapi: 3.1.0\npaths: {}\n`);
    expect(refusal).toMatchObject({ why: 'too-large' });
  });

  it('of aliases and of merge keys hold', async () => {
    const aliases = `a: &a x\nb: [${'*a,'.repeat(60_000)}]`;
    const merges = `a: &a {x: 1, y: 2}\n${Array.from({ length: 40_000 }, (_, i) => `b${i}: {<<: *a}`).join('\n')}`;
    for (const text of [aliases, merges]) expect(await refusalOf(text)).toMatchObject({ why: 'syntax' });
  });

  it('refuses an alias that holds itself', async () => {
    const refusal = await refusalOf('openapi: 3.1.0\npaths: &p\n  /a: *p\n');
    expect(['too-large', 'syntax', 'invalid']).toContain(refusal.why);
  });
});

describe('where JSON breaks', () => {
  it.each([
    ['{"a": b}', 6],
    ['{"a":01}', 5],
    ['{} x', 3],
    ['{"a":tru}', 5],
    ['{"a":"x\ny"}', 5],
    ['[1,]', 3],
    ['{"a":1', 6],
    ['', 0],
    ['{"a":1]', 6],
    ['{"a":1.}', 5],
    ['nullx', 0],
  ])('%j is at %i', (text, offset) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(findJsonFault(text)?.offset).toBe(offset);
  });

  it.each(['{}', '[1,2.5e-3,"a\\u00e9\\n",true,null,{"b":[]}]', ' "x" '])('%j is nowhere', (text) => {
    expect(findJsonFault(text)).toBeUndefined();
  });
});

describe('a document that breaks a rule which tools do not need', () => {
  it.each(['2.0', '3.0.0', '3.1.0', '3.2.0'])('of OpenAPI %s is read with a warning', async (version) => {
    const key = version === '2.0' ? 'swagger' : 'openapi';
    const read = await parseDocument({ text: JSON.stringify({ [key]: version, info: { title: 'A' }, paths: {} }) });
    expect(read).toMatchObject({
      value: { warnings: [expect.stringContaining("/info must have required property 'version'")] },
    });
  });

  it('gives no warning when it breaks none', async () => {
    expect(await parseDocument({ text: sampleDocument({}) })).toMatchObject({ value: { warnings: [] } });
  });
});

describe('a place in YAML', () => {
  it('is found past comments, quotes, flow and block styles', async () => {
    const text = `# a comment
openapi: "3.1.0"
"paths": # more
  '/a':
    get: {operationId: 5, x: [1, {y: z}]}
`;
    expect(await refusalOf(text)).toMatchObject({
      pointer: '/paths/~1a/get/operationId',
      place: { line: 5, column: 24 },
    });
  });

  it('of what a merge key brought is that of the nearest thing above', async () => {
    const text = 'openapi: 3.1.0\nx-base: &b {operationId: 5}\npaths:\n  /a:\n    get:\n      <<: *b\n';
    expect(await refusalOf(text)).toMatchObject({
      pointer: '/paths/~1a/get/operationId',
      place: { line: 6, column: 7 },
    });
  });

  it('of a duplicated key is its own', async () => {
    expect(await refusalOf('openapi: 3.1.0\npaths: {}\npaths: {}\n')).toMatchObject({
      why: 'syntax',
      place: { line: 3 },
    });
  });
});
