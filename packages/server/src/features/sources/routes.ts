import { isId, ok, type Result, refuse } from '@keyturn/protocol';
import type { Answer, Frame, Params } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { explainSourceRefusal, type SourceRefusal } from './refusals.ts';
import { patchSource, refreshSource, registerSource, removeSource, type SourceParts } from './rules.ts';
import { describeSource, newSourceSchema, type Source, slugOf, sourcePatchSchema } from './source.ts';
import type { Action } from '../../http/rooms.ts';

/** The source API of seed 003, under /api/v1/sources. Reading needs a valid token, changing needs `adminRole`. */
export function mountSources(
  frame: Frame,
  parts: SourceParts,
  options: { adminRole: string; warn: (source: Source) => string | undefined },
): void {
  const { adminRole } = options;
  const needsRole = adminRole;
  const withWarning = (source: Source): Record<string, unknown> => {
    const warning = options.warn(source);
    return { ...describeSource(source), ...(warning === undefined ? {} : { warnings: [warning] }) };
  };

  frame.route({
    method: 'POST',
    path: '/api/v1/sources',
    body: newSourceSchema,
    action: ({ body }) => ({ kind: 'source.register', target: slugOf(body), needsRole }),
    handle: async ({ approved, body }) => {
      const source = await registerSource(parts, body, approved.caller.principal.identity);
      return answer(source, (created) => ({
        status: 201,
        headers: { location: `/api/v1/sources/${created.id}` },
        body: withWarning(created),
      }));
    },
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/sources',
    action: () => ({ kind: 'source.list' }),
    handle: async () => done({ status: 200, body: { sources: (await parts.repository.all()).map(describeSource) } }),
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/sources/:id',
    action: ({ params }) => aimed('source.read', params),
    handle: async ({ params }) => {
      const source = await parts.repository.byId(params['id'] ?? '');
      return answer(source === undefined ? refuse({ why: 'unknown-source' }) : ok(source), (found) => ({
        status: 200,
        body: withWarning(found),
      }));
    },
  });
  frame.route({
    method: 'PATCH',
    path: '/api/v1/sources/:id',
    body: sourcePatchSchema,
    action: ({ params }) => aimed('source.change', params, adminRole),
    handle: async ({ params, body }) =>
      answer(await patchSource(parts, params['id'] ?? '', body), (changed) => ({
        status: 200,
        body: withWarning(changed),
      })),
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/sources/:id/refresh',
    action: ({ params }) => aimed('source.refresh', params, adminRole),
    handle: async ({ params }) =>
      answer(await refreshSource(parts, params['id'] ?? ''), (refreshed) => ({
        status: 200,
        body: withWarning(refreshed),
      })),
  });
  frame.route({
    method: 'DELETE',
    path: '/api/v1/sources/:id',
    action: ({ params }) => aimed('source.remove', params, adminRole),
    handle: async ({ params }) => answer(await removeSource(parts, params['id'] ?? ''), () => ({ status: 204 })),
  });
}

/** The action on one source. Only what has the form of an id is written down: a path may hold anything, even a token. */
function aimed(kind: string, params: Params, needsRole?: string): Action {
  const id = params['id'] ?? '';
  return {
    kind,
    ...(isId('src', id) ? { target: id } : {}),
    ...(needsRole === undefined ? {} : { needsRole }),
  };
}

function done(answer: Answer): Result<Done<Answer>, Problem> {
  return ok({ answer, outcome: 'allowed' });
}

function answer<Value>(
  result: Result<Value, SourceRefusal>,
  build: (value: Value) => Answer,
): Result<Done<Answer>, Problem> {
  return result.ok ? done(build(result.value)) : refuse(explainSourceRefusal(result.refusal));
}
