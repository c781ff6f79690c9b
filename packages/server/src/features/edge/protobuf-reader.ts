/**
 * Reads messages of Protocol Buffers by the numbers of their fields, in place: no copy of a nested message, no object for
 * each. For one message that is read a thousand times a second; elsewhere there is generated code.
 * https://protobuf.dev/programming-guides/encoding
 */

/** What is done with the bytes of one field, which are those from `start` to `end`. */
export type FieldReader<Into> = (bytes: Buffer, start: number, end: number, into: Into) => void;

/** Readers by field number. Fields without one are skipped, and so are those that are not a length and bytes. */
export type Fields<Into> = Readonly<Record<number, FieldReader<Into>>>;

/** A field that is a message. */
export function message<Into>(fields: Fields<Into>): FieldReader<Into> {
  return (bytes, start, end, into) => readFields(bytes, fields, into, start, end);
}

/** A field that is a string. */
export function text<Into>(keep: (into: Into, value: string) => void): FieldReader<Into> {
  return (bytes, start, end, into) => keep(into, bytes.toString('utf8', start, end));
}

/** Throws a RangeError on bytes that are no message. */
export function readFields<Into>(bytes: Buffer, fields: Fields<Into>, into: Into, from = 0, end = bytes.length): void {
  for (let at = from; at < end; ) {
    const tag = readVarint(bytes, at, end);
    at = varintEnd(bytes, at);
    const type = tag & 7;
    if (type === wire.bytes) {
      const length = readVarint(bytes, at, end);
      const start = varintEnd(bytes, at);
      at = start + length;
      if (at <= end) fields[tag >>> 3]?.(bytes, start, at, into);
    } else if (type === wire.varint) {
      readVarint(bytes, at, end);
      at = varintEnd(bytes, at);
    } else if (type === wire.fixed64) at += 8;
    else if (type === wire.fixed32) at += 4;
    else throw new RangeError(`wire type ${type}`);
    if (at > end || tag >>> 3 === 0) throw new RangeError('no message');
  }
}

/** Groups (3 and 4) are older than any message that is read here. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The low 32 bits, which is all that a tag or a length may have; at most ten bytes. */
function readVarint(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let i = 0; i < 10 && at + i < end; i++) {
    const byte = bytes[at + i] ?? 0;
    if (i < 5) value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value >>> 0;
  }
  throw new RangeError('a number without an end');
}

function varintEnd(bytes: Buffer, at: number): number {
  let end = at;
  while ((bytes[end] ?? 0) >= 0x80) end += 1;
  return end + 1;
}
