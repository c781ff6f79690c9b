import type { Clock } from '@keyturn/protocol';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Metrics } from '../../outside/metrics.ts';

interface Health {
  readonly up: boolean;
  readonly data?: Readonly<Record<string, string | number>>;
}

export interface HealthCheck {
  readonly name: string;
  /** Answers quickly; where it fails, its part is down. */
  readonly check: () => Promise<Health>;
}

/**
 * The management port: /health/live, /health/ready, /health/started and /metrics, in the form of Keycloak's own.
 * Readiness asks the store, and whether there are keys to check tokens with; an identity provider that is down while
 * keys are cached does not make a replica unready.
 */
export function createManagement(options: {
  checks: readonly HealthCheck[];
  metrics: Metrics;
  clock: Clock;
}): FastifyInstance {
  const app = Fastify({ forceCloseConnections: 'idle' });
  app.get('/health/live', async () => ({ status: 'UP', checks: [] }));
  app.get('/health/started', async () => ({ status: 'UP', checks: [] }));
  app.get('/health/ready', async (_request, reply) => {
    const checks = await Promise.all(
      options.checks.map(async ({ name, check }) => {
        const { up, data }: Health = await check().catch(() => ({ up: false }));
        return { name, status: up ? 'UP' : 'DOWN', ...(data === undefined ? {} : { data }) };
      }),
    );
    const up = checks.every((check) => check.status === 'UP');
    return reply.code(up ? 200 : 503).send({ status: up ? 'UP' : 'DOWN', checks });
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await options.metrics.render();
    return reply.header('content-type', contentType).send(body);
  });
  return app;
}
