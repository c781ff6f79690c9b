import type { FastifyReply, FastifyRequest } from 'fastify';
import { webOriginsOf } from '../claims/other-mappers.ts';
import type { Client } from '../model/index.ts';

/** Lets any page read an answer that holds nothing of anybody: discovery and keys. */
export function allowAnyOrigin(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin !== undefined) allow(reply, origin);
}

/** Lets pages of the client's own web origins read the answer. */
export function allowClientOrigins(request: FastifyRequest, reply: FastifyReply, client: Client): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  const origins = webOriginsOf(client);
  if (!origins.includes(origin) && !origins.includes('*')) return;
  allow(reply, origin);
  reply.header('access-control-expose-headers', 'Access-Control-Allow-Methods');
}

/** Answers a preflight as Keycloak does: which client asks is not known yet, so the answer itself is what is guarded. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply, methods: string): FastifyReply {
  const { origin } = request.headers;
  if (origin !== undefined) {
    allow(reply, origin);
    reply
      .header('access-control-allow-methods', methods)
      .header(
        'access-control-allow-headers',
        'Origin, Accept, X-Requested-With, Access-Control-Request-Method, Access-Control-Request-Headers, DPoP, Content-Type, Authorization',
      )
      .header('access-control-max-age', '3600');
  }
  return reply.code(200).send();
}

function allow(reply: FastifyReply, origin: string): void {
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('vary', 'Origin');
}
