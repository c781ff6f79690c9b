import { type Clock, newId, ok, type Random, type Result } from '@keyturn/protocol';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { buildErrorsPage } from '../errors.ts';
import type { Log } from '../outside/log.ts';
import type { Metrics } from '../outside/metrics.ts';
import type { Traces } from '../outside/traces.ts';
import { readBearer } from './bearer.ts';
import type { Caller } from './caller.ts';
import { underDeadline } from './deadline.ts';
import { commonHeaders, noRoute, problemOfError, refuseConnection } from './framework-problem.ts';
import { type Done, type House, pass } from './pass.ts';
import { buildProblemBody, type Problem, problemContentType } from './problem.ts';
import { watchAllowedMethods } from './allowed-methods.ts';
import { buildProblemPage } from './problem-page.ts';
import { pageHeaders } from './html.ts';
import { addBodyParsers, addFormParser } from './body-parsers.ts';
import { isPage } from './is-page.ts';
import { readBody } from './read-body.ts';
import { explainRefusal } from './refusals.ts';
import type { Action, Approved, Resource } from './rooms.ts';
import type { SessionPort } from './session-port.ts';
import { watchRequests } from './under-way.ts';

/**
 * The frame that every feature's routes hang in. It owns what no feature may forget: request id, body limit, deadline,
 * origin check, authentication, the rooms, the mapping of refusals to problem bodies, the log line and the metric.
 * A feature supplies a schema, the action that its route is, and one answer. The frame knows no feature.
 */
export interface Frame {
  readonly app: FastifyInstance;
  /** Mounts a route that goes through all rooms. */
  readonly route: <Body>(route: Route<Body>) => void;
  /** The caller of a request at one of the two doors, or the problem to answer with. */
  readonly authenticate: (request: FastifyRequest, resource: Resource) => Promise<Result<Caller, Problem>>;
  /** Answers with a problem: its body, its headers, and its code in the log line. */
  readonly answerProblem: (request: FastifyRequest, reply: FastifyReply, problem: Problem) => FastifyReply;
  /** Runs work for a request until http.deadline, or until its client has gone; then its signal aborts. */
  readonly underDeadline: UnderDeadline;
  /** Closes the streams of callers who may no longer have them: answers that have begun and not ended. */
  readonly endStreams: (concerned: (caller: Caller) => boolean) => void;
}

export interface FrameOptions {
  readonly house: House;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly traces: Traces;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes. */
  readonly bodyLimit: number;
  /** Seconds until a request without an answer is given up with 504. */
  readonly deadline: number;
  readonly trustedProxies: readonly string[];
  /** Whether a browser at this origin may call. */
  readonly isAllowedOrigin: (origin: string) => boolean;
  /** The protected-resource document of each door (RFC 9728), named in the 401 challenge. */
  readonly metadataUrl: (resource: Resource) => string;
  /** The least scopes that a caller of a door needs, named in the 401 challenge. */
  readonly scopesOf: (resource: Resource) => readonly string[];
  /** Sessions of browsers, where people log in at Keyturn itself: a way into the REST routes, never into MCP. */
  readonly sessions?: SessionPort | undefined;
}

export interface Route<Body> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The body's schema; a route without one ignores whatever is sent. */
  readonly body?: z.ZodType<Body>;
  /** Bytes, instead of the frame's, of a body that holds a document. Who calls is asked before such a body is read. */
  readonly bodyLimit?: number;
  /** Ids in its path are known by their shape before anybody looks for one, so that NUL is malformed like anything else. */
  readonly idsHaveShape?: true;
  /** Browsers open it as a page: what it refuses them is a page, too. */
  readonly page?: true;
  /** Its body is a form of our own pages, whose field `csrf_token` stands for the header. */
  readonly form?: true;
  readonly action: (input: { readonly caller: Caller; readonly params: Params; readonly body: Body }) => Action;
  /** What is wrong with a call, once policy allows it and before anybody is asked to approve it. */
  readonly check?: (input: {
    readonly caller: Caller;
    readonly params: Params;
    readonly body: Body;
    readonly action: Action;
  }) => Problem | undefined;
  readonly handle: (passage: Passage<Body>) => Promise<Result<Done<Answer>, Problem>>;
}

export type UnderDeadline = <Value>(
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<Result<Value, Problem>>,
) => Promise<Result<Value, Problem>>;

export type Params = Readonly<Record<string, string>>;

/** What a handler is given: everything is parsed, checked and approved. */
export interface Passage<Body> {
  readonly approved: Approved;
  readonly params: Params;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Body;
  /** Lower-case names; the credentials are not among them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
  /** Whether a browser with a session opens this as a page; only where the route says that it is one. */
  readonly asPage: boolean;
  /** Aborts at the deadline, and when the client goes away. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createFrame(options: FrameOptions): Frame {
  const { house, log, metrics, traces, clock, random } = options;
  const app = Fastify({
    bodyLimit: options.bodyLimit,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    // A request id from outside is kept if it looks like one, so that logs of several services can be joined.
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : newId('rid', random);
    },
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 256 },
    // What Fastify or Node refuse before there is a route is answered and logged like everything else.
    frameworkErrors: (error, request, reply) => {
      log.info({ request_id: request.id, status: error.statusCode, code: error.code }, 'request without a route');
      void answerProblem(request, reply, problemOfError(error, options.bodyLimit));
    },
    clientErrorHandler: (error, socket) => {
      log.info({ code: error.code }, 'not HTTP');
      refuseConnection(socket, error.code, newId('rid', random));
    },
  });

  addBodyParsers(app, options.bodyLimit);
  const allowedMethods = watchAllowedMethods(app);

  const underWay = watchRequests({ log, metrics, traces, clock });

  const answerProblem = (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply => {
    underWay.noteProblem(request, problem);
    return reply
      .code(problem.status)
      .headers(commonHeaders(request.id))
      .headers(problem.headers ?? {})
      .header('content-type', problemContentType)
      .send(JSON.stringify(buildProblemBody(problem, request.id)));
  };

  const withShapedIds = new Set<string>();
  app.addHook('onRequest', (request, reply, done) => {
    underWay.begin(request, reply);
    void reply.headers(commonHeaders(request.id));
    // No name that Keyturn gives or takes has it, and PostgreSQL has no text with it.
    if (request.url.includes('%00') && !withShapedIds.has(request.routeOptions.url ?? '')) {
      void answerProblem(request, reply, {
        status: 400,
        code: 'invalid_request',
        title: 'The request cannot be read',
        detail: 'The path or the query has the character NUL (%00).',
      });
      return;
    }
    const origin = request.headers.origin;
    if (origin === undefined || options.isAllowedOrigin(origin)) done();
    else {
      void answerProblem(request, reply, {
        status: 403,
        code: 'origin_not_allowed',
        title: 'This origin may not call Keyturn',
        detail: 'The Origin header names a site that is not in http.allowedOrigins.',
      });
    }
  });

  // After the body was read: reading it leaves the asynchronous context of the hooks before.
  app.addHook('preHandler', (request, _reply, done) => traces.within(request, done));

  app.get('/errors', (_request, reply) => reply.type('text/markdown; charset=utf-8').send(buildErrorsPage()));

  app.setNotFoundHandler((request, reply) =>
    answerProblem(request, reply, noRoute(request.method, allowedMethods(request.url.replace(/[?#].*$/s, '')))),
  );

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = problemOfError(error, options.bodyLimit);
    if (problem.status >= 500)
      log.error({ request_id: request.id, error: error.stack ?? error.message }, 'a bug or a broken part');
    return answerProblem(request, reply, problem);
  });

  const authenticate = async (request: FastifyRequest, resource: Resource): Promise<Result<Caller, Problem>> => {
    const bearer = readBearer(request.raw.rawHeaders);
    // A token that is shown counts; only where there is none may a cookie speak.
    const entered =
      !bearer.ok && bearer.refusal.why === 'no-token' && resource === 'rest'
        ? await options.sessions?.enter(request)
        : undefined;
    const asked =
      entered ??
      (bearer.ok
        ? house.who(bearer.value, resource, { address: request.ip })
        : ({ ok: false, refusal: { room: 'who', refusal: { why: 'credentials', refusal: bearer.refusal } } } as const));
    const found = asked instanceof Promise ? await asked : asked;
    if (found.ok) {
      underWay.noteCaller(request, found.value);
      return found;
    }
    const problem = explainRefusal(found.refusal, options.metadataUrl(resource), options.scopesOf(resource));
    metrics.tokenRefused(problem.code);
    log.info({ request_id: request.id, refusal: found.refusal }, 'credentials refused');
    return { ok: false, refusal: problem };
  };

  /** Before a large body is taken in. What the answer of a hook is, the rest of the request never sees. */
  const authenticateEarly = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const caller = await authenticate(request, 'rest');
    return caller.ok ? undefined : answerProblem(request, reply, caller.refusal);
  };

  const answerPage = (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply => {
    underWay.noteProblem(request, problem);
    return reply
      .code(problem.status)
      .headers({ ...problem.headers, ...pageHeaders([]) })
      .send(buildProblemPage(problem, request.id, request.method === 'GET' ? '/' : request.url));
  };

  const route = <Body>(definition: Route<Body>): void => {
    if (definition.form !== true) return mount(app, definition);
    // Forms are read here and nowhere else: any page of the web can send one.
    void app.register((scope, _options, done) => {
      addFormParser(scope);
      mount(scope, definition);
      done();
    });
  };

  const mount = <Body>(place: FastifyInstance, definition: Route<Body>): void => {
    if (definition.idsHaveShape === true) withShapedIds.add(definition.path);
    place.route<{ Params: Record<string, string>; Querystring: Record<string, unknown> }>({
      method: definition.method,
      url: definition.path,
      ...(definition.bodyLimit === undefined ? {} : { bodyLimit: definition.bodyLimit, onRequest: authenticateEarly }),
      handler: async (request, reply) => {
        const asPage =
          definition.page === true && request.headers.authorization === undefined && isPage(request.headers);
        const answerRefusal = asPage ? answerPage : answerProblem;
        const known = underWay.callerOf(request);
        const caller = known === undefined ? await authenticate(request, 'rest') : ok(known);
        if (!caller.ok) {
          const challenge = caller.refusal.status === 401 ? options.sessions?.challenge(request) : undefined;
          if (challenge?.redirect !== undefined) return reply.redirect(challenge.redirect, 302);
          return answerRefusal(request, reply.headers(challenge?.headers ?? {}), caller.refusal);
        }
        const body = readBody(definition.body, request.body);
        if (!body.ok) {
          const action = { kind: 'request.invalid', target: `${definition.method} ${definition.path}` };
          const reason = body.refusal.code;
          await house.remember({ caller: caller.value, action, requestId: request.id, outcome: 'refused', reason });
          return answerRefusal(request, reply, body.refusal);
        }
        const input = { caller: caller.value, params: request.params, body: body.value };
        const action = definition.action(input);
        const check = (): Problem | undefined => definition.check?.({ ...input, action });
        const done = await underDeadline(options.deadline, reply, (signal) =>
          pass(house, { caller: caller.value, action, requestId: request.id, check }, (approved) =>
            definition.handle({
              approved,
              params: request.params,
              query: request.query,
              body: body.value,
              headers: plainHeaders(request),
              requestId: request.id,
              asPage,
              signal,
            }),
          ),
        );
        if (!done.ok) return answerRefusal(request, reply, done.refusal);
        const { status, body: answer, headers } = done.value.answer;
        return reply
          .code(status)
          .headers(headers ?? {})
          .send(answer);
      },
    });
  };

  const limited: UnderDeadline = (reply, work) => underDeadline(options.deadline, reply, work);

  return { app, route, authenticate, answerProblem, underDeadline: limited, endStreams: underWay.endStreams };
}

/** Those that came once, without what may be a secret. */
function plainHeaders({ headers }: FastifyRequest): Readonly<Record<string, string | undefined>> {
  const { authorization: _credentials, cookie: _cookies, ...others } = headers;
  return Object.fromEntries(
    Object.entries(others).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
