import { type Bytes, type Milliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import type { Agent, Dispatcher } from 'undici';
import { errorCode } from './error-code.ts';
import { RefusedConnection } from './guarded-connections.ts';
import type { NetRefusal } from './net-refusal.ts';

/** One request to one origin, checked and complete. */
export interface HopRequest {
  readonly url: URL;
  readonly port: number;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
  /** What is left of the call's time, and the whole of it for the refusal. */
  readonly timeLeft: number;
  readonly timeout: Milliseconds;
  readonly maxBytes: Bytes;
  /** Whether a longer body is given as far as it goes, instead of being refused. */
  readonly cuts: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface HopAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  /** That the body goes on after what is here. */
  readonly isCut: boolean;
}

type AnswerHeaders = Record<string, string | string[] | undefined>;

/** Sends one request and reads the whole answer within its time and size. Follows nothing. */
export async function sendHop(agent: Agent, request: HopRequest): Promise<Result<HopAnswer, NetRefusal>> {
  const answer = await new Promise<Result<HopAnswer, NetRefusal>>((settle) => {
    const hop = new Hop(request, settle);
    const { url, method, headers, body = null } = request;
    try {
      agent.dispatch({ origin: url.origin, path: url.pathname + url.search, method, headers, body }, hop);
    } catch (error) {
      hop.fail(error);
    }
  });
  if (!answer.ok || answer.value.headers['content-encoding'] === undefined) return answer;
  // The beginning of what was encoded need not be the encoded beginning.
  return answer.value.isCut ? refuse(tooLarge(request)) : decode(answer.value, request);
}

/** Collects one answer. The deadline counts from now until the last byte, so a slow trickle does not stretch it. */
class Hop implements Dispatcher.DispatchHandler {
  readonly #request: HopRequest;
  readonly #settle: (outcome: Result<HopAnswer, NetRefusal>) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: AnswerHeaders = {};
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;
  #size = 0;

  constructor(request: HopRequest, settle: (outcome: Result<HopAnswer, NetRefusal>) => void) {
    this.#request = request;
    this.#settle = settle;
    this.#timer = setTimeout(() => this.#timeout(), Math.max(0, request.timeLeft));
    request.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection: nothing has been written yet, and nothing will be.
    if (this.#settled) controller.abort(new Error('given up'));
    else this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const { method, cuts, maxBytes } = this.#request;
    if (!cuts && method !== 'HEAD' && Number(headers['content-length']) > maxBytes)
      this.#giveUp(tooLarge(this.#request));
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#size += chunk.length;
    if (this.#size > this.#request.maxBytes) this.#overflow(chunk);
    else if (this.#first === undefined) this.#first = chunk;
    else if (this.#rest === undefined) this.#rest = [this.#first, chunk];
    else this.#rest.push(chunk);
  }

  onResponseEnd(): void {
    const body = this.#rest === undefined ? (this.#first ?? Buffer.alloc(0)) : Buffer.concat(this.#rest, this.#size);
    this.#finish(ok({ status: this.#status, headers: this.#headers, body, isCut: false }));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    this.#finish(refuse(readError(error, this.#request, this.#controller !== undefined)));
  }

  #overflow(last: Buffer): void {
    const { cuts, maxBytes } = this.#request;
    if (!cuts) return this.#giveUp(tooLarge(this.#request));
    const read = this.#rest ?? (this.#first === undefined ? [] : [this.#first]);
    const body = Buffer.concat([...read, last], maxBytes);
    this.#end(ok({ status: this.#status, headers: this.#headers, body, isCut: true }));
  }

  #timeout(): void {
    const { url, port, timeout } = this.#request;
    const phase = this.#controller === undefined ? 'connect' : this.#status === 0 ? 'headers' : 'body';
    const sent = this.#controller !== undefined;
    this.#giveUp({ why: 'timeout', host: url.hostname, port, limit: timeout, phase, sent });
  }

  readonly #abort = (): void => this.#giveUp({ why: 'aborted', by: 'caller', sent: this.#controller !== undefined });

  #giveUp(refusal: NetRefusal): void {
    this.#end(refuse(refusal));
  }

  /** With this outcome, whatever else the other side would send. */
  #end(outcome: Result<HopAnswer, NetRefusal>): void {
    this.#finish(outcome);
    this.#controller?.abort(new Error('given up'));
  }

  #finish(outcome: Result<HopAnswer, NetRefusal>): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener('abort', this.#abort);
    this.#settle(outcome);
  }
}

function tooLarge({ url, port, maxBytes }: HopRequest): NetRefusal {
  return { why: 'too-large', host: url.hostname, port, limit: maxBytes };
}

function readError(error: unknown, request: HopRequest, sent: boolean): NetRefusal {
  if (error instanceof RefusedConnection) return error.refusal;
  const code = errorCode(error);
  const host = request.url.hostname;
  const port = request.port;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return { why: 'timeout', host, port, limit: request.timeout, phase: 'connect', sent: false };
  }
  if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') return { why: 'aborted', by: 'close', sent };
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return { why: 'bad-request', part: faultyPart(request) };
  }
  if (sent) return { why: 'bad-answer', host, port, code };
  // A socket's own errors look like ECONNREFUSED; what else fails before the request is sent, TLS said.
  const socket = code !== 'EPROTO' && /^(?:E[A-Z0-9]+|UND_ERR_[A-Z_]+)$/.test(code);
  return { why: socket || request.url.protocol === 'http:' ? 'connect' : 'tls', host, port, code };
}

/** Names the header that undici would not send, without its value. */
function faultyPart({ headers, method }: HopRequest): string {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return 'header name';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what RFC 9110 §5.5 forbids
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return `header ${name}`;
  }
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(method) ? 'header' : 'method';
}

/** Undoes an encoding that the other side chose although `identity` was asked for. Loaded when it happens: it hardly does. */
async function decode(answer: HopAnswer, request: HopRequest): Promise<Result<HopAnswer, NetRefusal>> {
  const { decodeBody } = await import('./decode-body.ts');
  const host = request.url.hostname;
  const { port, maxBytes } = request;
  const decoded = await decodeBody(answer.body, String(answer.headers['content-encoding']), maxBytes);
  if (decoded.ok) return ok({ ...answer, body: decoded.value });
  return decoded.refusal === 'ERR_BUFFER_TOO_LARGE'
    ? refuse(tooLarge(request))
    : refuse({ why: 'bad-answer', host, port, code: decoded.refusal });
}
