import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IdpContext } from '../../context.ts';
import { webOriginsOf } from '../../claims/other-mappers.ts';
import type { Client } from '../../model/index.ts';

/**
 * Whether a browser's page may use this client's token here: the page comes from this server itself or from one of the
 * client's web origins. Requests without `Origin` come from programs, and pass.
 */
export function checkOrigin(context: IdpContext, request: FastifyRequest, client: Client): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  const peer = context.urls.peerOf(request);
  const origins = webOriginsOf(client);
  return origin === `${peer.scheme}://${peer.host}` || origins.includes(origin) || origins.includes('*');
}

/** What a browser needs to hand the answer on to the page; called for origins that were checked. */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('access-control-expose-headers', 'Location')
    .header('vary', 'Origin');
}
