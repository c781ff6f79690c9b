import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type Bytes, ok, type Result, refuse } from '@keyturn/protocol';
import { errorCode } from './error-code.ts';

type Decoder = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const decoders: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', promisify<Buffer, object, Buffer>(gunzip)],
  ['x-gzip', promisify<Buffer, object, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, object, Buffer>(inflate)],
  ['br', promisify<Buffer, object, Buffer>(brotliDecompress)],
]);

/**
 * Undoes a `Content-Encoding`. The cap holds for what comes out, so that a few kilobytes cannot become gigabytes;
 * several encodings on one another are refused. The refusal is an error code: `ERR_BUFFER_TOO_LARGE` past the cap.
 */
export async function decodeBody(body: Buffer, encoding: string, maxBytes: Bytes): Promise<Result<Buffer, string>> {
  const name = encoding.trim().toLowerCase();
  if (name === 'identity' || name === '' || body.length === 0) return ok(body);
  const decoder = decoders.get(name);
  if (decoder === undefined) return refuse('CONTENT_ENCODING');
  try {
    return ok(await decoder(body, { maxOutputLength: Math.max(1, maxBytes) }));
  } catch (error) {
    return refuse(errorCode(error));
  }
}
