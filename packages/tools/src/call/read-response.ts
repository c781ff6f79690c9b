import { isUtf8 } from 'node:buffer';
import { type Bytes, isJsonObject, type Json, type JsonObject, kibibytes } from '@keyturn/protocol';
import { kindOf } from '../catalogue/read-body.ts';
import type { Tool } from '../tool.ts';
import { type ArgumentFault, checkResult } from './check-arguments.ts';

/** An upstream's answer, read whole or as far as the caller of the network let it run. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: Uint8Array;
}

/** The answer as a caller gets it: exactly one of `text` and `binary`, unless there was no body. */
export interface ToolResult {
  readonly status: number;
  /** 2xx. */
  readonly ok: boolean;
  /** As the upstream said it, without parameters; `application/octet-stream` where it said nothing or lied. */
  readonly contentType: string;
  /** Of a JSON answer that was not cut: the value as it is. */
  readonly value?: Json;
  /** The same for MCP, which carries objects only: what is none, or may be none, is wrapped as `{ result: … }`. */
  readonly structured?: JsonObject;
  /** Where the answer is not what the document's schema says; only looked at for 2xx with an output schema. */
  readonly mismatch?: readonly ArgumentFault[];
  readonly text?: string;
  /** Bytes as base64, whole: bytes are not cut but left out where they are too many. */
  readonly binary?: string;
  /** Given where something was left out; the sentence also stands at the end of `text`. */
  readonly truncated?: { readonly bytes: number; readonly kept: number; readonly note: string };
}

export interface ReadOptions {
  /** The most that is handed out. Default 256 KiB. */
  readonly maxBytes?: Bytes;
}

/**
 * What an answer means. The content type is believed only as far as the bytes bear it out: "JSON" that does not parse
 * is text, and "text" that is no UTF-8 is bytes.
 */
export function readResponse(tool: Tool, response: UpstreamResponse, options: ReadOptions = {}): ToolResult {
  const limit = options.maxBytes ?? kibibytes(256);
  const { status, body } = response;
  const said = (response.headers.get('content-type')?.split(';')[0] ?? '').trim().toLowerCase();
  const succeeded = status >= 200 && status < 300;
  const base = {
    status,
    ok: succeeded,
    contentType: /^[\w.+-]+\/[\w.+-]+$/.test(said) ? said : 'application/octet-stream',
  };
  if (body.length === 0) return base;
  const text = readTextBody(body, said, response.headers.get('content-type'));
  if (text === undefined)
    return {
      ...base,
      contentType: kindOf(said) === 'binary' ? base.contentType : 'application/octet-stream',
      ...readBinary(body, limit),
    };
  const value = body.length > limit ? undefined : readJson(text, said);
  const shown = cut(text, body.length, limit);
  if (value === undefined) return { ...base, ...shown };
  // The schema, and so its wrapping, is that of a success; an error is handed on as it is.
  const wraps = !isJsonObject(value) || (succeeded && tool.wrapsResult);
  const structured: JsonObject = wraps ? { result: value } : value;
  const faults = succeeded ? checkResult(tool, structured) : [];
  return { ...base, value, structured, ...(faults.length === 0 ? {} : { mismatch: faults }), ...shown };
}

function readTextBody(body: Uint8Array, said: string, header: string | null): string | undefined {
  const kind = said === '' ? 'text' : kindOf(said);
  if (kind === 'binary' || kind === 'multipart') return undefined;
  const charset = /charset="?([\w-]+)/i.exec(header ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  const text = decodeText(body, charset);
  return text?.includes('\0') === true ? undefined : text;
}

/** The text without a byte order mark; undefined where the bytes are not what they are said to be. */
function decodeText(body: Uint8Array, charset: string): string | undefined {
  if (charset === 'utf-8' || charset === 'utf8') {
    if (!isUtf8(body)) return undefined;
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  }
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

function readJson(text: string, said: string): Json | undefined {
  if (said !== '' && kindOf(said) !== 'json') return undefined;
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

function readBinary(body: Uint8Array, limit: Bytes): Pick<ToolResult, 'binary' | 'text' | 'truncated'> {
  if (body.length <= limit) return { binary: Buffer.from(body).toString('base64') };
  const note = `[The answer is ${body.length} bytes of binary data, more than the ${limit} that are handed out, and was left out.]`;
  return { text: note, truncated: { bytes: body.length, kept: 0, note } };
}

function cut(text: string, size: number, limit: Bytes): Pick<ToolResult, 'text' | 'truncated'> {
  if (size <= limit) return { text };
  const kept = Buffer.from(text, 'utf8')
    .subarray(0, limit)
    .toString('utf8')
    .replace(/\ufffd$/, '');
  const note = `[Cut: the first ${limit} of ${size} bytes are shown.]`;
  return { text: `${kept}\n${note}`, truncated: { bytes: size, kept: limit, note } };
}
