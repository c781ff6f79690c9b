import type { Json, JsonObject } from '@keyturn/protocol';
import type { ErrorCode } from '../errors.ts';

/**
 * What a caller sees of a refusal: a problem body by RFC 9457 with a stable `code` and a link into docs/errors.md.
 * `detail` is written for the caller: it holds no token, no secret, and nothing that only the operator may know.
 */
export interface Problem {
  readonly status: number;
  /** Stable, snake_case, documented in docs/errors.md: what a program branches on. */
  readonly code: ErrorCode;
  readonly title: string;
  readonly detail: string;
  /** Further members of the body, such as `errors` (each with its field) or `nearest`. */
  readonly facts?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  /** Not for the caller: whether an upstream may have acted on the call before it was given up. Default: it has not. */
  readonly upstream?: 'maybe-reached';
}

/** One faulty member of a request. */
export interface FieldFault {
  /** JSON Pointer into the body (RFC 6901), or `query.name`, `header.name`. */
  readonly field: string;
  readonly message: string;
}

export const problemContentType = 'application/problem+json';

/** The body of a problem. Members `type`, `title`, `status`, `detail`, `instance` are RFC 9457's, the rest extensions. */
export function buildProblemBody(problem: Problem, requestId: string): Record<string, Json | undefined> {
  return {
    // A relative reference: Keyturn serves the page itself.
    type: `/errors#${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    ...problem.facts,
  };
}

/** The problem of a body or query that breaks its schema: each fault is named, and nothing was stored. */
export function invalidRequest(errors: readonly FieldFault[]): Problem {
  return {
    status: 400,
    code: 'invalid_request',
    title: 'The request does not fit its schema',
    detail: errors.map((fault) => `${fault.field}: ${fault.message}`).join('; '),
    facts: { errors: errors.map((fault) => ({ ...fault })) },
  };
}
