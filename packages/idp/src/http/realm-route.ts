import type { RouteHandlerMethod } from 'fastify';
import type { IdpContext, RealmHandler } from '../context.ts';
import { findRealm } from '../model/index.ts';
import { sendJson } from './answers.ts';

/** Looks up `:realm` for a handler; a realm that is not there is answered here, as Keycloak does. */
export function withRealm(context: IdpContext, handler: RealmHandler): RouteHandlerMethod {
  return async (request, reply) => {
    // The router decoded the path; `:realm` is a text by the route's own pattern.
    const { realm: name } = request.params as { readonly realm: string };
    const realm = findRealm(context.state, name);
    if (realm === undefined) return sendJson(reply, 404, { error: 'Realm does not exist' });
    return await handler(realm, request, reply);
  };
}
