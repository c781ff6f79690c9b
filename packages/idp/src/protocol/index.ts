import { grantTypes } from '@keyturn/protocol';
import type { RouteHandlerMethod } from 'fastify';
import type { App, IdpContext } from '../context.ts';
import { sendPlainStatus } from '../http/answers.ts';
import { answerPreflight } from '../http/cors.ts';
import { registerAccountApi } from './account.ts';
import { certsEndpoint, realmEndpoint } from './certs.ts';
import { wellKnownEndpoint } from './discovery.ts';
import { ensureMetadataClient } from './client-metadata/ensure.ts';
import type { Grants } from './grants.ts';
import { clientCredentialsGrant } from './grants/client-credentials.ts';
import { passwordGrant } from './grants/password.ts';
import { refreshTokenGrant } from './grants/refresh-token.ts';
import { tokenExchangeGrant } from './grants/token-exchange.ts';
import { introspectionEndpoint } from './introspect.ts';
import { pushedAuthorizationEndpoint } from './pushed-authorization.ts';
import { registerClientRegistration } from './registration/endpoint.ts';
import { revocationEndpoint } from './revoke.ts';
import { tokenEndpoint } from './token-endpoint.ts';
import { userinfoEndpoint } from './userinfo.ts';

/** Mounts the OpenID Connect endpoints below `/realms/:realm`; `grants` are those that need the pages. */
export function registerProtocol(app: App, context: IdpContext, grants: Grants): void {
  // For every route that is mounted from here on, the pages' too.
  app.addHook('preHandler', (request, _reply, done) => {
    const fetched = ensureMetadataClient(context, request);
    // An async hook would cost every request a turn of the loop for what hardly any needs.
    // oxlint-disable-next-line promise/no-callback-in-promise -- `done` is how this hook says that it is through
    if (fetched !== undefined) fetched.then(() => done(), done);
    else done();
  });
  const token = tokenEndpoint(context, {
    [grantTypes.clientCredentials]: clientCredentialsGrant(context),
    [grantTypes.password]: passwordGrant(context),
    [grantTypes.refreshToken]: refreshTokenGrant(context),
    [grantTypes.tokenExchange]: tokenExchangeGrant(context),
    ...grants,
  });
  const endpoint = (path: string, methods: readonly ('GET' | 'POST')[], handler: RouteHandlerMethod): void => {
    const url = `/realms/:realm${path}`;
    const others = (['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const).filter((it) => !methods.some((m) => m === it));
    app.route({ method: [...methods], url, handler });
    app.options(url, (request, reply) => answerPreflight(request, reply, `${methods.join(', ')}, OPTIONS`));
    app.route({ method: others, url, handler: (_request, reply) => sendPlainStatus(reply, 405) });
  };
  const oidc = '/protocol/openid-connect';
  endpoint('', ['GET'], realmEndpoint(context));
  endpoint('/.well-known/openid-configuration', ['GET'], wellKnownEndpoint(context));
  endpoint('/.well-known/oauth-authorization-server', ['GET'], wellKnownEndpoint(context));
  app.get('/.well-known/oauth-authorization-server/realms/:realm', wellKnownEndpoint(context));
  app.get('/realms/:realm/.well-known/*', (_request, reply) => sendPlainStatus(reply, 404));
  app.get('/.well-known/*', (_request, reply) => sendPlainStatus(reply, 404));
  endpoint(`${oidc}/certs`, ['GET'], certsEndpoint(context));
  endpoint(`${oidc}/token`, ['POST'], token);
  endpoint(`${oidc}/token/introspect`, ['POST'], introspectionEndpoint(context));
  endpoint(`${oidc}/revoke`, ['POST'], revocationEndpoint(context));
  endpoint(`${oidc}/ext/par/request`, ['POST'], pushedAuthorizationEndpoint(context));
  registerClientRegistration(app, context);
  registerAccountApi(app, context);
  endpoint(`${oidc}/userinfo`, ['GET', 'POST'], userinfoEndpoint(context));
}
