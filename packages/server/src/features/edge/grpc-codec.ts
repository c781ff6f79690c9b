import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { EdgeRequest } from './decision.ts';
import { type Fields, message, readFields, text } from './protobuf-reader.ts';

/**
 * The few fields of envoy.service.auth.v3 that a check needs, read and written by their numbers (grpc/ext-authz.proto). The
 * generated code reads whole messages by reflection, which costs several times the check itself; a test holds the two to
 * each other.
 */

/** What a CheckRequest says. Throws on bytes that are no protobuf message. */
export function readCheckRequest(bytes: Buffer): EdgeRequest {
  const read: Reading = { method: '', target: '', rawHeaders: [], address: undefined, name: '', value: '' };
  readFields(bytes, checkRequest, read);
  const { method, target, rawHeaders, address } = read;
  return { method, target, rawHeaders, address };
}

interface Reading {
  method: string;
  target: string;
  readonly rawHeaders: string[];
  address: string | undefined;
  /** Of the header that is being read. */
  name: string;
  value: string;
}

/** One entry of a map<string, string>. Several headers of one name come joined by a comma, which no credential has. */
const header: Fields<Reading> = {
  1: text((read, name) => void (read.name = name)),
  2: text((read, value) => void (read.value = value)),
};

const http: Fields<Reading> = {
  2: text((read, method) => void (read.method = method)),
  3: (bytes, start, end, read) => {
    read.name = '';
    read.value = '';
    readFields(bytes, header, read, start, end);
    read.rawHeaders.push(read.name, read.value);
  },
  4: text((read, target) => void (read.target = target)),
};

const socketAddress: Fields<Reading> = { 2: text((read, address) => void (read.address = address)) };

/** attributes (1) with source.address.socket_address.address (1.1.1.2) and request.http (4.2). */
const checkRequest: Fields<Reading> = {
  1: message({
    1: message({ 1: message({ 1: message(socketAddress) }) }),
    4: message({ 2: message(http) }),
  }),
};

/** A CheckResponse that lets the request go on. Each header is set in place of the client's, never beside it. */
export function writeAllowed(
  set: readonly (readonly [name: string, value: string])[],
  remove: readonly string[],
): Uint8Array {
  // What is frozen comes again as it is, with every check of one caller.
  const known = remove.length === 0 ? knownAnswers.get(set) : undefined;
  if (known !== undefined) return known;
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).fork().join();
  writer.tag(3, WireType.LengthDelimited).fork();
  for (const header of set) writeHeader(writer, header);
  for (const name of remove) writer.tag(5, WireType.LengthDelimited).string(name);
  const answer = writer.join().finish();
  if (remove.length === 0 && Object.isFrozen(set)) knownAnswers.set(set, answer);
  return answer;
}

const knownAnswers = new WeakMap<Parameters<typeof writeAllowed>[0], Uint8Array>();

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
