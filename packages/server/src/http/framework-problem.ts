import type { FastifyError } from 'fastify';
import type { Problem } from './problem.ts';

/** Fastify's own refusals as problems; anything else is our fault, and its text stays in the log. */
export function problemOfError(error: FastifyError, bodyLimit: number): Problem {
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
      return { status: 400, code: 'invalid_request', title: 'The request cannot be read', detail: error.message };
    case 414:
      return { status: 414, code: 'uri_too_long', title: 'The path is too long', detail: error.message };
    default:
      return {
        status: 500,
        code: 'internal_error',
        title: 'Keyturn failed',
        detail: 'The log has the details under this request id.',
      };
  }
}
