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
  /** That the body goes on after what is here. */
  readonly isCut?: boolean;
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
  readonly truncated?: Truncated;
}

export interface Truncated {
  /** Of the answer as far as it is known: what the upstream said, or else what was read of it. */
  readonly bytes: number;
  readonly kept: number;
  readonly note: string;
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
  if (body.length === 0) return { ...base, ...readNothing(tool, succeeded) };
  const size = sizeOf(response);
  const isWhole = response.isCut !== true;
  const text = readTextBody(isWhole ? body : wholeCharacters(body), said, response.headers.get('content-type'));
  if (text === undefined)
    return {
      ...base,
      contentType: kindOf(said) === 'binary' ? base.contentType : 'application/octet-stream',
      ...readBinary(body, size, limit),
    };
  const value = !isWhole || body.length > limit ? undefined : readJson(text, said);
  const shown = cut(text, size, limit);
  if (value === undefined) return { ...base, ...shown };
  // The schema, and so its wrapping, is that of a success; an error is handed on as it is.
  const wraps = !isJsonObject(value) || (succeeded && tool.wrapsResult);
  const structured: JsonObject = wraps ? { result: value } : value;
  const faults = succeeded ? checkResult(tool, structured) : [];
  return { ...base, value, structured, ...(faults.length === 0 ? {} : { mismatch: faults }), ...shown };
}

/** Bytes of an answer: `said` where only what the upstream has said of it is known. */
interface Size {
  readonly bytes: number;
  readonly words: string;
  readonly isCut: boolean;
}

function sizeOf({ body, headers, isCut = false }: UpstreamResponse): Size {
  if (!isCut) return { bytes: body.length, words: `${body.length}`, isCut };
  const said = Number(headers.get('content-length') ?? Number.NaN);
  if (Number.isSafeInteger(said) && said > body.length) return { bytes: said, words: `${said}`, isCut };
  return { bytes: body.length, words: `more than ${body.length}`, isCut };
}

/** UTF-8 without the beginning of a character at its end. */
function wholeCharacters(body: Uint8Array): Uint8Array {
  let end = body.length;
  while (end > 0 && body.length - end < 4 && ((body[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  const lead = body[end - 1] ?? 0;
  const wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return body.length - end + 1 < wanted ? body.subarray(0, end - 1) : body;
}

/** An answer without a body is the null of a tool that has said that it may be. */
function readNothing(tool: Tool, succeeded: boolean): Pick<ToolResult, 'structured'> {
  if (!succeeded || !tool.wrapsResult) return {};
  const structured = { result: null };
  return checkResult(tool, structured).length === 0 ? { structured } : {};
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

function readBinary(
  body: Uint8Array,
  { bytes: size, words, isCut }: Size,
  limit: Bytes,
): Pick<ToolResult, 'binary' | 'text' | 'truncated'> {
  if (!isCut && size <= limit) return { binary: Buffer.from(body).toString('base64') };
  const note = `[The answer is ${words} bytes of binary data, more than the ${limit} that are handed out, and was left out.]`;
  return { text: note, truncated: { bytes: size, kept: 0, note } };
}

function cut(text: string, { bytes: size, words, isCut }: Size, limit: Bytes): Pick<ToolResult, 'text' | 'truncated'> {
  if (!isCut && size <= limit) return { text };
  const encoded = Buffer.from(text, 'utf8');
  const kept = wholeCharacters(encoded.subarray(0, limit));
  const note = `[Cut: the first ${kept.length} of ${words} bytes are shown.]`;
  return {
    text: `${Buffer.from(kept).toString('utf8')}\n${note}`,
    truncated: { bytes: size, kept: kept.length, note },
  };
}
