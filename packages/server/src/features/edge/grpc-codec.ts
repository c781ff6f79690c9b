import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { EdgeRequest } from './decision.ts';

/**
 * The few fields of envoy.service.auth.v3 that a check needs, read and written by their numbers (grpc/ext-authz.proto). The
 * generated code reads whole messages by reflection, which costs several times the check itself; a test holds the two to
 * each other.
 */

/** What a CheckRequest says. Throws on bytes that are no protobuf message. */
export function readCheckRequest(bytes: Uint8Array): EdgeRequest {
  const found = { method: '', target: '', rawHeaders: [] as string[], address: undefined as string | undefined };
  walk(bytes, {
    1: (attributes) =>
      walk(attributes, {
        // source.address.socket_address.address
        1: (source) =>
          walk(source, {
            1: (address) =>
              walk(address, { 1: (socket) => walk(socket, { 2: (text) => void (found.address = textOf(text)) }) }),
          }),
        4: (request) =>
          walk(request, {
            2: (http) =>
              walk(http, {
                2: (text) => void (found.method = textOf(text)),
                // Several headers of one name come joined by a comma, which no credential has.
                3: (entry) => readHeader(entry, found.rawHeaders),
                4: (text) => void (found.target = textOf(text)),
              }),
          }),
      }),
  });
  return found;
}

/** A CheckResponse that lets the request go on. Each header is set in place of the client's, never beside it. */
export function writeAllowed(
  set: readonly (readonly [name: string, value: string])[],
  remove: readonly string[],
): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork().join();
  writer.tag(3, WireType.LengthDelimited).fork();
  for (const header of set) writeHeader(writer, header);
  for (const name of remove) writer.tag(5, WireType.LengthDelimited).string(name);
  return writer.join().finish();
}

/** google.rpc.Code.PERMISSION_DENIED */
const permissionDenied = 7;

/** A CheckResponse that refuses: Envoy answers the client with this status, these headers and this body. */
export function writeDenied(
  status: number,
  headers: readonly (readonly [name: string, value: string])[],
  body: string,
): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(permissionDenied).join();
  writer.tag(2, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(status).join();
  for (const header of headers) writeHeader(writer, header);
  return writer.tag(3, WireType.LengthDelimited).string(body).join().finish();
}

/** HeaderValueOption in field 2: header (1) with key (1) and value (2), and append (2), a BoolValue that says false. */
function writeHeader(writer: BinaryWriter, [name, value]: readonly [name: string, value: string]): void {
  writer.tag(2, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(name);
  writer.tag(2, WireType.LengthDelimited).string(value);
  writer.join();
  writer.tag(2, WireType.LengthDelimited).fork().join();
  writer.join();
}

/** One entry of a map<string, string>. */
function readHeader(entry: Uint8Array, into: string[]): void {
  let [name, value] = ['', ''];
  walk(entry, { 1: (text) => void (name = textOf(text)), 2: (text) => void (value = textOf(text)) });
  into.push(name, value);
}

/** Hands each field that has a reader, and is bytes, to it; skips the rest. */
function walk(bytes: Uint8Array, readers: Readonly<Record<number, (bytes: Uint8Array) => void>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const read = type === WireType.LengthDelimited ? readers[field] : undefined;
    if (read === undefined) reader.skip(type, field);
    else read(reader.bytes());
  }
}

/** Short texts of ASCII for the most part. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
