import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Verifier } from '../verdict.ts';
import { checkRequest } from './node.ts';
import type { ProtectOptions } from './request.ts';
import { checkAdapterOptions } from './request.ts';

export { principalOf } from './node.ts';
export type { ProtectOptions, RequestRefusal } from './request.ts';

/** A middleware for Express, Connect, and whatever else calls `(request, response, next)`. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Lets requests pass that bring a good token, and answers the others. `principalOf(request)` tells who calls. */
export function requireToken(verifier: Verifier, options: ProtectOptions = {}): Middleware {
  checkAdapterOptions(verifier, options);
  return (request, response, next) => {
    checkRequest(verifier, request, options, next, ({ status, headers, body }) => {
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(body);
    });
  };
}
