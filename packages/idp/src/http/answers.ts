import type { FastifyReply } from 'fastify';

/** Keycloak's five shapes of an error body. Which one an endpoint uses is part of its contract with clients. */
export type ErrorBody =
  | { readonly error: string; readonly error_description?: string }
  | { readonly errorMessage: string; readonly params?: readonly string[] }
  | { readonly field: string; readonly errorMessage: string; readonly params: readonly string[] };

/** Answers with JSON and no charset, as Keycloak's error and token answers do. */
export function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').send(JSON.stringify(body));
}

/** An OAuth error at the token endpoint and its siblings: never cached (RFC 6749 §5.2). */
export function sendOAuthError(reply: FastifyReply, status: number, error: string, description?: string): FastifyReply {
  noStore(reply);
  return sendJson(reply, status, description === undefined ? { error } : { error, error_description: description });
}

/** `{"error": "HTTP 401 Unauthorized"}` and its like. */
export function sendPlainStatus(reply: FastifyReply, status: 400 | 401 | 403 | 404 | 405 | 415): FastifyReply {
  return sendJson(reply, status, { error: `HTTP ${status} ${reasons[status]}` });
}

const reasons = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  415: 'Unsupported Media Type',
} as const;

/** What no cache may keep: tokens and what leads to them. */
export function noStore(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
}
