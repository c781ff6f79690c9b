import { type Clock, ok, type Result, refuse } from '@keyturn/protocol';
import type { z } from 'zod';
import type { Caller } from '../../http/caller.ts';
import type { Answer, Frame } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import { type Problem, invalidRequest } from '../../http/problem.ts';
import { actorOf } from '../../http/audit-actor.ts';
import { approveSchema, createSchema, outcomeSchema, reasonSchema } from './body.ts';
import type { Book } from './book.ts';
import { describeRequest } from './describe.ts';
import { urlOfRequest } from './gate.ts';
import type { Membership } from './membership.ts';
import { mountRequestPage, showRequestPage } from './page-routes.ts';
import { gatewayIdentity, isAgent, isReviewer, requesterOf } from './parties.ts';
import { explainRequestRefusal, type RequestRefusal } from './refusals.ts';
import type { RequestFilter } from './repository.ts';
import { type AgentRequest, phases } from './request.ts';
import { type Subjects, subjectListsSchema } from './subjects.ts';

/** Requests of a list, where nothing is said and at most. */
const defaultPage = 100;
const maxPage = 500;

/** The gateway API of seed 001 below /agent-requests, and the subject lists. Watching is in watch-routes.ts. */
export function mountRequests(
  frame: Frame,
  parts: { book: Book; subjects: Subjects; members: () => Membership; clock: Clock; adminRole: string },
): void {
  const { book, clock } = parts;
  const show = (request: AgentRequest): Record<string, unknown> => describeRequest(request, clock());
  const change = <Body>(
    verb: string,
    body: z.ZodType<Body>,
    work: (caller: Caller, name: string, given: Body) => Promise<Result<AgentRequest, RequestRefusal>>,
  ): void =>
    frame.route({
      method: 'POST',
      path: `/agent-requests/:name/${verb}`,
      body,
      action: ({ params }) => ({ kind: `request.${verb}`, target: params['name'] ?? '' }),
      handle: async ({ approved, params, body: given }) =>
        answer(await work(approved.caller, params['name'] ?? '', given), (request) => ({
          status: 200,
          body: show(request),
        })),
    });

  frame.route({
    method: 'POST',
    path: '/agent-requests',
    body: createSchema,
    action: () => ({ kind: 'request.create' }),
    handle: async ({ approved, body }) =>
      answer(await book.create(approved.caller, body), ({ request, isNew }) => ({
        status: isNew ? 201 : 200,
        headers: { location: urlOfRequest(request.name) },
        body: show(request),
      })),
  });
  frame.route({
    method: 'GET',
    path: '/agent-requests',
    action: () => ({ kind: 'request.list' }),
    handle: async ({ approved, query }) => {
      const asked = readQuery(query);
      if (!asked.ok) return asked;
      const { filter, limit, after } = asked.value;
      const page = await book.list(approved.caller, filter, limit ?? defaultPage, after);
      return answer(page, ({ items, next }) => ({
        status: 200,
        // As the seed: a bare list, unless pages were asked for.
        body:
          limit === undefined && after === undefined
            ? items.map(show)
            : { items: items.map(show), ...(next === undefined ? {} : { continue: next }) },
        ...(next === undefined
          ? {}
          : { headers: { link: `</agent-requests?limit=${limit ?? defaultPage}&continue=${next}>; rel="next"` } }),
      }));
    },
  });
  frame.route({
    method: 'GET',
    path: '/agent-requests/:name',
    page: true,
    action: ({ params }) => ({ kind: 'request.read', target: params['name'] ?? '' }),
    handle: async ({ approved: { caller }, params: { name = '' }, asPage }) =>
      asPage
        ? showRequestPage(parts, caller, name)
        : answer(await book.read(caller, name), (request) => ({ status: 200, body: show(request) })),
  });
  mountRequestPage(frame, parts);
  change('approve', approveSchema, (caller, name, { reason, parameters, digest }) =>
    book.approve(caller, name, { ...given({ reason }), ...given({ parameters }), ...given({ digest }) }),
  );
  change('deny', reasonSchema, (caller, name, { reason }) => book.deny(caller, name, reason));
  change('cancel', reasonSchema, (caller, name, { reason }) => book.cancel(caller, name, reason));
  change('executing', reasonSchema, (caller, name) => book.execute(caller, name));
  for (const [verb, outcome] of [
    ['completed', 'complete'],
    ['failed', 'fail'],
  ] as const) {
    change(verb, outcomeSchema, (caller, name, { reason, result }) =>
      book.finish(caller, name, outcome, { ...given({ reason }), ...given({ result }) }),
    );
  }
  frame.route({
    method: 'GET',
    path: '/whoami',
    action: () => ({ kind: 'gateway.read' }),
    handle: async ({ approved: { caller } }) => {
      const members = parts.members();
      const roles = [
        ...(isAgent(caller, members) ? ['agent'] : []),
        ...(isReviewer(caller, members) ? ['reviewer'] : []),
      ];
      const identity = gatewayIdentity(caller.principal, members.identityClaim);
      return done({ status: 200, body: { identity, role: roles[0] ?? 'none', roles } });
    },
  });
  mountSubjects(frame, parts);
}

/** GET and PUT /api/v1/gateway/subjects: who is an agent, who a reviewer, without a restart. */
function mountSubjects(
  frame: Frame,
  parts: { subjects: Subjects; members: () => Membership; adminRole: string },
): void {
  const needsRole = parts.adminRole;
  const path = '/api/v1/gateway/subjects';
  frame.route({
    method: 'GET',
    path,
    action: () => ({ kind: 'gateway.subjects.read', needsRole }),
    handle: async () => done({ status: 200, body: parts.subjects.current() }),
  });
  frame.route({
    method: 'PUT',
    path,
    body: subjectListsSchema,
    action: () => ({ kind: 'gateway.subjects.change', needsRole }),
    handle: async ({ approved, body }) => {
      const set = await parts.subjects.set(body, actorOf(requesterOf(approved.caller, parts.members())));
      if (set.ok) return done({ status: 200, body: parts.subjects.current() });
      return refuse({
        status: 409,
        code: 'subjects_from_file',
        title: 'The lists come from a file',
        detail: 'requests.subjectsFile is set: change that file, which is read again within two seconds.',
      });
    },
  });
}

interface ListQuery {
  readonly filter: RequestFilter;
  readonly limit: number | undefined;
  readonly after: string | undefined;
}

/** A filter that is passed over shows more than was asked for; phases may be given one by one. */
const single = ['agentIdentity', 'correlationID', 'classification', 'limit', 'continue'] as const;

function readQuery(query: Readonly<Record<string, unknown>>): Result<ListQuery, Problem> {
  const texts = (name: string): readonly string[] => {
    const value = query[name];
    return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string' && each !== '');
  };
  const text = (name: string): string | undefined => texts(name)[0];
  const twice = [...single].filter((name) => texts(name).length > 1);
  if (twice.length > 0) {
    return refuse(invalidRequest(twice.map((name) => ({ field: `query.${name}`, message: 'is there twice' }))));
  }
  const given = texts('phase').flatMap((names) => names.split(','));
  const wanted = given.length === 0 ? undefined : given;
  const found = wanted?.map((name) => phases.find((phase) => phase === name));
  if (found?.includes(undefined) === true) {
    return refuse(invalidRequest([{ field: 'query.phase', message: `use ${phases.join(', ')}` }]));
  }
  const limit = text('limit');
  if (limit !== undefined && (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > maxPage)) {
    return refuse(invalidRequest([{ field: 'query.limit', message: `is a number from 1 to ${maxPage}` }]));
  }
  return ok({
    filter: {
      agent: text('agentIdentity'),
      correlationId: text('correlationID'),
      classification: text('classification'),
      phases: found?.filter((phase) => phase !== undefined),
    },
    limit: limit === undefined ? undefined : Number(limit),
    after: text('continue'),
  });
}

/** What was given, without the members that were not. */
function given<Value extends object>(members: Value): { [Name in keyof Value]?: NonNullable<Value[Name]> } {
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  // The same names and values, less what is undefined.
  return Object.fromEntries(present) as { [Name in keyof Value]?: NonNullable<Value[Name]> };
}

function answer<Value>(
  result: Result<Value, RequestRefusal>,
  build: (value: Value) => Answer,
): Result<Done<Answer>, Problem> {
  return result.ok ? done(build(result.value)) : refuse(explainRequestRefusal(result.refusal));
}

function done(built: Answer): Result<Done<Answer>, Problem> {
  return ok({ outcome: 'allowed', answer: built });
}
