import { changerOf } from '../../http/audit-actor.ts';
import { isId, ok, type Result, refuse } from '@keyturn/protocol';
import type { Answer, Frame, Params } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import type { Action } from '../../http/rooms.ts';
import { disableSchema, documentSchema, newSourceSchema, refreshSchema, slugOf, sourcePatchSchema } from './body.ts';
import { changeSource, removeSource, uploadDocument } from './change.ts';
import { describeDiff, describeSource } from './describe.ts';
import type { SourceParts } from './parts.ts';
import { explainSourceRefusal, type SourceRefusal } from './refusals.ts';
import { registerSource } from './register.ts';
import type { Source } from './source.ts';
import { syncSource } from './sync.ts';

export interface SourceRouteOptions {
  readonly adminRole: string;
  /** What an operator should know of a source; undefined if nothing. */
  readonly warn: (source: Source) => string | undefined;
  /** Bytes of a body that carries a document. */
  readonly documentBody: number;
}

/** The source API of seed 003, under /api/v1/sources. Reading needs a valid token, changing needs `adminRole`. */
export function mountSources(frame: Frame, parts: SourceParts, options: SourceRouteOptions): void {
  const { adminRole: needsRole } = options;
  const show = async (source: Source): Promise<Record<string, unknown>> => {
    const warning = options.warn(source);
    const counts = (await parts.repository.counts()).get(source.id);
    return describeSource(source, counts, warning === undefined ? [] : [warning]);
  };
  const answerSource = async (result: Result<Source, SourceRefusal>, status = 200) =>
    result.ok
      ? done({
          status,
          ...(status === 201 ? { headers: { location: `/api/v1/sources/${result.value.id}` } } : {}),
          body: await show(result.value),
        })
      : refuse(explainSourceRefusal(result.refusal));

  frame.route({
    method: 'POST',
    path: '/api/v1/sources',
    body: newSourceSchema,
    bodyLimit: options.documentBody,
    action: ({ body }) => ({ kind: 'source.register', target: slugOf(body), needsRole }),
    handle: async (passage) => answerSource(await registerSource(parts, passage.body, changerOf(passage)), 201),
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/sources',
    action: () => ({ kind: 'source.list' }),
    handle: async ({ query }) => {
      const counts = await parts.repository.counts();
      const sources = (await parts.repository.all()).filter(
        (source) =>
          (query['include_disabled'] !== 'false' || source.enabled) &&
          (query['source_type'] === undefined || query['source_type'] === source.sourceType),
      );
      return done({
        status: 200,
        body: { sources: sources.map((source) => describeSource(source, counts.get(source.id))) },
      });
    },
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/sources/:id',
    action: ({ params }) => aimed('source.read', params),
    handle: async ({ params }) => {
      const source = await parts.repository.byId(params['id'] ?? '');
      return answerSource(source === undefined ? refuse({ why: 'unknown-source' }) : ok(source));
    },
  });
  frame.route({
    method: 'PATCH',
    path: '/api/v1/sources/:id',
    body: sourcePatchSchema,
    action: ({ params }) => aimed('source.change', params, needsRole),
    handle: async (passage) =>
      answerSource(await changeSource(parts, passage.params['id'] ?? '', passage.body, changerOf(passage))),
  });
  frame.route({
    method: 'PUT',
    path: '/api/v1/sources/:id/document',
    body: documentSchema,
    bodyLimit: options.documentBody,
    action: ({ params }) => aimed('source.change', params, needsRole),
    handle: async (passage) =>
      answerSource(await uploadDocument(parts, passage.params['id'] ?? '', passage.body.document, changerOf(passage))),
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/sources/:id/refresh',
    body: refreshSchema,
    action: ({ params }) => aimed('source.refresh', params, needsRole),
    handle: async (passage) => {
      const { params, body } = passage;
      const synced = await syncSource(parts, params['id'] ?? '', changerOf(passage), {
        dryRun: body.dry_run,
        force: body.force,
      });
      if (!synced.ok) return refuse(explainSourceRefusal(synced.refusal));
      const { source, diff } = synced.value;
      return done({ status: 200, body: { ...(await show(source)), diff: describeDiff(diff), dry_run: body.dry_run } });
    },
  });
  for (const enabled of [true, false]) {
    frame.route({
      method: 'POST',
      path: `/api/v1/sources/:id/${enabled ? 'enable' : 'disable'}`,
      body: disableSchema,
      action: ({ params }) => aimed('source.change', params, needsRole),
      handle: async (passage) => {
        const { params, body } = passage;
        const { reason } = body;
        return answerSource(await changeSource(parts, params['id'] ?? '', { enabled }, changerOf(passage), { reason }));
      },
    });
  }
  frame.route({
    method: 'DELETE',
    path: '/api/v1/sources/:id',
    action: ({ params }) => aimed('source.remove', params, needsRole),
    handle: async (passage) => {
      const removed = await removeSource(parts, passage.params['id'] ?? '', changerOf(passage));
      return removed.ok ? done({ status: 204 }) : refuse(explainSourceRefusal(removed.refusal));
    },
  });
}

/** The action on one source. Only what has the form of an id is written down: a path may hold anything, even a token. */
export function aimed(kind: string, params: Params, needsRole?: string): Action {
  const id = params['id'] ?? '';
  return {
    kind,
    ...(isId('src', id) ? { target: id } : {}),
    ...(needsRole === undefined ? {} : { needsRole }),
  };
}

export function done(answer: Answer): Result<Done<Answer>, Problem> {
  return ok({ answer, outcome: 'allowed' });
}
