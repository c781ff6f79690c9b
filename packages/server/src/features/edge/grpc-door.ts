import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Result } from '@keyturn/protocol';
import { buildProblemBody, type Problem, problemContentType } from '../../http/problem.ts';
import type { Admission, DecideEdge, EdgeRequest } from './decision.ts';
import { readCheckRequest, writeAllowed, writeDenied } from './grpc-codec.ts';
import type { IsProxy } from './proxies.ts';

export interface GrpcDoorParts {
  readonly decide: DecideEdge;
  readonly isProxy: IsProxy;
  readonly allowed: (door: string) => void;
  readonly refused: (door: string, problem: Problem) => string;
}

export interface GrpcDoor {
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<string>;
  readonly close: () => Promise<void>;
}

const method = '/envoy.service.auth.v3.Authorization/Check';

/** A request that is larger is no request of Envoy's, whose headers end at 60 KiB by default. Bytes. */
const maxMessage = 1024 * 1024;

/** Status codes of gRPC. */
const codes = { ok: 0, invalidArgument: 3, permissionDenied: 7, unimplemented: 12, internal: 13 } as const;

/**
 * envoy.service.auth.v3.Authorization over gRPC: one unary method on node:http2, without a framework between
 * (docs/decisions/0024-grpc-without-a-framework.md has the figures). A refusal is an answer and no error: Envoy passes it on as it
 * is. Anything that is an error makes Envoy refuse, since its failure mode is closed.
 */
export function createGrpcDoor(parts: GrpcDoorParts): GrpcDoor {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    // A proxy that goes away in the middle of a question is nobody's error.
    stream.on('error', () => undefined);
    const { socket } = stream.session ?? {};
    if (socket === undefined || !parts.isProxy(socket)) return fail(stream, codes.permissionDenied);
    if (headers[':path'] !== method) return fail(stream, codes.unimplemented);
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxMessage) stream.close();
      else chunks.push(chunk);
    });
    stream.on('end', () => {
      if (isGone(stream)) return;
      const [first] = chunks;
      const message = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      check(stream, message, parts);
    });
    return undefined;
  });
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          const address = server.address();
          const taken = typeof address === 'object' && address !== null ? address.port : port;
          resolve(`http://${host.includes(':') ? `[${host}]` : host}:${taken}`);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

function check(stream: ServerHttp2Stream, message: Buffer, parts: GrpcDoorParts): void {
  const request = readFrame(message);
  if (request === undefined) return fail(stream, codes.invalidArgument);
  const tell = (outcome: Result<Admission, Problem>): void => {
    try {
      answer(stream, outcome.ok ? allow(outcome.value, parts) : deny(outcome.refusal, parts));
    } catch {
      // To the proxy a stream that is closed without an answer is a refusal.
      stream.close();
    }
  };
  try {
    const decided = parts.decide(request);
    if (decided instanceof Promise) void decided.then(tell, () => fail(stream, codes.internal));
    else tell(decided);
  } catch {
    fail(stream, codes.internal);
  }
}

function allow({ set, remove }: Admission, parts: GrpcDoorParts): Uint8Array {
  parts.allowed('grpc');
  return writeAllowed(set, remove);
}

function deny(problem: Problem, parts: GrpcDoorParts): Uint8Array {
  const requestId = parts.refused('grpc', problem);
  const headers = Object.entries({
    ...problem.headers,
    'content-type': problemContentType,
    'cache-control': 'no-store',
    'x-request-id': requestId,
  });
  return writeDenied(problem.status, headers, JSON.stringify(buildProblemBody(problem, requestId)));
}

/** One uncompressed message: a byte, its length, itself. gRPC over HTTP/2, “Length-Prefixed-Message”. */
function readFrame(message: Buffer): EdgeRequest | undefined {
  if (message.length < 5 || message[0] !== 0 || message.readUInt32BE(1) !== message.length - 5) return undefined;
  try {
    return readCheckRequest(message.subarray(5));
  } catch {
    return undefined;
  }
}

function answer(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (isGone(stream)) return;
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  stream.respond(responseHeaders, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    if (!isGone(stream)) stream.sendTrailers(okTrailers);
  });
  stream.end(frame);
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc' };
const okTrailers = { 'grpc-status': String(codes.ok) };

/** The proxy has given up, or we have: writing to such a stream throws. */
function isGone(stream: ServerHttp2Stream): boolean {
  return stream.closed || stream.destroyed;
}

/** An answer without a message: “Trailers-Only”. */
function fail(stream: ServerHttp2Stream, code: (typeof codes)[keyof typeof codes]): void {
  if (isGone(stream)) return;
  stream.respond({ ...responseHeaders, 'grpc-status': String(code) }, { endStream: true });
}
