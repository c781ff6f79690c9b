import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChangingUpstream, documentOf, openChangingUpstream } from './changing-upstream.ts';
import { type House, openHouse } from './open-house.ts';

let house: House;
let upstream: ChangingUpstream;
let elsewhere: ChangingUpstream;
let admin: string;
beforeAll(async () => {
  [upstream, elsewhere] = [await openChangingUpstream(), await openChangingUpstream()];
  house = await openHouse({
    settings: {
      tools: { allowedHosts: [upstream.host, elsewhere.host], timeout: 1, responseLimit: 65_536, resyncInterval: 0 },
    },
  });
  admin = await house.tokenOf('admin');
  upstream.serve(documentOf({ steady: 'was here before' }));
  await add('steady');
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  upstream.close();
  elsewhere.close();
});

let count = 0;
/** Registers what the upstream serves, or a document that is uploaded. */
async function add(slug?: string, more: object = { url: upstream.documentUrl }) {
  count += 1;
  const named = slug ?? `bad-${count}`;
  const reply = await house.post('/api/v1/sources', admin, {
    name: named,
    slug: named,
    auth: { kind: 'none' },
    ...more,
  });
  return { slug: named, reply };
}
const call = (tool: string, given: object = {}) =>
  house.post('/api/v1/tools/execute', admin, { tool_id: tool, arguments: given });

/** Refused with this code and these words, nothing stored, and what was there goes on working. */
async function expectRefused(reply: { status: number; body: Record<string, unknown> }, code: string, words: RegExp) {
  expect([reply.status, reply.body['code'], reply.body['detail']]).toEqual([422, code, expect.stringMatching(words)]);
  const sources = (await house.get('/api/v1/sources', admin)).body['sources'] as { slug: string }[];
  expect(sources.map(({ slug }) => slug)).not.toContain(`bad-${count}`);
  expect((await call('steady/steady')).body).toMatchObject({ status: 'completed' });
}

describe('a document is refused, and disturbs nothing,', () => {
  it('when it is larger than tools.documentLimit, fetched or uploaded', async () => {
    await using small = await openHouse({
      settings: { tools: { allowedHosts: [upstream.host], documentLimit: 50_000 } },
    });
    const boss = await small.tokenOf('admin');
    const big = documentOf({ a: 'x'.repeat(60_000) });
    upstream.serve(big);
    const base = { name: 'x', auth: { kind: 'none' } };
    const fetched = await small.post('/api/v1/sources', boss, { ...base, url: upstream.documentUrl });
    expect([fetched.status, fetched.body['detail']]).toEqual([422, expect.stringContaining('larger than 50000 bytes')]);
    const uploaded = await small.post('/api/v1/sources', boss, { ...base, document: big });
    expect([uploaded.status, uploaded.body['detail']]).toEqual([422, expect.stringContaining('50000')]);
  });

  it('when it has more than 5,000 operations; and takes one that has just these', async () => {
    const many = (amount: number) =>
      documentOf(Object.fromEntries(Array.from({ length: amount }, (_, i) => [`o${i}`, 'x'])));
    upstream.serve(many(5001));
    await expectRefused((await add()).reply, 'invalid_openapi_document', /5001 operations, where 5000/);
    upstream.serve(many(5000));
    const { reply, slug } = await add();
    expect([reply.status, reply.body['inventory_count']]).toEqual([201, 5000]);
    expect((await call(`${slug}/o4999`)).body).toMatchObject({ status: 'completed' });
    await house.send(`/api/v1/sources/${String(reply.body['id'])}`, { method: 'DELETE', token: admin });
  }, 60_000);

  it('when it is a billion laughs', async () => {
    const laughs = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    upstream.serve(`openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}\nl0: &l0 [lol]\n${laughs.join('\n')}\n`);
    const { reply } = await add();
    expect(reply.status).toBe(422);
    await expectRefused(reply, 'invalid_openapi_document', /where \d+ values are the limit|alias/i);
  });

  it('when a reference leads in a circle, to a file, to another origin or to the metadata service', async () => {
    for (const [$ref, words] of [
      ['#/components/schemas/A', /circle/],
      ['file:///etc/passwd', /another origin|lies outside/],
      ['http://169.254.169.254/latest/meta-data/', /another origin/],
      [`${elsewhere.documentUrl}#/x`, /another origin/],
    ] as const) {
      const schemas = { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } };
      const parameters = [{ name: 'q', in: 'query', schema: { $ref } }];
      const paths = { '/a': { get: { operationId: 'a', parameters, responses: {} } } };
      const own = $ref.startsWith('#') ? { paths, components: { schemas } } : { paths };
      upstream.serve(documentOf({}, own));
      const before = elsewhere.asked.length;
      await expectRefused((await add()).reply, 'invalid_openapi_document', words);
      expect(elsewhere.asked.length).toBe(before);
    }
  });

  it('when reading it costs more time or memory than it may', async () => {
    const wide = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`o${i}`, 'y'.repeat(10_000)]));
    for (const [limit, words] of [
      [{ documentTimeout: 0.001 }, /longer than 0\.001 s \(tools\.documentTimeout\)/],
      [{ documentMemory: 64, documentLimit: 20_000_000 }, /more than 64 MiB of memory \(tools\.documentMemory\)/],
    ] as const) {
      await using tight = await openHouse({ settings: { tools: { allowedHosts: [upstream.host], ...limit } } });
      const heavy = {
        components: {
          schemas: Object.fromEntries(
            Array.from({ length: 150_000 }, (_, i) => [
              `S${i}`,
              { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } },
            ]),
          ),
        },
      };
      upstream.serve(documentOf(wide, 'documentMemory' in limit ? heavy : {}));
      const body = { name: 'x', url: upstream.documentUrl, auth: { kind: 'none' } };
      const reply = await tight.post('/api/v1/sources', await tight.tokenOf('admin'), body);
      expect([reply.status, reply.body['detail']]).toEqual([422, expect.stringMatching(words)]);
      expect((await tight.get('/api/v1/sources', await tight.tokenOf('admin'))).body['sources']).toEqual([]);
    }
  }, 60_000);
});

describe('a recursive schema', () => {
  it('is no circle, and is kept as one', async () => {
    const Node = { type: 'object', properties: { next: { $ref: '#/components/schemas/Node' } } };
    const requestBody = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } };
    const paths = { '/a': { post: { operationId: 'a', requestBody, responses: {} } } };
    upstream.serve(documentOf({}, { paths, components: { schemas: { Node } } }));
    const { slug } = await add();
    expect((await call(`${slug}/a`, { body: { next: { next: {} } } })).body).toMatchObject({ status: 'completed' });
  });
});

describe('an argument', () => {
  const paths = {
    '/files/{name}/content': {
      get: {
        operationId: 'read',
        parameters: [
          { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'X-Note', in: 'header', schema: { type: 'string' } },
          { name: 'q', in: 'query', schema: { type: 'string' } },
        ],
        responses: {},
      },
    },
  };

  it('never leaves its place: no other path, no other header, no other request', async () => {
    upstream.serve(documentOf({}, { paths }));
    const { slug } = await add();
    const before = upstream.asked.length;
    for (const name of ['..', '.', '../../admin', '%2e%2e', '%252e%252e%252f', '..\\..\\admin', '..;', 'a/../../b']) {
      expect([name, (await call(`${slug}/read`, { name })).body['code']]).toEqual([name, 'invalid_arguments']);
    }
    for (const note of ['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\u0000b', 'a\r\n\r\nGET /admin HTTP/1.1']) {
      const reply = await call(`${slug}/read`, { name: 'a', 'X-Note': note });
      expect([note, reply.status, reply.body['code']]).toEqual([note, 400, 'invalid_arguments']);
    }
    expect(upstream.asked.length).toBe(before);
    await call(`${slug}/read`, { name: 'a b/ü?x=1#y', q: 'a&b=c#d\r\n' });
    expect(upstream.asked.at(-1)?.url).toBe('/files/a%20b%2F%C3%BC%3Fx%3D1%23y/content?q=a%26b%3Dc%23d%0D%0A');
  });
});

describe('an upstream', () => {
  it('whose address is private, or turns private, is not called', async () => {
    const port = elsewhere.host.split(':')[1] ?? '';
    // The names are allowed as `localhost:port` only; the addresses that they turn out to be are not.
    for (const server of [
      `http://127.0.0.1:${port}`,
      `http://[::1]:${port}`,
      'http://169.254.169.254',
      `http://0x7f000001:${port}`,
      `http://2130706433:${port}`,
      `http://0177.0.0.1:${port}`,
      `http://[::ffff:127.0.0.1]:${port}`,
    ]) {
      upstream.serve(documentOf({ a: 'one' }, { servers: [{ url: server }] }));
      const { slug, reply } = await add();
      expect(reply.status).toBe(201);
      const before = elsewhere.asked.length;
      const called = await call(`${slug}/a`);
      expect([server, called.status, called.body['code']]).toEqual([server, 502, 'upstream_unreachable']);
      expect(elsewhere.asked.length).toBe(before);
    }
  });

  it('that redirects is not followed, neither to another origin nor to its own', async () => {
    upstream.serve(documentOf({ a: 'one' }));
    const { slug } = await add();
    for (const location of [`${elsewhere.url}/a`, '/b']) {
      upstream.answer((_request, response) => response.writeHead(307, { location }).end());
      const [before, own] = [elsewhere.asked.length, upstream.asked.length];
      const called = await call(`${slug}/a`);
      expect([called.status, called.body['detail']]).toEqual([502, expect.stringContaining('redirects')]);
      expect([elsewhere.asked.length, upstream.asked.length]).toEqual([before, own + 1]);
    }
  });

  it('that never ends is given up; that sends without end is cut, and does not fill the memory', async () => {
    upstream.serve(documentOf({ a: 'one' }));
    const { slug } = await add();
    const chunk = Buffer.alloc(16_384, 'x');
    let sent = 0;
    upstream.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(10 * 1024 ** 3) });
      const push = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        if (!response.destroyed) response.once('drain', push);
      };
      push();
    });
    const flood = await call(`${slug}/a`);
    expect(flood).toMatchObject({
      status: 200,
      body: {
        result: expect.stringMatching(/^x{65536}\n\[Cut: the first 65536 of 10737418240 bytes are shown\.\]$/),
        truncated: { bytes: 10 * 1024 ** 3, kept: 65_536 },
      },
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    upstream.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    });
    const endless = await call(`${slug}/a`);
    expect([endless.status, endless.body['code']]).toEqual([504, 'upstream_timeout']);
  });

  it('that lies about what it sends is believed as far as the bytes bear it out', async () => {
    upstream.serve(documentOf({ a: 'one' }));
    const { slug } = await add();
    const cases: readonly (readonly [string, Buffer, unknown])[] = [
      ['application/json', Buffer.from('<html>no</html>'), '<html>no</html>'],
      ['text/plain', Buffer.from([0xff, 0xfe, 0x00, 0x01]), Buffer.from([0xff, 0xfe, 0x00, 0x01]).toString('base64')],
      ['no content type at all', Buffer.from('{"a":1}'), Buffer.from('{"a":1}').toString('base64')],
      ['application/json; charset=utf-8', Buffer.from('{"a":1}'), { a: 1 }],
    ];
    for (const [contentType, bytes, result] of cases) {
      upstream.answer((_request, response) => response.setHeader('content-type', contentType).end(bytes));
      const called = await call(`${slug}/a`);
      expect([contentType, called.body['status'], called.body['result']]).toEqual([contentType, 'completed', result]);
    }
  });
});
