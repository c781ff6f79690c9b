import type { Breaker } from '@keyturn/exchange';
import { refuse } from '@keyturn/protocol';
import { changerOf } from '../../http/audit-actor.ts';
import type { Frame } from '../../http/frame.ts';
import { checkHealth } from './health.ts';
import type { SourceParts } from './parts.ts';
import { explainSourceRefusal } from './refusals.ts';
import { aimed, done } from './routes.ts';

/** `GET /api/v1/sources/{id}/health`, and the breaker of a source's upstream. Both knock at the upstream: `adminRole`. */
export function mountSourceHealth(
  frame: Frame,
  parts: SourceParts,
  { adminRole, breakerOf }: { readonly adminRole: string; readonly breakerOf: (id: string) => Breaker },
): void {
  frame.route({
    method: 'GET',
    path: '/api/v1/sources/:id/health',
    action: ({ params }) => aimed('source.health.read', params, adminRole),
    handle: async ({ params }) => {
      const health = await checkHealth(parts, params['id'] ?? '', breakerOf);
      return health.ok ? done({ status: 200, body: health.value }) : refuse(explainSourceRefusal(health.refusal));
    },
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/sources/:id/breaker/reset',
    action: ({ params }) => aimed('source.breaker.reset', params, adminRole),
    handle: async (passage) => {
      const source = await parts.repository.byId(passage.params['id'] ?? '');
      if (source === undefined) return refuse(explainSourceRefusal({ why: 'unknown-source' }));
      const breaker = breakerOf(source.id);
      breaker.reset();
      return done({ status: 200, body: { state: breaker.state, reset_by: changerOf(passage).actor.identity } });
    },
  });
}
