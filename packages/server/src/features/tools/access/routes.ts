import { actorOf } from '../../../http/audit-actor.ts';
import { type Clock, type JsonObject, newId, ok, type Random, type Result, refuse } from '@keyturn/protocol';
import type { AuditEvent } from '@keyturn/store';
import type { Tool } from '@keyturn/tools';
import type { z } from 'zod';
import type { Answer, Frame, Passage } from '../../../http/frame.ts';
import type { Done } from '../../../http/pass.ts';
import { invalidRequest, type Problem } from '../../../http/problem.ts';
import { groupPatchSchema, groupPreviewSchema, groupSchema, policyPatchSchema, policySchema } from './body.ts';
import type { AccessKeeper } from './keep-access.ts';
import type { AccessRepository, Definitions, Kind, Named } from './repository.ts';

export interface AccessRouteParts {
  readonly repository: AccessRepository;
  readonly keeper: AccessKeeper;
  readonly adminRole: string;
  readonly clock: Clock;
  readonly random: Random;
}

type Shown = Result<Done<Answer>, Problem>;

/** Groups of tools, and who may use which: all of it needs `adminRole`. */
export function mountAccess(frame: Frame, parts: AccessRouteParts): void {
  const { repository, keeper, adminRole: needsRole } = parts;

  mountKind(frame, parts, 'group', {
    base: '/api/v1/tool-groups',
    prefix: 'grp',
    create: groupSchema,
    patch: groupPatchSchema,
    definitionOf: ({ selectors, explicit_tool_ids, excluded_tool_ids, is_active }) => ({
      selectors,
      explicit_tool_ids,
      excluded_tool_ids,
      is_active,
    }),
    fault: async () => undefined,
  });
  mountKind(frame, parts, 'policy', {
    base: '/api/v1/access-policies',
    prefix: 'acp',
    create: policySchema,
    patch: policyPatchSchema,
    definitionOf: ({ claim_matchers, allowed_group_ids, is_active }) => ({
      claim_matchers,
      allowed_group_ids,
      is_active,
    }),
    async fault({ allowed_group_ids }) {
      const known = new Set((await repository.all('group')).map(({ id }) => id));
      const missing = allowed_group_ids.findIndex((id) => !known.has(id));
      if (missing === -1) return undefined;
      return invalidRequest([{ field: `/allowed_group_ids/${missing}`, message: 'there is no such tool group' }]);
    },
  });

  frame.route({
    method: 'POST',
    path: '/api/v1/tool-groups/preview',
    body: groupPreviewSchema,
    action: () => ({ kind: 'tool-group.read', needsRole }),
    handle: async ({ body }) => showTools(keeper.toolsOf({ ...body, is_active: true })),
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/tool-groups/:id/tools',
    action: () => ({ kind: 'tool-group.read', needsRole }),
    handle: async ({ params }) => {
      const group = await repository.byId('group', params['id'] ?? '');
      return group === undefined ? refuse(unknown('group')) : showTools(keeper.toolsOf(group.definition));
    },
  });
}

interface KindOptions<K extends Kind, Body, Patch> {
  readonly base: string;
  readonly prefix: 'grp' | 'acp';
  readonly create: z.ZodType<Body>;
  readonly patch: z.ZodType<Patch>;
  readonly definitionOf: (body: Body) => Definitions[K];
  /** What is wrong with a definition by what else is stored. */
  readonly fault: (definition: Definitions[K]) => Promise<Problem | undefined>;
}

interface Described {
  readonly name: string;
  readonly description?: string | undefined;
}

/** Create, list, read, change and remove: the same for groups and for policies. */
function mountKind<K extends Kind, Body extends Described, Patch extends object>(
  frame: Frame,
  { repository, keeper, adminRole: needsRole, clock, random }: AccessRouteParts,
  kind: K,
  options: KindOptions<K, Body, Patch>,
): void {
  const { base } = options;
  const noun = kind === 'group' ? 'tool-group' : 'access-policy';
  const event = (
    passage: Pick<Passage<unknown>, 'approved' | 'requestId'>,
    did: string,
    one: { id: string; name: string },
    facts: JsonObject = {},
  ): AuditEvent => ({
    kind: `${noun}.${did}`,
    actor: actorOf(passage.approved.caller.principal),
    action: did,
    target: one.id,
    outcome: 'allowed',
    requestId: passage.requestId,
    facts: { name: one.name, ...facts },
  });

  frame.route({
    method: 'POST',
    path: base,
    body: options.create,
    action: () => ({ kind: `${noun}.create`, needsRole }),
    handle: async (passage) => {
      const { body } = passage;
      const definition = options.definitionOf(body);
      const fault = await options.fault(definition);
      if (fault !== undefined) return refuse(fault);
      const now = clock();
      const one: Named<Definitions[K]> = {
        id: newId(options.prefix, random),
        name: body.name,
        description: body.description,
        definition,
        createdAt: now,
        updatedAt: now,
        createdBy: passage.approved.caller.principal.identity,
      };
      if (!(await repository.insert(kind, one, event(passage, 'created', one)))) return refuse(taken(kind, one.name));
      await keeper.reload();
      return done({ status: 201, headers: { location: `${base}/${one.id}` }, body: describe(one) });
    },
  });
  frame.route({
    method: 'GET',
    path: base,
    action: () => ({ kind: `${noun}.list`, needsRole }),
    handle: async () => {
      const all = (await repository.all(kind)).map(describe);
      return done({ status: 200, body: kind === 'group' ? { groups: all } : { policies: all } });
    },
  });
  frame.route({
    method: 'GET',
    path: `${base}/:id`,
    action: () => ({ kind: `${noun}.read`, needsRole }),
    handle: async ({ params }) => {
      const one = await repository.byId(kind, params['id'] ?? '');
      return one === undefined ? refuse(unknown(kind)) : done({ status: 200, body: describe(one) });
    },
  });
  frame.route({
    method: 'PATCH',
    path: `${base}/:id`,
    body: options.patch,
    action: () => ({ kind: `${noun}.change`, needsRole }),
    handle: async (passage) => {
      const before = await repository.byId(kind, passage.params['id'] ?? '');
      if (before === undefined) return refuse(unknown(kind));
      // Read by the schema of a whole one: what is absent stays, and null takes the description away.
      const given = { ...describeForPatch(before), ...passage.body };
      const whole = options.create.parse(
        Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
      );
      const definition = options.definitionOf(whole);
      const fault = await options.fault(definition);
      if (fault !== undefined) return refuse(fault);
      const after = { ...before, name: whole.name, description: whole.description, definition, updatedAt: clock() };
      const outcome = await repository.replace(
        kind,
        after,
        event(passage, 'changed', after, { members: Object.keys(passage.body) }),
      );
      if (outcome === 'unknown') return refuse(unknown(kind));
      if (outcome === 'name-taken') return refuse(taken(kind, after.name));
      await keeper.reload();
      return done({ status: 200, body: describe(after) });
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${base}/:id`,
    action: () => ({ kind: `${noun}.remove`, needsRole }),
    handle: async (passage) => {
      const one = await repository.byId(kind, passage.params['id'] ?? '');
      if (one === undefined) return refuse(unknown(kind));
      const outcome = await repository.remove(kind, one.id, event(passage, 'removed', one));
      if (outcome === 'unknown') return refuse(unknown(kind));
      if (outcome === 'in-use') return refuse(inUse);
      await keeper.reload();
      return done({ status: 204 });
    },
  });
}

function describeForPatch(one: Named<Definitions[Kind]>): Record<string, unknown> {
  return {
    name: one.name,
    ...(one.description === undefined ? {} : { description: one.description }),
    ...one.definition,
  };
}

function describe(one: Named<Definitions[Kind]>): Record<string, unknown> {
  return {
    id: one.id,
    name: one.name,
    description: one.description ?? null,
    ...one.definition,
    created_at: new Date(one.createdAt).toISOString(),
    updated_at: new Date(one.updatedAt).toISOString(),
    created_by: one.createdBy,
  };
}

function showTools(tools: readonly Tool[]): Shown {
  const shown = tools.map(({ id, sourceSlug, operationId, method, path, tags }) => ({
    tool_id: id,
    source: sourceSlug,
    name: operationId,
    method,
    path,
    tags,
  }));
  return done({ status: 200, body: { tools: shown } });
}

function done(answer: Answer): Shown {
  return ok({ answer, outcome: 'allowed' });
}

function unknown(kind: Kind): Problem {
  return kind === 'group'
    ? {
        status: 404,
        code: 'unknown_tool_group',
        title: 'There is no such tool group',
        detail: 'GET /api/v1/tool-groups lists those that exist.',
      }
    : {
        status: 404,
        code: 'unknown_access_policy',
        title: 'There is no such access policy',
        detail: 'GET /api/v1/access-policies lists those that exist.',
      };
}

function taken(kind: Kind, name: string): Problem {
  return {
    status: 409,
    code: 'name_taken',
    title: `Another ${kind === 'group' ? 'tool group' : 'access policy'} has this name`,
    detail: '/name: give another one, or PATCH the one that is there.',
    facts: { name },
  };
}

const inUse: Problem = {
  status: 409,
  code: 'tool_group_in_use',
  title: 'An access policy names this group',
  detail: 'Take it out of allowed_group_ids first, so that nobody loses tools by surprise.',
};
