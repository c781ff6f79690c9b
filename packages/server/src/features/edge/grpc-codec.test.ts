import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
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
    const read = readCheckRequest(Buffer.from(bytes));
    expect(read).toMatchObject({ method: 'POST', target: '/a?b=ü', address: '192.0.2.1' });
    expect(read.rawHeaders).toEqual(['authorization', 'Bearer x', 'x-empty', '', 'x-ü', 'ü']);
    expect(readCheckRequest(Buffer.alloc(0))).toEqual({ method: '', target: '', rawHeaders: [], address: undefined });
  });

  it('skips what it does not know, and refuses what is no message', () => {
    expect(readCheckRequest(Buffer.of(0x50, 0x01)).rawHeaders).toEqual([]);
    // 64 bits, 32 bits, and a number in the place of a message.
    const others = [
      0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x55, 1, 2, 3, 4, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
    ];
    expect(readCheckRequest(Buffer.from(others)).method).toBe('');
    for (const bytes of [
      [0x0a, 0x05, 0x01],
      [0x0a],
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x51, 0x01],
      [0x55, 0x01],
      Array.from({ length: 11 }, () => 0xff),
      [0x07],
      [0x0b, 0x0c],
      [0x00, 0x01],
      // A nested message that is longer than the one around it.
      [0x0a, 0x02, 0x0a, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01],
    ]) {
      expect(() => readCheckRequest(Buffer.from(bytes)), String(bytes)).toThrow(/./);
    }
  });

  it('reads any message as the generated code does, and neither hangs nor reads beyond the end of any bytes', () => {
    const headers = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }));
    const http = fc.record({ method: fc.string(), path: fc.string({ unit: 'grapheme' }), headers });
    fc.assert(
      fc.property(http, (asked) => {
        const bytes = toBinary(
          CheckRequestSchema,
          create(CheckRequestSchema, { attributes: { request: { http: asked } } }),
        );
        const read = readCheckRequest(Buffer.from(bytes));
        const { http: generated } = fromBinary(CheckRequestSchema, bytes).attributes?.request ?? {};
        expect([read.method, read.target]).toEqual([generated?.method, generated?.path]);
        const pairs = read.rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, read.rawHeaders[i + 1]]] : []));
        expect(Object.fromEntries(pairs)).toEqual(generated?.headers);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readCheckRequest(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
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

  it('writes what is frozen once, and a header to take away each time', () => {
    const set = Object.freeze([['x-keyturn-user', 'john']] as const);
    expect(writeAllowed(set, [])).toBe(writeAllowed(set, []));
    const { httpResponse } = fromBinary(CheckResponseSchema, writeAllowed(set, ['x-keyturn-foo']));
    expect(httpResponse.value).toMatchObject({ headersToRemove: ['x-keyturn-foo'] });
  });

  it('writes a refusal that the generated code reads', () => {
    const response = fromBinary(CheckResponseSchema, writeDenied(401, [['www-authenticate', 'Bearer']], '{}'));
    expect(response.status?.code).toBe(7);
    const value = response.httpResponse.case === 'deniedResponse' ? response.httpResponse.value : undefined;
    expect(value).toMatchObject({ status: { code: 401 }, body: '{}' });
    expect(value?.headers[0]?.header).toMatchObject({ key: 'www-authenticate', value: 'Bearer' });
  });
});
