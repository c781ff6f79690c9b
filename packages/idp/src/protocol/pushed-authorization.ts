import type { RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { noStore, sendJson, sendOAuthError } from '../http/answers.ts';
import { allowClientOrigins } from '../http/cors.ts';
import { duplicateOf, formOf } from '../http/form.ts';
import { withRealm } from '../http/realm-route.ts';
import { putSingleUse } from '../model/index.ts';
import { authenticateClient } from './client-authentication.ts';
import { checkDpop } from './dpop.ts';
import { clientError } from './token-endpoint.ts';

/** Parameters that authenticate the client here and are no part of the authorization request. */
const notPushed = ['client_secret', 'client_assertion', 'client_assertion_type'];

/**
 * Pushed authorization requests (RFC 9126): keeps the parameters for the authorization endpoint, which takes them once
 * under `request_uri`. They are judged there, as if the browser had brought them.
 */
export function pushedAuthorizationEndpoint(context: IdpContext): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    if (!realm.enabled) return sendOAuthError(reply, 403, 'access_denied', 'Realm not enabled');
    const authenticated = await authenticateClient(context, realm, request);
    if (!authenticated.ok) return sendOAuthError(reply, 401, ...clientError(authenticated.refusal));
    const { client } = authenticated.value;
    allowClientOrigins(request, reply, client);
    const form = formOf(request);
    if (duplicateOf(form, ['resource']) !== undefined) {
      return sendOAuthError(reply, 400, 'invalid_request', 'duplicated parameter');
    }
    if (form.has('request_uri')) {
      return sendOAuthError(reply, 400, 'invalid_request', 'It is not allowed to include request_uri to PAR.');
    }
    const named = form.get('client_id');
    if (named !== null && named !== client.clientId) {
      return sendOAuthError(reply, 400, 'invalid_request', 'client_id in the request does not match the client');
    }
    const dpop = await checkDpop(context, realm, request);
    if (!dpop.ok) return sendOAuthError(reply, 400, 'invalid_dpop_proof', dpop.refusal);
    for (const name of notPushed) form.delete(name);
    form.set('client_id', client.clientId);
    // RFC 9449 §10.1: a proof here binds the code as `dpop_jkt` does.
    if (dpop.value !== undefined) form.set('dpop_jkt', dpop.value);
    const id = Buffer.from(context.state.random(24)).toString('base64url');
    const lifetime = Number(realm.attributes['parRequestUriLifespan'] ?? 60) || 60;
    putSingleUse(context.state, {
      id,
      realmId: realm.id,
      purpose: 'par',
      lifetime,
      body: { parameters: form.toString() },
    });
    noStore(reply);
    return sendJson(reply, 201, { request_uri: `urn:ietf:params:oauth:request_uri:${id}`, expires_in: lifetime });
  });
}
