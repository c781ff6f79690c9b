import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IdpContext } from '../../context.ts';
import type { Client } from '../../model/index.ts';

/**
 * Whether a browser's page may use this client's token here: the page comes from this server itself or from one of the
 * client's web origins. Requests without `Origin` come from programs, and pass.
 */
export function checkOrigin(context: IdpContext, request: FastifyRequest, client: Client): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  const peer = context.urls.peerOf(request);
  return (
    origin === `${peer.scheme}://${peer.host}` ||
    webOriginsOf(client).includes(origin) ||
    client.webOrigins.includes('*')
  );
}

/** The client's web origins; `+` stands for the origins of its redirect URIs. */
export function webOriginsOf(client: Client): readonly string[] {
  return client.webOrigins.flatMap((origin) => (origin === '+' ? originsOf(client.redirectUris) : [origin]));
}

/** The origins of absolute http(s) redirect URIs, each once. */
export function originsOf(uris: readonly string[]): readonly string[] {
  return [...new Set(uris.flatMap((uri) => /^https?:\/\/[^/?#*\s]+/i.exec(uri)?.[0] ?? []))];
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

/** The answer to a browser's question before the request: it carries no token, so it allows what the API has. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  allowOrigin(request, reply);
  return reply
    .code(200)
    .header('access-control-allow-methods', 'DELETE, POST, GET, PUT')
    .header(
      'access-control-allow-headers',
      'Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers, DPoP, Authorization',
    )
    .header('access-control-max-age', '3600')
    .send('');
}
