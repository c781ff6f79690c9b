import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Soon } from '../../http/soon.ts';

/** A request without a body, as its line and headers have it. */
export interface LeanRequest {
  readonly method: string;
  /** As it came, with the query. */
  readonly url: string;
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[];
}

export interface LeanAnswer {
  readonly status: number;
  /** Without `content-length`, which the body gives. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface LeanParts {
  /** Whose connections are looked at at all. */
  readonly isOurs: (socket: Socket) => boolean;
  /** Only paths that begin so are read here. */
  readonly prefix: string;
  /** Undefined: not for us after all. */
  readonly answer: (request: LeanRequest, socket: Socket) => Soon<LeanAnswer> | undefined;
}

/** Longer heads go to Node, which refuses what is longer than its own limit (431). Characters. */
const longestHead = 16_384;
/** A connection that says nothing for so long, or twice it, is let go of. Proxies give up theirs much sooner. Milliseconds. */
const idle = 600_000;

/**
 * Reads requests from the connection itself, for those that ask the same short question a thousand times a second: Node's
 * own HTTP costs three times as much as the check (docs/decisions/0051-checks-are-read-from-the-connection.md).
 *
 * It reads one shape and no other: one whole GET-like request in one piece, HTTP/1.1, without a body, printable, below the
 * prefix. At the first piece that is anything else, in any way, the connection goes to Node with that piece and for good,
 * so that all that is unusual, hostile or broken is judged by Node's parser, as if this were not here.
 */
export function openLeanConnections(server: Server, parts: LeanParts): { readonly close: () => void } {
  const others = server.listeners('connection');
  server.removeAllListeners('connection');
  const open = new Map<Socket, { busy: boolean; isHeard: boolean }>();
  let closing = false;

  // One look at them all: a timeout of each socket's own would be set anew twice with every check.
  const sweep = setInterval(() => {
    for (const [socket, state] of open) {
      if (!state.isHeard) socket.destroy();
      state.isHeard = false;
    }
  }, idle).unref();

  const handOver = (socket: Socket, piece: Buffer): void => {
    open.delete(socket);
    socket.pause();
    socket.unshift(piece);
    for (const listener of others) listener.call(server, socket);
    socket.resume();
  };

  server.on('connection', (socket: Socket) => {
    if (!parts.isOurs(socket)) {
      for (const listener of others) listener.call(server, socket);
      return;
    }
    const state = { busy: false, isHeard: true };
    open.set(socket, state);
    // A proxy that goes away is nobody's error.
    const onError = (): void => void socket.destroy();
    const onClose = (): void => void open.delete(socket);
    // Node's servers leave their half open when the other side has ended its own.
    const onEnd = (): void => {
      ended = true;
      if (!state.busy) socket.end();
    };
    let ended = false;
    const leave = (piece: Buffer): void => {
      socket.off('data', onData).off('error', onError).off('close', onClose).off('end', onEnd);
      handOver(socket, piece);
    };
    const reply = (request: LeanRequest, answer: LeanAnswer): void => {
      state.busy = false;
      if (socket.destroyed) return;
      socket.write(writeLeanAnswer(answer, request.method === 'HEAD'), 'latin1');
      if (closing || ended) socket.end();
    };
    const replyLater = async (request: LeanRequest, answered: Promise<LeanAnswer>): Promise<void> => {
      try {
        reply(request, await answered);
      } catch {
        // To the proxy a broken connection is a refusal.
        socket.destroy();
      }
    };
    const onData = (piece: Buffer): void => {
      state.isHeard = true;
      // Whoever asks again before the answer is none of the proxies that this is for.
      if (state.busy) {
        socket.destroy();
        return;
      }
      const request = readLeanRequest(piece, parts.prefix);
      if (request === undefined) {
        leave(piece);
        return;
      }
      try {
        const answered = parts.answer(request, socket);
        if (answered === undefined) leave(piece);
        else if (answered instanceof Promise) {
          state.busy = true;
          void replyLater(request, answered);
        } else reply(request, answered);
      } catch {
        socket.destroy();
      }
    };
    socket.on('data', onData).on('error', onError).on('close', onClose).on('end', onEnd);
  });

  return {
    close() {
      closing = true;
      clearInterval(sweep);
      for (const [socket, { busy }] of open) if (!busy) socket.destroy();
    },
  };
}

/** Line and headers of printable ASCII, and nothing behind them. RFC 9112 §3 and §5, and far less than these allow. */
const shape = /^[A-Z]{1,10} \/[\x21-\x7e]* HTTP\/1\.1\r\n(?:[A-Za-z0-9_-]+:[\x20-\x7e]*\r\n)+\r\n$/;

/** The request, if this piece of a connection is exactly one of the plain shape. */
export function readLeanRequest(piece: Buffer, prefix: string): LeanRequest | undefined {
  if (piece.length > longestHead) return undefined;
  const text = piece.toString('latin1');
  if (!shape.test(text)) return undefined;
  const endOfMethod = text.indexOf(' ');
  if (!text.startsWith(prefix, endOfMethod + 1)) return undefined;
  const endOfUrl = text.indexOf(' ', endOfMethod + 1);
  const rawHeaders: string[] = [];
  for (let at = text.indexOf('\r\n') + 2; at < text.length - 2; ) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r\n', colon);
    const name = text.slice(at, colon);
    const value = text.slice(colon + 1, end).trim();
    if (needsNode(name, value)) return undefined;
    rawHeaders.push(name, value);
    at = end + 2;
  }
  return { method: text.slice(0, endOfMethod), url: text.slice(endOfMethod + 1, endOfUrl), rawHeaders };
}

/** Headers that say something of the message or the connection, which is for Node to act on. */
function needsNode(name: string, value: string): boolean {
  switch (name.length) {
    case 2: // TE
    case 6: // Expect
      return name.toLowerCase() === 'te' || name.toLowerCase() === 'expect';
    case 7: // Upgrade, Trailer
      return ['upgrade', 'trailer'].includes(name.toLowerCase());
    case 10: // Connection, Keep-Alive
      return name.toLowerCase() === 'connection' && value.toLowerCase() !== 'keep-alive';
    case 14: // Content-Length
      return name.toLowerCase() === 'content-length' && value !== '0';
    case 17: // Transfer-Encoding
      return name.toLowerCase() === 'transfer-encoding';
    default:
      return false;
  }
}

/** No character of a value may end its line; what is put into it is ours or checked, and is looked at all the same. */
const printable = /^[\t\x20-\x7e\x80-\xff]*$/;

function writeLeanAnswer({ status, headers, body }: LeanAnswer, withoutBody: boolean): string {
  if (status === 200 && body === '') return admissionOf(headers);
  // Beyond ASCII a body is more bytes than characters.
  const bytes = Buffer.from(body, 'utf8').toString('latin1');
  const reason = STATUS_CODES[status] ?? 'Other';
  return `HTTP/1.1 ${status} ${reason}\r\n${linesOf(headers)}content-length: ${bytes.length}\r\n\r\n${withoutBody ? '' : bytes}`;
}

/** Answers of which the headers are frozen, and so come again as they are. */
const knownAdmissions = new WeakMap<LeanAnswer['headers'], string>();

function admissionOf(headers: LeanAnswer['headers']): string {
  const known = knownAdmissions.get(headers);
  if (known !== undefined) return known;
  const answer = `HTTP/1.1 200 OK\r\n${linesOf(headers)}content-length: 0\r\n\r\n`;
  if (Object.isFrozen(headers)) knownAdmissions.set(headers, answer);
  return answer;
}

function linesOf(headers: LeanAnswer['headers']): string {
  let lines = '';
  for (const [name, value] of headers) {
    if (!printable.test(value)) throw new TypeError(`the header ${name} would break its line`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
