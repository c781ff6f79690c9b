import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { CheckRequestSchema, CheckResponseSchema } from './generated/ext-authz_pb.ts';
import { readCheckRequest, writeAllowed, writeDenied } from './grpc-codec.ts';

describe('the codec', () => {
  it('reads of a request what the generated code reads', () => {
    const bytes = toBinary(
      CheckRequestSchema,
      create(CheckRequestSchema, {
        attributes: {
          source: { address: { socketAddress: { address: '192.0.2.1' } } },
          request: {
            http: { method: 'POST', path: '/a?b=ü', headers: { authorization: 'Bearer x', 'x-empty': '', 'x-ü': 'ü' } },
          },
        },
      }),
    );
    const read = readCheckRequest(bytes);
    expect(read).toMatchObject({ method: 'POST', target: '/a?b=ü', address: '192.0.2.1' });
    expect(read.rawHeaders).toEqual(['authorization', 'Bearer x', 'x-empty', '', 'x-ü', 'ü']);
    expect(readCheckRequest(new Uint8Array())).toEqual({ method: '', target: '', rawHeaders: [], address: undefined });
  });

  it('skips what it does not know, and refuses what is no message', () => {
    expect(readCheckRequest(Uint8Array.of(0x50, 0x01)).rawHeaders).toEqual([]);
    for (const bytes of [[0x0a, 0x05, 0x01], [0x0a], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x07]]) {
      expect(() => readCheckRequest(Uint8Array.from(bytes)), String(bytes)).toThrow(/./);
    }
  });

  it('writes an admission that the generated code reads', () => {
    const response = fromBinary(
      CheckResponseSchema,
      writeAllowed(
        [
          ['x-keyturn-user', 'jöhn'],
          ['a', ''],
        ],
        ['x-keyturn-foo'],
      ),
    );
    expect(response.status?.code).toBe(0);
    expect(response.httpResponse.case).toBe('okResponse');
    const value = response.httpResponse.case === 'okResponse' ? response.httpResponse.value : undefined;
    expect(value?.headers.map(({ header, append }) => [header?.key, header?.value, append])).toEqual([
      ['x-keyturn-user', 'jöhn', false],
      ['a', '', false],
    ]);
    expect(value?.headersToRemove).toEqual(['x-keyturn-foo']);
  });

  it('writes a refusal that the generated code reads', () => {
    const response = fromBinary(CheckResponseSchema, writeDenied(401, [['www-authenticate', 'Bearer']], '{}'));
    expect(response.status?.code).toBe(7);
    const value = response.httpResponse.case === 'deniedResponse' ? response.httpResponse.value : undefined;
    expect(value).toMatchObject({ status: { code: 401 }, body: '{}' });
    expect(value?.headers[0]?.header).toMatchObject({ key: 'www-authenticate', value: 'Bearer' });
  });
});
