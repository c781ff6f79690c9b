import fastify from 'fastify';
import type { App, IdpContext } from '../context.ts';
import { registerRoutes } from '../routes.ts';
import { sendJson, sendPlainStatus } from './answers.ts';
import { relativePathOf, type HttpSettings } from './settings.ts';

/** The largest request body in bytes: a realm representation with its users. */
const bodyLimit = 16 * 1024 * 1024;

/** The HTTP server with every endpoint below the relative path. Not yet listening. */
export function createServer(context: IdpContext, settings: HttpSettings): App {
  const path = relativePathOf(settings);
  const app = fastify({
    bodyLimit,
    // A name in a path may be long (group paths), but not endless.
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
  });
  app.addConstraintStrategy(byBearer);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(String(body)));
  });
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((fault: Error & { readonly statusCode?: number }, request, reply) => {
    const status = fault.statusCode ?? 500;
    if (status >= 500) {
      // The stack stays here: an answer that explains a bug explains it to an attacker too.
      context.log('error', 'request failed', {
        method: request.method,
        path: request.url.split('?')[0],
        fault: fault.stack,
      });
      return sendJson(reply, 500, {
        error: 'unknown_error',
        error_description: 'For more on this error consult the server log.',
      });
    }
    return sendJson(reply, status, { error: 'invalid_request', error_description: fault.message });
  });
  app.setNotFoundHandler((request, reply) => {
    if (request.url === path || request.url.startsWith(`${path}/`)) {
      return sendJson(reply, 404, { error: 'Unable to find matching target resource method' });
    }
    // Outside the relative path there is no Keycloak at all: the web server below it answers.
    const page = '<html><body><h1>Resource not found</h1></body></html>';
    return reply.code(404).header('content-type', 'text/html; charset=utf-8').send(page);
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    // Fastify calls an empty text text/plain; Keycloak names no type for nothing.
    if (payload === '' && reply.getHeader('content-type') === 'text/plain; charset=utf-8')
      reply.removeHeader('content-type');
    for (const [name, value] of securityHeaders) if (!reply.hasHeader(name)) reply.header(name, value);
  });

  void app.register(
    async (scope) => {
      registerRoutes(scope, context);
      scope.get('/', (request, reply) =>
        reply
          .code(302)
          .header('location', `${context.urls.of(request).admin}/admin/`)
          .send(),
      );
      scope.all('/realms', (_request, reply) => sendPlainStatus(reply, 404));
    },
    { prefix: path },
  );
  return app;
}

const securityHeaders: readonly (readonly [string, string])[] = [
  ['referrer-policy', 'no-referrer'],
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'SAMEORIGIN'],
  ['x-robots-tag', 'none'],
];

type Strategy = Parameters<App['addConstraintStrategy']>[0];
type Handler = Parameters<ReturnType<Strategy['storage']>['set']>[1];

// The account page and the account API live at one address; a bearer token tells them apart.
const byBearer: Strategy = {
  name: 'bearer',
  mustMatchWhenDerived: false,
  storage: () => {
    const handlers = new Map<unknown, Handler>();
    return {
      get: (wanted) => handlers.get(wanted) ?? null,
      set: (wanted, handler) => void handlers.set(wanted, handler),
    };
  },
  validate: () => {},
  deriveConstraint: (request) => (/^bearer /i.test(request.headers.authorization ?? '') ? 'yes' : 'no'),
};
