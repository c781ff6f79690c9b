// A yardstick: the same transport by @grpc/grpc-js, which allows everything and looks at nothing but the message.
import { fromBinary, toBinary, create } from '@bufbuild/protobuf';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '../../packages/server/src/features/edge/generated/ext-authz_pb.ts';

const answer = create(CheckResponseSchema, {
  status: { code: 0 },
  httpResponse: { case: 'okResponse', value: { headers: [], headersToRemove: [] } },
});

const server = new Server();
server.addService(
  {
    check: {
      path: '/envoy.service.auth.v3.Authorization/Check',
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes: Buffer): CheckRequest => fromBinary(CheckRequestSchema, bytes),
      requestSerialize: (request: CheckRequest): Buffer => Buffer.from(toBinary(CheckRequestSchema, request)),
      responseSerialize: (response: CheckResponse): Buffer => Buffer.from(toBinary(CheckResponseSchema, response)),
      responseDeserialize: (bytes: Buffer): CheckResponse => fromBinary(CheckResponseSchema, bytes),
    },
  },
  { check: (_call: unknown, reply: (error: null, value: CheckResponse) => void) => reply(null, answer) },
);
server.bindAsync(`127.0.0.1:${process.argv[2] ?? '0'}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
