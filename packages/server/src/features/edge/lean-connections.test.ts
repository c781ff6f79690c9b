import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openLeanConnections, readLeanRequest } from './lean-connections.ts';

const read = (text: string) => readLeanRequest(Buffer.from(text, 'latin1'), '/edge/');
const plain = 'GET /edge/envoy/x?y=1 HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer  abc \r\nContent-Length: 0\r\n\r\n';

describe('a request in the plain shape', () => {
  it('is read as it stands', () => {
    expect(read(plain)).toEqual({
      method: 'GET',
      url: '/edge/envoy/x?y=1',
      rawHeaders: ['Host', 'api', 'Authorization', 'Bearer  abc', 'Content-Length', '0'],
    });
    expect(read('GET /edge/envoy/x HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\n')?.rawHeaders).toEqual(['A', '1', 'A', '2']);
  });

  it.each([
    ['half of one', plain.slice(0, -2)],
    ['one and a half', `${plain}GET`],
    ['two', plain + plain],
    ['a body', plain.replace('Length: 0', 'Length: 1') + 'x'],
    ['a length that is not written 0', plain.replace('Length: 0', 'Length: 00')],
    ['two lengths', plain.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n')],
    ['chunks', plain.replace('Content-Length: 0', 'Transfer-Encoding: chunked')],
    ['chunks, oddly spelled', plain.replace('Content-Length: 0', 'transfer-ENCODING:\txchunked')],
    ['a line that ends in LF alone', plain.replace('Host: api\r\n', 'Host: api\n')],
    ['a CR in a value', plain.replace('api', 'a\rpi')],
    ['a byte beyond ASCII', plain.replace('api', 'é')],
    ['a tab in a value', plain.replace('api', 'a\tpi')],
    ['a NUL', plain.replace('api', 'a\0pi')],
    ['a folded line', plain.replace('Bearer', '\r\n Bearer')],
    ['a space before the colon', plain.replace('Host:', 'Host :')],
    ['a header without a name', plain.replace('Host:', ':')],
    ['a header without a colon', plain.replace('Host: api', 'Host api')],
    ['HTTP/1.0', plain.replace('HTTP/1.1', 'HTTP/1.0')],
    ['two spaces in the line', plain.replace('GET ', 'GET  ')],
    ['a whole URL', plain.replace('/edge', 'http://x/edge')],
    ['a path that is not ours', plain.replace('/edge', '/egde')],
    ['another path on the way to ours', plain.replace('/edge/', '/../edge/')],
    ['a wish to close', plain.replace('Host: api', 'Connection: close')],
    ['a wish for another protocol', plain.replace('Host: api', 'Upgrade: h2c')],
    ['an expectation', plain.replace('Host: api', 'Expect: 100-continue')],
    ['a head of 20 KiB', plain.replace('abc', 'a'.repeat(20_480))],
    ['no header', 'GET /edge/envoy/x HTTP/1.1\r\n\r\n'],
    ['nothing', ''],
    ['TLS', '\u0016\u0003\u0001\u0000\u00f8'],
  ])('is not %s, which is left to Node', (_what, text) => expect(read(text)).toBeUndefined());
});

let server: Server | undefined;
let close: (() => void) | undefined;
afterEach(async () => {
  close?.();
  const opened = server;
  server = undefined;
  if (opened !== undefined) await new Promise((resolve) => opened.close(resolve).closeAllConnections());
});

/** A server of Node's, which says what it got, with lean connections in front, which say “lean”. */
async function open(isOurs = true): Promise<(text: string | readonly string[]) => Promise<string>> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => response.end(`node ${request.method ?? ''} ${request.url ?? ''} ${body}`));
  });
  ({ close } = openLeanConnections(server, {
    isOurs: () => isOurs,
    prefix: '/edge/',
    answer: ({ url }) =>
      url.includes('other')
        ? undefined
        : Promise.resolve({
            status: 403,
            headers: [['x-url', url]],
            body: 'lean!!',
          }),
  }));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  return (text) =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(port, '127.0.0.1');
      let got = '';
      const pieces = typeof text === 'string' ? [text] : [...text];
      const next = (): void => {
        const piece = pieces.shift();
        if (piece === undefined) socket.end();
        else socket.write(piece, 'latin1');
      };
      socket.setNoDelay();
      socket.on('connect', next);
      socket.on('data', (piece: Buffer) => {
        got += piece.toString('latin1');
        next();
      });
      socket.on('close', () => resolve(got));
      socket.on('error', reject);
    });
}

function portOf(listening: Server | undefined): number {
  const address = listening?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a connection', () => {
  it('is answered here for as long as it asks in the plain shape, and by Node from the first that does not', async () => {
    const send = await open();
    const said = await send([
      plain,
      plain,
      'POST /edge/envoy/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi',
      plain,
    ]);
    expect(said.match(/HTTP\/1\.1 403 Forbidden/g)).toHaveLength(2);
    expect(said).toContain('node POST /edge/envoy/x hi');
    expect(said).toContain('node GET /edge/envoy/x?y=1');
  });

  it('is Node’s if it is for something else, in one piece or in many, with all that came', async () => {
    const send = await open();
    expect(await send('GET /api HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toContain('node GET /api');
    expect(await send('GET /edge/other HTTP/1.1\r\nHost: a\r\n\r\n')).toContain('node GET /edge/other');
    const large = 'x'.repeat(300_000);
    const post = `POST /api HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${large.length}\r\n\r\n${large}`;
    expect((await send(post)).endsWith(large)).toBe(true);
    expect(await send('nonsense\r\n\r\n')).toContain('400 Bad Request');
  });

  it('is Node’s if it is not from a proxy', async () => {
    const send = await open(false);
    expect(await send([plain])).toContain('node GET /edge/envoy/x?y=1');
  });

  it('may send its request in halves: Node puts them together', async () => {
    const send = await open();
    const socket = connect(portOf(server), '127.0.0.1');
    socket.setNoDelay();
    socket.write(plain.slice(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.write(plain.slice(20));
    const got = await new Promise<string>((resolve) =>
      socket.once('data', (piece: Buffer) => resolve(piece.toString())),
    );
    socket.destroy();
    expect(got).toContain('node GET');
    expect(await send(plain)).toContain('403 Forbidden');
  });
});
