import fastify from 'fastify';
import type { App, IdpContext } from '../context.ts';
import { registerRoutes } from '../routes.ts';
import { sendJson, sendPlainStatus } from './answers.ts';
import { relativePathOf, type HttpSettings } from './settings.ts';

/** The largest request body in bytes: a realm representation with its users. */
const bodyLimit = 16 * 1024 * 1024;

/** The HTTP server with every endpoint below the relative path. Not yet listening. */
export function createServer(context: IdpContext, settings: HttpSettings): App {
  const app = fastify({
    bodyLimit,
    // A name in a path may be long (group paths), but not endless.
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
  });
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
  app.setNotFoundHandler((_request, reply) =>
    sendJson(reply, 404, { error: 'Unable to find matching target resource method' }),
  );
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of securityHeaders) if (!reply.hasHeader(name)) reply.header(name, value);
  });
  const path = relativePathOf(settings);
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
