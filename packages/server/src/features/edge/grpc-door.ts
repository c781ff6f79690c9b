import { createServer, type ServerHttp2Session } from 'node:http2';
import { create } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { buildProblemBody, type Problem, problemContentType } from '../../http/problem.ts';
import type { Admission, DecideEdge } from './decision.ts';
import { Authorization, type CheckRequest, type CheckResponse, CheckResponseSchema } from './generated/ext-authz_pb.ts';
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

/** google.rpc.Code */
const granted = 0;
const permissionDenied = 7;

/** envoy.service.auth.v3.Authorization over gRPC. A refusal is an answer, not an error: Envoy passes it on as it is. */
export function createGrpcDoor(parts: GrpcDoorParts): GrpcDoor {
  const handler = connectNodeAdapter({
    grpc: true,
    grpcWeb: false,
    connect: false,
    routes: (router) => {
      router.service(Authorization, { check: (request) => check(request, parts) });
    },
  });
  const server = createServer((request, response) => {
    if (parts.isProxy(request.socket)) handler(request, response);
    // To Envoy that is an authorizer which cannot be reached, and it refuses.
    else request.stream.close();
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
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

async function check({ attributes }: CheckRequest, parts: GrpcDoorParts): Promise<CheckResponse> {
  const http = attributes?.request?.http;
  const rawHeaders: string[] = [];
  // Several headers of one name come joined by a comma, which no credential has.
  for (const [name, value] of Object.entries(http?.headers ?? {})) rawHeaders.push(name, value);
  const outcome = await parts.decide({
    method: http?.method ?? '',
    target: http?.path ?? '',
    rawHeaders,
    address: attributes?.source?.address?.socketAddress?.address,
  });
  if (!outcome.ok) return deny(outcome.refusal, parts.refused('grpc', outcome.refusal));
  parts.allowed('grpc');
  return allow(outcome.value);
}

function allow({ set, remove }: Admission): CheckResponse {
  return create(CheckResponseSchema, {
    status: { code: granted },
    httpResponse: { case: 'okResponse', value: { headers: set.map(asSet), headersToRemove: [...remove] } },
  });
}

function deny(problem: Problem, requestId: string): CheckResponse {
  const headers = Object.entries({
    ...problem.headers,
    'content-type': problemContentType,
    'cache-control': 'no-store',
    'x-request-id': requestId,
  });
  return create(CheckResponseSchema, {
    status: { code: permissionDenied },
    httpResponse: {
      case: 'deniedResponse',
      value: {
        status: { code: problem.status },
        headers: headers.map(asSet),
        body: JSON.stringify(buildProblemBody(problem, requestId)),
      },
    },
  });
}

/** Instead of the client's header of this name, never beside it. */
function asSet([key, value]: readonly [name: string, value: string]) {
  return { header: { key, value }, append: false };
}
