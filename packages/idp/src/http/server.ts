import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import fastify from 'fastify';
import type { App, IdpContext } from '../context.ts';
import { createRoutes } from '../routes.ts';
import { sendJson, sendPlainStatus } from './answers.ts';
import { noSchemas } from './no-schemas.ts';
import { type HttpSettings, relativePathOf } from './settings.ts';

/** The largest request body in bytes; the admin API allows itself more, for whole realms. */
const bodyLimit = 1024 * 1024;

const requestTimeout = 60_000;

/** The identity provider's HTTP server, not yet listening. */
export interface IdpServer {
  listen(options: { readonly port: number; readonly host: string }): Promise<string>;
  close(): Promise<void>;
}

/**
 * The HTTP server with every endpoint below the relative path. The admin API is an application of its own behind the
 * same socket, made when it is first called: it has four times as many routes as all the rest.
 */
export function createServer(context: IdpContext, settings: HttpSettings): IdpServer {
  const path = relativePathOf(settings);
  const routes = createRoutes(context);
  let admin: Promise<App> | undefined;
  const openAdmin = async (): Promise<App> => {
    const app = createApp(context, path);
    void app.register(async (scope) => await routes.mountAdmin(scope), { prefix: path });
    await app.ready();
    return app;
  };
  const dispatchAdmin = (request: IncomingMessage, response: ServerResponse): void => {
    admin ??= openAdmin();
    admin.then(
      (app) => app.routing(request, response),
      (fault: unknown) => {
        context.log('error', 'the admin API did not start', { fault: String(fault) });
        response.writeHead(500).end();
      },
    );
  };
  const isAdmin = (url = ''): boolean => url.startsWith(`${path}/admin/`) || url === `${path}/admin`;

  const main = createApp(context, path, (handle) => (request, response) => {
    if (isAdmin(request.url)) dispatchAdmin(request, response);
    else handle(request, response);
  });
  void main.register(
    async (scope) => {
      routes.mount(scope);
      scope.get('/', (request, reply) => {
        reply.header('location', `${context.urls.of(request).admin}/admin/`);
        return reply.code(302).send();
      });
      scope.all('/realms', (_request, reply) => sendPlainStatus(reply, 404));
    },
    { prefix: path },
  );
  return {
    listen: async (options) => await main.listen(options),
    close: async () => {
      await main.close();
      await (await admin)?.close();
    },
  };
}

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** An application with what every endpoint shares: bodies, errors, headers. `around` sees each request first. */
function createApp(
  context: IdpContext,
  path: string,
  around: (handle: RequestHandler) => RequestHandler = (it) => it,
): App {
  const app = fastify({
    bodyLimit,
    // A name in a path may be long (group paths), but not endless.
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    schemaController: noSchemas,
    serverFactory: (handle) => createHttpServer({ requestTimeout }, around(handle)),
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
    const type = reply.getHeader('content-type');
    // Fastify calls an empty text text/plain; Keycloak names no type for nothing.
    if (payload === '' && type === 'text/plain; charset=utf-8') reply.removeHeader('content-type');
    // Fastify adds a charset that Keycloak has not: kcadm reads an error only if the type is JSON and nothing more.
    if (type === 'application/json; charset=utf-8') reply.header('content-type', 'application/json');
    for (const [name, value] of securityHeaders) if (!reply.hasHeader(name)) reply.header(name, value);
  });
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
