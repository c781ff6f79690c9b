import type { ToolHints } from '../tool.ts';

/**
 * What a method says of an operation. RFC 9110 §9.2: GET, HEAD, OPTIONS and TRACE are safe, these and PUT and DELETE
 * idempotent. POST adds by its usual meaning, PUT and PATCH replace, DELETE removes.
 */
export function hintsOf(method: string): ToolHints {
  const readOnly = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'].includes(method);
  return {
    readOnly,
    destructive: ['PUT', 'PATCH', 'DELETE'].includes(method),
    idempotent: readOnly || method === 'PUT' || method === 'DELETE',
  };
}
