import type { FastifyError } from 'fastify';
import type { Socket } from 'node:net';
import { buildProblemBody, type Problem, problemContentType } from './problem.ts';

/**
 * Thrown where a row of the audit could not be written: a full or broken disk, a database that does not answer. The call
 * fails then, whatever it has done, since nobody could tell of it afterwards. Checking tokens needs no row and goes on.
 */
export class AuditUnwritable extends Error {
  constructor(cause: unknown) {
    super('the audit could not be written', { cause });
  }
}

/** Fastify's own refusals as problems; anything else is our fault, and its text stays in the log. */
export function problemOfError(error: FastifyError, bodyLimit: number): Problem {
  if (error instanceof AuditUnwritable) {
    return {
      status: 503,
      code: 'audit_unavailable',
      title: 'What happens cannot be recorded now',
      detail: 'No answer leaves without its audit row, and it could not be written. The call may have had its effect.',
      headers: { 'retry-after': '10' },
    };
  }
  switch (error.statusCode) {
    case 413:
      return {
        status: 413,
        code: 'body_too_large',
        title: 'The body is too large',
        detail: `At most ${bodyLimit} bytes are read (http.bodyLimit).`,
      };
    case 415:
      return {
        status: 415,
        code: 'unsupported_media_type',
        title: 'This content type is not understood',
        detail: 'Send application/json.',
      };
    case 400:
      return { status: 400, code: 'invalid_request', title: 'The request cannot be read', detail: wordsOf(error) };
    case 414:
      return {
        status: 414,
        code: 'uri_too_long',
        title: 'The path is too long',
        detail: 'One part of the path is longer than 256 characters.',
      };
    default:
      return {
        status: 500,
        code: 'internal_error',
        title: 'Keyturn failed',
        detail: 'The log has the details under this request id.',
      };
  }
}

/** Where no route has answered: there is no such path, or it answers other methods (RFC 9110 §15.5.6). */
export function noRoute(method: string, allowed: readonly string[]): Problem {
  if (allowed.length === 0) {
    const detail = `No route answers ${method} on this path.`;
    return { status: 404, code: 'not_found', title: 'There is nothing here', detail };
  }
  const allow = allowed.join(', ');
  return {
    status: 405,
    code: 'method_not_allowed',
    title: 'This path does not answer this method',
    detail: `It answers ${allow}.`,
    headers: { allow },
  };
}

/** Fastify's words, where they are true: its JSON parser says the same of a member that it will not have. */
function wordsOf(error: FastifyError): string {
  if (error.code === 'FST_ERR_BAD_URL') return 'The path is not percent-encoded as RFC 3986 says.';
  if (error.code === 'FST_ERR_CTP_INVALID_JSON_BODY' || error.name === 'SyntaxError') {
    return 'The body is not valid JSON, or an object in it has a member named __proto__ or constructor.';
  }
  return error.message;
}

/** On every answer: its id; and answers are about one caller, so nothing on the way may keep them or guess their type. */
export function commonHeaders(requestId: string): Record<string, string> {
  return { 'x-request-id': requestId, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
}

/** Answers what is no HTTP request, as far as the connection still takes an answer, and closes it. */
export function refuseConnection(socket: Socket, code: string | undefined, requestId: string): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem: Problem =
    code === 'HPE_HEADER_OVERFLOW'
      ? {
          status: 431,
          code: 'headers_too_large',
          title: 'The headers are too large',
          detail: 'All headers together may have 16 KiB.',
        }
      : {
          status: code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400,
          code: 'invalid_request',
          title: 'The request cannot be read',
          detail: 'This is no HTTP/1.1 request that can be read in one way only, or it did not arrive in time.',
        };
  const body = JSON.stringify(buildProblemBody(problem, requestId));
  const headers = {
    ...commonHeaders(requestId),
    'content-type': problemContentType,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} Refused\r\n${lines.join('')}\r\n${body}`);
}
