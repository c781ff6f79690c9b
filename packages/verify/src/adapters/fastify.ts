import type { IncomingMessage } from 'node:http';
import type { Verifier } from '../verdict.ts';
import { checkRequest } from './node.ts';
import type { ProtectOptions } from './request.ts';
import { checkAdapterOptions } from './request.ts';

export { principalOf } from './node.ts';
export type { ProtectOptions, RequestRefusal } from './request.ts';

/** The options of the plugin. */
export interface KeyturnPluginOptions extends ProtectOptions {
  readonly verifier: Verifier;
}

/** What the plugin needs of Fastify 5. */
interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: RequestLike, reply: ReplyLike, done: () => void) => void): unknown;
}

interface RequestLike {
  readonly raw: IncomingMessage;
}

interface ReplyLike {
  code(status: number): unknown;
  header(name: string, value: unknown): unknown;
  send(body: string): unknown;
}

/**
 * Protects every route of the scope it is registered in: register it inside a scope of its own to leave other routes
 * open. `principalOf(request)` tells who calls.
 */
export function keyturnPlugin(fastify: FastifyLike, options: KeyturnPluginOptions, done: () => void): void {
  const { verifier } = options;
  checkAdapterOptions(verifier, options);
  fastify.addHook('onRequest', (request, reply, next) => {
    checkRequest(verifier, request.raw, options, next, ({ status, headers, body }) => {
      reply.code(status);
      for (const [name, value] of Object.entries(headers)) reply.header(name, value);
      reply.send(body);
    });
  });
  done();
}

// Fastify's own sign for a plugin whose hooks belong to the scope that registers it, not to a new one within.
Object.assign(keyturnPlugin, { [Symbol.for('skip-override')]: true });
