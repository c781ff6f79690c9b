import { randomBytes } from 'node:crypto';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { bytes, kibibytes, milliseconds } from '@keyturn/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './guarded-fetch.ts';
import { explainNetRefusal } from './net-refusal.ts';
import { testCertificate } from './test-certificate.ts';
import { startServer } from './test-server.ts';

const open: AsyncDisposable[] = [];
const keep = <Resource extends AsyncDisposable>(resource: Resource): Resource => {
  open.push(resource);
  return resource;
};
afterEach(async () => {
  for (const resource of open.splice(0).toReversed()) await resource[Symbol.asyncDispose]();
});

const serve = async (...args: Parameters<typeof startServer>) => keep(await startServer(...args));

/** A fetch that may reach loopback, since that is where the servers of these tests are. */
const openFetch = (options: GuardedFetchOptions = {}): GuardedFetch =>
  keep(createGuardedFetch({ allowPrivateHosts: ['127.0.0.1', 'localhost'], ...options }));

/** A server that speaks bytes rather than HTTP. */
async function serveBytes(speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => speak(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  keep({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

describe('a guarded fetch', () => {
  it('gives back the answer: status, headers, bytes, text and address', async () => {
    const server = await serve((_, response) => {
      response.writeHead(418, { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] }).end('\ufeffké');
    });
    const answer = await openFetch()(`${server.url}/tea?x=1`);
    if (!answer.ok) throw new Error(explainNetRefusal(answer.refusal));
    expect(answer.value.status).toBe(418);
    expect(answer.value.headers.get('Content-Type')).toBe('text/plain');
    expect(answer.value.headers.get('set-cookie')).toBe('a=1, b=2');
    expect(answer.value.headers.get('toString')).toBeNull();
    expect(answer.value.text()).toBe('ké');
    expect([...answer.value.body]).toEqual([0xef, 0xbb, 0xbf, 0x6b, 0xc3, 0xa9]);
    expect(answer.value.url).toBe(`${server.url}/tea?x=1`);
  });

  it.each(['text', new Uint8Array([0, 255, 10])])('sends method, headers and body as given (case %#)', async (body) => {
    const server = await serve((request, response) => {
      const received: Buffer[] = [];
      request.on('data', (chunk: Buffer) => received.push(chunk));
      request.on('end', () => {
        const { method, headers } = request;
        response.end(JSON.stringify({ method, headers, body: Buffer.concat(received).toString('hex') }));
      });
    });
    const answer = await openFetch()(server.url, {
      method: 'post',
      headers: { 'X-One': '1', 'Accept-Encoding': 'gzip' },
      body,
    });
    expect(answer.ok && JSON.parse(answer.value.text())).toMatchObject({
      method: 'POST',
      headers: { 'x-one': '1', 'accept-encoding': 'identity', 'content-length': String(body.length) },
      body: Buffer.from(body).toString('hex'),
    });
  });

  it('uses connections again and again', async () => {
    const sockets = new Set<unknown>();
    const server = await serve((request, response) => {
      sockets.add(request.socket);
      response.end();
    });
    const fetch = openFetch();
    for (let i = 0; i < 10; i += 1) await fetch(server.url);
    // undici lets a socket rest for a turn of the event loop, so two take turns.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('trusts a certificate that it was told of, and no other', async () => {
    const server = await serve((_, response) => void response.end('secret'), testCertificate);
    const url = server.url.replace('127.0.0.1', 'localhost');
    const told = await openFetch({ ca: testCertificate.cert })(url);
    const untold = await openFetch()(url);
    const otherName = await openFetch({ ca: testCertificate.cert })(server.url);
    expect(told.ok && told.value.text()).toBe('secret');
    expect(untold).toMatchObject({ refusal: { why: 'tls', host: 'localhost', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    expect(otherName).toMatchObject({ refusal: { why: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
  });
});

describe('an address that is not public', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '0.0.0.0',
    '[::]',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '①②⑦.⓪.⓪.①',
  ])('is refused however the URL spells it: %s', async (host) => {
    const hits: unknown[] = [];
    const server = await serve((_, response) => void (hits.push(1), response.end()));
    const answer = await openFetch({ allowPrivateHosts: [] })(`http://${host}:${server.port}/`);
    expect(answer).toMatchObject({ ok: false, refusal: { why: 'blocked-address', port: server.port } });
    expect(hits).toEqual([]);
  });

  it('is refused when a public-looking name leads to it', async () => {
    const fetch = openFetch({ allowPrivateHosts: [], lookup: async () => ['10.0.0.7'] });
    expect(await fetch('https://innocent.example/')).toEqual({
      ok: false,
      refusal: { why: 'blocked-address', host: 'innocent.example', port: 443, address: '10.0.0.7', range: 'private' },
    });
  });

  it('is refused when it is one of several that a name leads to', async () => {
    const server = await serve((_, response) => void response.end());
    const fetch = openFetch({ allowPrivateHosts: ['127.0.0.1'], lookup: async () => ['127.0.0.1', '127.0.0.2'] });
    expect(await fetch(`http://two.example:${server.port}/`)).toMatchObject({
      refusal: { why: 'blocked-address', address: '127.0.0.2' },
    });
  });

  it('is not reached by changing the name’s address after the check', async () => {
    const server = await serve((request, response) => void response.end(request.socket.localAddress));
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.2']];
    const asked: string[] = [];
    const lookup = async (host: string) => {
      asked.push(host);
      return answers.shift() ?? [];
    };
    const fetch = openFetch({ allowPrivateHosts: ['127.0.0.1'], lookup });
    const first = await fetch(`http://rebinding.example:${server.port}/`, { headers: { accept: '*/*' } });
    expect(first.ok && first.value.text()).toBe('127.0.0.1');
    expect(asked).toEqual(['rebinding.example']);

    const fresh = openFetch({ allowPrivateHosts: ['127.0.0.1'], lookup });
    expect(await fresh(`http://rebinding.example:${server.port}/`)).toMatchObject({
      refusal: { why: 'blocked-address', address: '127.0.0.2' },
    });
  });

  it('is refused on the hop that leads to it', async () => {
    const inner = await serve((_, response) => void response.end('internal'));
    const outer = await serve((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.2:${inner.port}/` }).end();
    });
    const answer = await openFetch()(outer.url, { redirect: 'follow' });
    expect(answer).toMatchObject({ refusal: { why: 'blocked-address', address: '127.0.0.2' } });
  });
});

describe('a URL', () => {
  it.each([
    ['', { why: 'bad-url', problem: 'unreadable' }],
    ['/relative', { why: 'bad-url', problem: 'unreadable' }],
    ['http://', { why: 'bad-url', problem: 'unreadable' }],
    ['http://[fe80::1%25eth0]/', { why: 'bad-url', problem: 'unreadable' }],
    ['http://1.2.3.256/', { why: 'bad-url', problem: 'unreadable' }],
    ['http://user@localhost/', { why: 'bad-url', problem: 'userinfo' }],
    ['http://:pass@localhost/', { why: 'bad-url', problem: 'userinfo' }],
    ['file:///etc/passwd', { why: 'scheme', scheme: 'file' }],
    ['ftp://localhost/', { why: 'scheme', scheme: 'ftp' }],
    ['data:text/plain,hello', { why: 'scheme', scheme: 'data' }],
    ['gopher://localhost:70/', { why: 'scheme', scheme: 'gopher' }],
  ])('is refused before anything is sent: %s', async (url, refusal) => {
    expect(await openFetch()(url)).toEqual({ ok: false, refusal });
  });

  it('outside the list of allowed hosts is refused, on the first hop and on the next', async () => {
    const other = await serve((_, response) => void response.end());
    const server = await serve((_, response) => void response.writeHead(302, { location: other.url }).end());
    const fetch = openFetch({ allowedHosts: [`127.0.0.1:${server.port}`] });
    expect(await fetch(other.url)).toMatchObject({ refusal: { why: 'blocked-host', port: other.port } });
    expect(await fetch(server.url, { redirect: 'follow' })).toMatchObject({
      refusal: { why: 'blocked-host', port: other.port },
    });
  });
});

describe('a request', () => {
  it.each([
    ['a line break in a header', { headers: { 'x-a': 'b\r\nx-c: d' } }, 'header x-a'],
    ['a header name with a space', { headers: { 'x a': 'b' } }, 'header name'],
    ['a host of its own', { headers: { Host: 'internal' } }, 'header host'],
    [
      'a length of its own',
      { headers: { 'Content-Length': '3' }, method: 'POST', body: 'abcdef' },
      'header content-length',
    ],
    ['a framing of its own', { headers: { 'Transfer-Encoding': 'chunked' } }, 'header transfer-encoding'],
    ['an upgrade', { headers: { upgrade: 'h2c' } }, 'header upgrade'],
    ['a method with a space', { method: 'GET / HTTP/1.1' }, 'method'],
    ['a tunnel', { method: 'CONNECT' }, 'method'],
    ['an echo of its credentials', { method: 'trace' }, 'method'],
  ])('with %s is refused before anything is sent', async (_, request, part) => {
    const hits: unknown[] = [];
    const server = await serve((_, response) => void (hits.push(1), response.end()));
    expect(await openFetch()(server.url, request)).toEqual({ ok: false, refusal: { why: 'bad-request', part } });
    expect(hits).toEqual([]);
  });
});

describe('a redirect', () => {
  const chain = (hops: number) =>
    serve((request, response) => {
      const n = Number(request.url?.slice(1) ?? 0);
      if (n < hops) response.writeHead(307, { location: `/${n + 1}` }).end();
      else response.end(`after ${n}`);
    });

  it.each([301, 302, 303, 307, 308])('is an error unless asked for: %d', async (status) => {
    const server = await serve((_, response) => {
      response.writeHead(status, { location: 'https://user:pass@elsewhere.example/path?token=s3cret' }).end();
    });
    expect(await openFetch()(server.url)).toEqual({
      ok: false,
      refusal: {
        why: 'redirect',
        host: '127.0.0.1',
        status,
        problem: 'not-followed',
        to: 'https://elsewhere.example',
      },
    });
  });

  it.each([300, 304])('is not what %d asks for', async (status) => {
    const server = await serve((_, response) => void response.writeHead(status, { location: '/x' }).end());
    const answer = await openFetch()(server.url);
    expect(answer.ok && answer.value.status).toBe(status);
  });

  it('is followed five times and no more', async () => {
    const five = await openFetch()(`${(await chain(5)).url}/0`, { redirect: 'follow' });
    const six = await openFetch()(`${(await chain(6)).url}/0`, { redirect: 'follow' });
    expect(five.ok && five.value.text()).toBe('after 5');
    expect(five.ok && five.value.url).toMatch(/\/5$/);
    expect(six).toMatchObject({ refusal: { why: 'redirect', problem: 'too-many' } });
  });

  it.each(['http://', 'javascript:alert(1)', 'http://[', 'file:///etc/passwd', 'http://user:pass@localhost/'])(
    'to "%s" goes nowhere',
    async (location) => {
      const server = await serve((_, response) => void response.writeHead(302, { location }).end());
      const answer = await openFetch()(server.url, { redirect: 'follow' });
      expect(answer.ok).toBe(false);
      expect(!answer.ok && answer.refusal.why).toMatch(/^(redirect|scheme|bad-url)$/);
    },
  );

  it('takes no credentials to another origin, under whatever name', async () => {
    let received: unknown;
    const other = await serve((request, response) => {
      received = request.headers;
      response.end();
    });
    const server = await serve((_, response) => void response.writeHead(302, { location: other.url }).end());
    await openFetch()(server.url, {
      redirect: 'follow',
      headers: {
        Authorization: 'Bearer x',
        Cookie: 'a=b',
        'X-Api-Key': 'k',
        'Proxy-Authorization': 'p',
        Accept: 'text/html',
      },
    });
    expect(received).toEqual({
      host: `127.0.0.1:${other.port}`,
      connection: 'keep-alive',
      accept: 'text/html',
      'accept-encoding': 'identity',
    });
  });

  it('keeps credentials within one origin', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/next' }).end();
      else response.end(request.headers.authorization);
    });
    const answer = await openFetch()(server.url, { redirect: 'follow', headers: { authorization: 'Bearer x' } });
    expect(answer.ok && answer.value.text()).toBe('Bearer x');
  });

  it.each([307, 308])('takes no body to another origin: %d', async (status) => {
    const hits: unknown[] = [];
    const other = await serve((_, response) => void (hits.push(1), response.end()));
    const server = await serve((_, response) => void response.writeHead(status, { location: other.url }).end());
    const answer = await openFetch()(server.url, { method: 'POST', body: 'client_secret=s3cret', redirect: 'follow' });
    expect(answer).toMatchObject({ refusal: { why: 'redirect', problem: 'body-to-another-origin' } });
    expect(hits).toEqual([]);
  });

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [302, 'PUT', 'PUT', 'body'],
    [307, 'POST', 'POST', 'body'],
  ])('%d makes of a %s a %s', async (status, method, nextMethod, nextBody) => {
    const server = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        if (request.url === '/') response.writeHead(status, { location: '/next' }).end();
        else response.end(`${request.method} ${body} ${request.headers['content-type'] ?? 'untyped'}`);
      });
    });
    const headers = { 'content-type': 'text/plain' };
    const answer = await openFetch()(server.url, { method, headers, body: 'body', redirect: 'follow' });
    const type = nextBody === '' ? 'untyped' : 'text/plain';
    expect(answer.ok && answer.value.text()).toBe(`${nextMethod} ${nextBody} ${type}`);
  });

  it('does not lead from https to http', async () => {
    const plain = await serve((_, response) => void response.end());
    const server = await serve(
      (_, response) => void response.writeHead(302, { location: plain.url }).end(),
      testCertificate,
    );
    const fetch = openFetch({ ca: testCertificate.cert });
    const answer = await fetch(server.url.replace('127.0.0.1', 'localhost'), { redirect: 'follow' });
    expect(answer).toMatchObject({ refusal: { why: 'redirect', problem: 'downgrade' } });
  });
});

describe('an answer', () => {
  const limit = kibibytes(64);

  it('may be as large as the limit', async () => {
    const server = await serve((_, response) => void response.end(Buffer.alloc(limit)));
    const answer = await openFetch({ maxBytes: limit })(server.url);
    expect(answer.ok && answer.value.body.length).toBe(limit);
  });

  it.each([
    ['says so', (length: number) => ({ 'content-length': String(length) })],
    ['does not say so', () => ({ 'transfer-encoding': 'chunked' })],
  ])('that is larger is refused when it %s', async (_, headers) => {
    const server = await serve((_, response) => {
      response.writeHead(200, headers(limit + 1));
      response.end(Buffer.alloc(limit + 1));
    });
    expect(await openFetch({ maxBytes: limit })(server.url)).toEqual({
      ok: false,
      refusal: { why: 'too-large', host: '127.0.0.1', port: server.port, limit },
    });
  });

  it('that is larger is cut where that is asked for, and says so', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/gzip') {
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(randomBytes(limit * 2));
      }
      for (let sent = 0; sent < limit; sent += 1000) response.write(Buffer.alloc(1000, 'x'));
      response.end(request.url === '/more' ? 'more' : '');
    });
    const fetch = openFetch();
    const get = (path: string, maxBytes: number) =>
      fetch(`${server.url}${path}`, { maxBytes: bytes(maxBytes), oversize: 'cut' });
    const whole = 66_000;
    expect(await get('/', whole)).toMatchObject({ value: { isCut: false, body: { length: whole } } });
    expect(await get('/more', whole)).toMatchObject({ value: { isCut: true, body: { length: whole } } });
    expect(await get('/', 10)).toMatchObject({ value: { isCut: true, body: Buffer.from('xxxxxxxxxx') } });
    expect(await get('/gzip', 10)).toMatchObject({ refusal: { why: 'too-large', limit: 10 } });
  });

  it('that never ends is cut off, and its connection with it', async () => {
    const closed = Promise.withResolvers<void>();
    const server = await serve((_, response) => {
      response.on('close', closed.resolve);
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) {
          // Until the other side is full.
        }
        response.once('drain', pour);
      };
      pour();
    });
    expect(await openFetch({ maxBytes: limit })(server.url)).toMatchObject({ refusal: { why: 'too-large' } });
    await closed.promise;
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('that was encoded unasked is decoded, and its limit counts what comes out: %s', async (encoding, compress) => {
    const server = await serve((request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(compress(request.url === '/bomb' ? Buffer.alloc(20_000_000) : Buffer.from('{"small":true}')));
    });
    const fetch = openFetch({ maxBytes: limit });
    const small = await fetch(server.url);
    expect(small.ok && small.value.text()).toBe('{"small":true}');
    expect(await fetch(`${server.url}/bomb`)).toMatchObject({ refusal: { why: 'too-large', limit } });
  });

  it.each([
    ['two encodings on one another', 'gzip, gzip', gzipSync(gzipSync('x')), 'CONTENT_ENCODING'],
    ['an encoding that nobody knows', 'zstd-9000', Buffer.from('x'), 'CONTENT_ENCODING'],
    ['an encoding called like a part of every object', 'constructor', Buffer.from('x'), 'CONTENT_ENCODING'],
    ['an encoding that it does not have', 'gzip', Buffer.from('not gzip'), 'Z_DATA_ERROR'],
  ])('with %s is refused', async (_, encoding, body, code) => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(body);
    });
    expect(await openFetch()(server.url)).toMatchObject({ refusal: { why: 'bad-answer', code } });
  });

  it('to HEAD may have the length of what it does not bring', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '99999999', 'content-encoding': 'gzip' }).end();
    });
    const answer = await openFetch({ maxBytes: bytes(10) })(server.url, { method: 'HEAD' });
    expect(answer.ok && answer.value.body.length).toBe(0);
  });

  it.each([
    ['is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /^HTTPParserError$/],
    ['breaks off in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', /^UND_ERR_SOCKET$/],
    ['breaks off before it begins', '', /^UND_ERR_SOCKET$/],
    ['has too many headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}\r\n`, /^UND_ERR_HEADERS_OVERFLOW$/],
    [
      'has two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      /^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/,
    ],
  ])('that %s is refused', async (_, said, code) => {
    const url = await serveBytes((socket) => socket.end(said));
    expect(await openFetch()(url)).toMatchObject({
      refusal: { why: 'bad-answer', host: '127.0.0.1', code: expect.stringMatching(code) },
    });
  });
});

describe('the deadline', () => {
  // Long enough for a busy machine to get as far as the phase that each test is about.
  const timeout = milliseconds(400);

  it.each([
    ['connection that says nothing', 'headers', () => undefined],
    [
      'trickle of headers',
      'headers',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('x: y\r\n'), 10);
        socket.once('close', () => clearInterval(drip));
      },
    ],
    [
      'stream of interim answers',
      'headers',
      (socket: Socket) => {
        const drip = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 10);
        socket.once('close', () => clearInterval(drip));
      },
    ],
    [
      'trickle of a body',
      'body',
      (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
        const drip = setInterval(() => socket.write('x'), 10);
        socket.once('close', () => clearInterval(drip));
      },
    ],
  ])('ends a %s', async (_, phase, speak) => {
    const url = await serveBytes(speak);
    expect(await openFetch({ timeout })(url)).toMatchObject({
      refusal: { why: 'timeout', host: '127.0.0.1', limit: timeout, phase, sent: true },
    });
  });

  it('counts over all hops', async () => {
    const server = await serve((_, response) => {
      setTimeout(() => response.writeHead(302, { location: '/again' }).end(), 150);
    });
    const answer = await openFetch({ timeout })(server.url, { redirect: 'follow' });
    expect(answer).toMatchObject({ refusal: { why: 'timeout', limit: timeout } });
  });

  it('ends a resolver that does not answer, before anything is sent', async () => {
    const fetch = openFetch({ timeout, lookup: () => new Promise(() => undefined) });
    expect(await fetch('http://silent.example/')).toMatchObject({
      refusal: { why: 'timeout', host: 'silent.example', phase: 'connect', sent: false },
    });
  });

  it('may be another for one call', async () => {
    const url = await serveBytes(() => undefined);
    expect(await openFetch()(url, { timeout })).toMatchObject({ refusal: { why: 'timeout', limit: timeout } });
  });
});

describe('a call', () => {
  it('is given up when its signal says so, before or while it waits', async () => {
    const controller = new AbortController();
    const url = await serveBytes(() => controller.abort());
    const fetch = openFetch();
    expect(await fetch(url, { signal: AbortSignal.abort() })).toEqual({
      ok: false,
      refusal: { why: 'aborted', by: 'caller', sent: false },
    });
    expect(await fetch(url, { signal: controller.signal })).toEqual({
      ok: false,
      refusal: { why: 'aborted', by: 'caller', sent: true },
    });
  });

  it('ends when the fetch is closed, and none begins after', async () => {
    const reached = Promise.withResolvers<void>();
    const url = await serveBytes(() => reached.resolve());
    const fetch = openFetch();
    const waiting = fetch(url);
    await reached.promise;
    await fetch.close();
    expect(await waiting).toEqual({ ok: false, refusal: { why: 'aborted', by: 'close', sent: true } });
    expect(await fetch(url)).toEqual({ ok: false, refusal: { why: 'aborted', by: 'close', sent: false } });
  });

  it('says that a name or a port leads nowhere', async () => {
    const server = await startServer((_, response) => void response.end());
    await server[Symbol.asyncDispose]();
    const lookup = async () => {
      throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    };
    expect(await openFetch()(server.url)).toEqual({
      ok: false,
      refusal: { why: 'connect', host: '127.0.0.1', port: server.port, code: 'ECONNREFUSED' },
    });
    expect(await openFetch({ lookup })('http://nowhere.example/')).toEqual({
      ok: false,
      refusal: { why: 'dns', host: 'nowhere.example', code: 'ENOTFOUND' },
    });
    expect(await openFetch({ lookup: async () => [] })('http://nowhere.example/')).toMatchObject({
      refusal: { why: 'dns', code: 'ENODATA' },
    });
  });
});

describe('a refusal', () => {
  it('holds no secret of the request: no path, query, header or body', async () => {
    const secret = 's3cret';
    const request = {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'x-key': secret },
      body: secret,
      timeout: milliseconds(60),
      maxBytes: bytes(3),
    };
    const silent = await serveBytes(() => undefined);
    const broken = await serveBytes((socket) => socket.end(secret));
    const large = await serve((_, response) => void response.end(secret));
    const away = await serve(
      (_, response) => void response.writeHead(307, { location: `https://${secret}@a.example/${secret}` }).end(),
    );
    const path = `/${secret}?q=${secret}`;
    const fetch = openFetch();
    const refusals = await Promise.all([
      ...[silent, broken, large.url, away.url, 'http://127.0.0.2', `http://${secret}:${secret}@localhost`].map((url) =>
        fetch(url + path, request),
      ),
      fetch(`http://[${secret}]`, request),
      fetch(silent + path, { ...request, headers: { 'x-key': `${secret}\n` } }),
      fetch(silent + path, { ...request, method: `${secret} ` }),
      fetch(silent + path, { ...request, redirect: 'follow', signal: AbortSignal.abort(secret) }),
    ]);
    expect(refusals.map((answer) => !answer.ok && answer.refusal.why)).toEqual([
      'timeout',
      'bad-answer',
      'too-large',
      'redirect',
      'blocked-address',
      'bad-url',
      'bad-url',
      'bad-request',
      'bad-request',
      'aborted',
    ]);
    for (const answer of refusals) {
      if (answer.ok) continue;
      expect(JSON.stringify(answer.refusal) + explainNetRefusal(answer.refusal)).not.toContain(secret);
    }
  });
});
