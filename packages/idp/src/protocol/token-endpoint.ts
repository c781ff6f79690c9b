import type { RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { noStore, sendJson, sendOAuthError } from '../http/answers.ts';
import { allowClientOrigins } from '../http/cors.ts';
import { duplicateOf, formOf } from '../http/form.ts';
import { withRealm } from '../http/realm-route.ts';
import { authenticateClient, type ClientRefusal } from './client-authentication.ts';
import { checkDpop } from './dpop.ts';
import type { GrantFacts, Grants } from './grants.ts';
import { missingResource, readResources } from './resource-indicators.ts';

// RFC 8693 §2.1 and RFC 8707 §2 let these come more than once.
const repeatable = ['audience', 'resource'];

/**
 * The token endpoint: realm, grant type, client and form are checked here for every grant, in Keycloak's order; what
 * the grant is worth is for its handler. Every outcome is reported as an event, with the reason of a refusal.
 */
export function tokenEndpoint(context: IdpContext, grants: Grants): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    const form = formOf(request);
    const address = context.urls.peerOf(request).address;
    const grantType = form.get('grant_type');
    if (!realm.enabled) return sendOAuthError(reply, 403, 'access_denied', 'Realm not enabled');
    if (grantType === null) return sendOAuthError(reply, 400, 'invalid_request', 'Missing form parameter: grant_type');
    const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined;
    if (grant === undefined) return sendOAuthError(reply, 400, 'unsupported_grant_type', 'Unsupported grant_type');

    const authenticated = await authenticateClient(context, realm, request);
    if (!authenticated.ok) {
      const { refusal } = authenticated;
      context.events.user(realm, {
        type: `${grant.eventType}_ERROR`,
        ...('clientId' in refusal ? { clientId: refusal.clientId } : {}),
        ipAddress: address,
        error: clientEventError(refusal),
        details: { grant_type: grantType },
      });
      return sendOAuthError(reply, 401, ...clientError(refusal));
    }
    const { client, method } = authenticated.value;
    allowClientOrigins(request, reply, client);
    const details = { grant_type: grantType, client_auth_method: method };
    const report = (suffix: '' | '_ERROR', facts: GrantFacts & { readonly error?: string }): void => {
      context.events.user(realm, {
        type: `${grant.eventType}${suffix}`,
        clientId: client.clientId,
        ipAddress: address,
        ...facts,
        details: { ...facts.details, ...details },
      });
    };
    if (duplicateOf(form, repeatable) !== undefined) {
      return sendOAuthError(reply, 400, 'invalid_request', 'duplicated parameter');
    }
    const dpop = await checkDpop(context, realm, request, client);
    if (!dpop.ok) {
      report('_ERROR', { error: 'invalid_dpop_proof', details: { reason: dpop.refusal } });
      return sendOAuthError(reply, 400, 'invalid_dpop_proof', dpop.refusal);
    }
    const resources = readResources(realm, form);
    if (!resources.ok) {
      report('_ERROR', { error: 'invalid_request', details: { reason: resources.refusal } });
      return sendOAuthError(reply, 400, 'invalid_target', resources.refusal);
    }
    const outcome = await grant.handle({
      realm,
      client,
      form,
      request,
      issuer: context.urls.issuer(request, realm),
      address,
      ...(dpop.value === undefined ? {} : { dpopThumbprint: dpop.value }),
      ...(resources.value.length === 0 ? {} : { resources: resources.value }),
    });
    if (!outcome.ok) {
      const { status, error, description, event } = outcome.refusal;
      report('_ERROR', event);
      return sendOAuthError(reply, status, error, description);
    }
    const missing = missingResource(resources.value, outcome.value.response.access_token);
    if (missing !== undefined) {
      report('_ERROR', { ...outcome.value.event, error: 'invalid_request' });
      return sendOAuthError(reply, 400, 'invalid_target', `Requested resource not available: ${missing}`);
    }
    report('', outcome.value.event);
    noStore(reply);
    return sendJson(reply, 200, outcome.value.response);
  });
}

/** Error code and text of a client that was not let in; the same text for all, so that names cannot be tried out. */
export function clientError(refusal: ClientRefusal): readonly ['unauthorized_client' | 'invalid_client', string] {
  const description = 'Invalid client or Invalid client credentials';
  switch (refusal.why) {
    case 'bad-credentials':
      return ['unauthorized_client', description];
    case 'bearer-only':
      return ['invalid_client', 'Bearer-only not allowed'];
    case 'missing':
    case 'unknown':
    case 'disabled':
      return ['invalid_client', description];
  }
  return ['invalid_client', description];
}

function clientEventError(refusal: ClientRefusal): string {
  switch (refusal.why) {
    case 'bad-credentials':
      return 'invalid_client_credentials';
    case 'disabled':
      return 'client_disabled';
    case 'missing':
    case 'unknown':
      return 'client_not_found';
    case 'bearer-only':
      return 'invalid_client';
  }
  return 'invalid_client';
}
