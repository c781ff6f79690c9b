import fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { IdpState } from '../model/index.ts';
import { noSchemas } from './no-schemas.ts';
import { type HttpSettings, relativePathOf } from './settings.ts';

/** Health and metrics, as Keycloak names them; they follow the relative path (`/auth/health/ready`). */
export function createManagementServer(
  state: IdpState,
  metrics: Pick<Registry, 'metrics'> & { readonly contentType: string },
  settings: HttpSettings,
): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, schemaController: noSchemas });
  const path = relativePathOf(settings);
  const health = (names: readonly string[]) => ({
    status: 'UP',
    checks: names.map((name) => ({ name, status: 'UP' })),
  });
  const ready = ['Graceful Shutdown', 'Keycloak Initialized', 'Keycloak database connections async health check'];
  const routes: readonly (readonly [string, () => object])[] = [
    ['/health', () => health(ready)],
    ['/health/ready', () => health(ready)],
    ['/health/live', () => health([])],
    ['/health/started', () => health([])],
  ];
  for (const [route, body] of routes) {
    app.get(path + route, (_request, reply) => {
      const up = route === '/health/live' || state.ping();
      return reply
        .code(up ? 200 : 503)
        .header('content-type', 'application/json; charset=UTF-8')
        .header('cache-control', 'no-store')
        .send(JSON.stringify(up ? body() : { status: 'DOWN', checks: [] }));
    });
  }
  app.get(`${path}/metrics`, async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
  );
  app.get(path === '' ? '/' : path, (_request, reply) => {
    // Keycloak sends this page without a content type, and so no framework may add one.
    reply.hijack();
    reply.raw.end(
      `<html>\n<h2>Keycloak Management Interface</h2>\n<ul><li><a href="${path}/health">${path}/health</a> - Health endpoint</li>\n<li><a href="${path}/metrics">${path}/metrics</a> - Metrics endpoint</li></ul>\n</html>\n`,
    );
  });
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .header('content-type', 'text/html; charset=utf-8')
      .send('<html><body><h1>Resource not found</h1></body></html>'),
  );
  return app;
}
