import { connect, type ClientHttp2Session } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ok, refuse } from '@keyturn/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckRequestSchema, CheckResponseSchema } from './generated/ext-authz_pb.ts';
import { createGrpcDoor, type GrpcDoor } from './grpc-door.ts';

let door: GrpcDoor;
let session: ClientHttp2Session;
let isProxy = true;
beforeAll(async () => {
  door = createGrpcDoor({
    decide: async ({ target }) => {
      if (target === '/broken') throw new Error('a bug');
      if (target === '/slow') await new Promise((resolve) => setTimeout(resolve, 30));
      return target === '/in'
        ? ok({ set: [['x-keyturn-user', 'john']], remove: ['x-keyturn-foo'] })
        : refuse({
            status: 401,
            code: 'invalid_token',
            title: 'No',
            detail: 'no',
            headers: { 'www-authenticate': 'Bearer' },
          });
    },
    isProxy: () => isProxy,
    allowed: () => undefined,
    refused: () => 'rid_1',
  });
  session = connect(await door.listen({ host: '127.0.0.1', port: 0 }));
});
afterAll(async () => {
  session.destroy();
  await door.close();
});

const check = '/envoy.service.auth.v3.Authorization/Check';

/** Sends bytes as one call and gives gRPC's status and the message. */
async function call(bytes: Uint8Array, path = check): Promise<{ status: string; message: Buffer }> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let status = '';
  stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? '')));
  stream.on('trailers', (headers) => (status = String(headers['grpc-status'] ?? '')));
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => (status = 'reset'));
  stream.end(bytes);
  await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  return { status, message: Buffer.concat(chunks).subarray(5) };
}

function framed(message: Uint8Array, { compressed = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const asking = (path: string) =>
  toBinary(
    CheckRequestSchema,
    create(CheckRequestSchema, { attributes: { request: { http: { method: 'GET', path } } } }),
  );

describe('the gRPC door', () => {
  it('answers Envoy’s question with an admission or a refusal, neither of which is an error', async () => {
    const admitted = await call(framed(asking('/in')));
    expect(admitted.status).toBe('0');
    expect(fromBinary(CheckResponseSchema, admitted.message).httpResponse.case).toBe('okResponse');
    const refused = await call(framed(asking('/out')));
    expect(refused.status).toBe('0');
    const { httpResponse } = fromBinary(CheckResponseSchema, refused.message);
    expect(httpResponse).toMatchObject({ case: 'deniedResponse', value: { status: { code: 401 } } });
  });

  it('answers what is no question with an error, on which Envoy refuses', async () => {
    expect((await call(framed(asking('/broken')))).status).toBe('13');
    expect((await call(framed(asking('/in')), '/other.Service/Check')).status).toBe('12');
    const odd = [
      Buffer.alloc(0),
      Buffer.from([0, 0]),
      framed(asking('/in'), { compressed: 1 }),
      framed(asking('/in'), { length: 3 }),
      framed(asking('/in'), { length: 4_000_000_000 }),
      Buffer.concat([framed(asking('/in')), framed(asking('/in'))]),
      framed(Uint8Array.of(0x0a, 0x7f, 0x01)),
    ];
    for (const bytes of odd) expect((await call(bytes)).status, bytes.toString('hex').slice(0, 20)).toBe('3');
    expect(['reset', '']).toContain((await call(Buffer.alloc(2 * 1024 * 1024))).status);
    expect((await call(framed(asking('/in')))).status).toBe('0');
  });

  it('outlives a proxy that gives up before the answer', async () => {
    const given = Array.from({ length: 20 }, async () => {
      const stream = session.request({ ':method': 'POST', ':path': check, 'content-type': 'application/grpc' });
      stream.on('error', () => undefined);
      stream.end(framed(asking('/slow')));
      await new Promise<void>((resolve) => {
        stream.once('close', () => resolve());
        setImmediate(() => stream.close(8));
      });
    });
    await Promise.all(given);
    // Until the answers, for which nobody waits any more, have been tried.
    await call(framed(asking('/slow')));
    expect((await call(framed(asking('/in')))).status).toBe('0');
  });

  it('answers nobody but the proxies that may ask', async () => {
    isProxy = false;
    expect((await call(framed(asking('/in')))).status).toBe('7');
    isProxy = true;
  });
});
