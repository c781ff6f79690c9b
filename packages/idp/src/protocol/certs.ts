import type { RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { sendJson } from '../http/answers.ts';
import { allowAnyOrigin } from '../http/cors.ts';
import { withRealm } from '../http/realm-route.ts';

/** The realm's public keys (RFC 7517): signing and encryption keys both, so readers must look at `use`. */
export function certsEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    allowAnyOrigin(request, reply);
    reply.header('cache-control', 'no-cache');
    return sendJson(reply, 200, { keys: await context.keys.jwks(realm.id) });
  });
}

/** Keycloak's public page of a realm: its name, its signing key and where its endpoints are. */
export function realmEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    allowAnyOrigin(request, reply);
    const base = context.urls.issuer(request, realm);
    const key = await context.keys.active(realm.id, realm.defaultSignatureAlgorithm);
    const publicKey =
      key.verify.type === 'public' ? key.verify.export({ type: 'spki', format: 'der' }).toString('base64') : '';
    reply.header('cache-control', 'no-cache').header('content-type', 'application/json;charset=UTF-8');
    return reply.send(
      JSON.stringify({
        realm: realm.realm,
        public_key: publicKey,
        'token-service': `${base}/protocol/openid-connect`,
        'account-service': `${base}/account`,
        'tokens-not-before': realm.notBefore,
      }),
    );
  });
}
