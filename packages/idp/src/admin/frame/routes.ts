import { ok, type Result, refuse } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Mailer } from '../../browser/mail/mailer.ts';
import type { App, IdpContext } from '../../context.ts';
import { sendJson } from '../../http/answers.ts';
import { answerPreflight } from '../../http/cors.ts';
import { queryOf } from '../../http/form.ts';
import { type AdminEvent, findRealm } from '../../model/index.ts';
import { readBody } from '../json/body.ts';
import type { Reader } from '../json/shape.ts';
import { adminEventOf, type ResourceType } from './admin-events.ts';
import { type Answer, forbidden, notFound, refused, unknownError } from './answer.ts';
import { authenticate } from './authenticate.ts';
import { type AdminCall, numericParameters, type RealmCall } from './call.ts';
import { allowOrigin } from './origin.ts';
import { type Admin, type Needs } from './permissions.ts';
import { answerBodyRefusal } from './refusals.ts';

type Answers = Answer | Promise<Answer>;

/** How a change is read, permitted and recorded. */
interface Change<B> {
  readonly needs: Needs;
  /** Absent: whatever is sent is not read. */
  readonly body?: Reader<B>;
  readonly records: ResourceType;
  /** Default by method: POST creates, PUT updates, DELETE deletes. */
  readonly as?: AdminEvent['operationType'];
  /** The endpoint reads its body as a stream in Keycloak, which has other error texts. */
  readonly stream?: boolean;
}

type Write = <B = undefined>(path: string, change: Change<B>, handler: (call: RealmCall, body: B) => Answers) => void;

/** Registers endpoints below `/admin/realms/:realm`; each names what it needs and what it records. */
export interface RealmRoutes {
  get(path: string, needs: Needs, handler: (call: RealmCall) => Answers): void;
  readonly post: Write;
  readonly put: Write;
  readonly delete: Write;
}

/** Endpoints that belong to no realm; they ask for rights themselves. */
export interface ServerRoutes {
  get(path: string, handler: (call: AdminCall) => Answers): void;
  post<B>(path: string, body: Reader<B>, handler: (call: AdminCall, body: B) => Answers): void;
}

/** Realms are big: a whole one may be posted. */
const bodyLimit = 32 * 1024 * 1024;

/**
 * The frame of the admin API. For every endpoint, in this order: token, origin, realm, rights, body, handler, admin
 * event, answer. What no endpoint knows gets 405 or 404, after the same token check.
 */
export function createRoutes(
  app: App,
  context: IdpContext,
  mailer: Mailer,
): { readonly server: ServerRoutes; readonly realm: RealmRoutes } {
  const known: RegExp[] = [];
  const remember = (url: string): void => {
    known.push(new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replace(/\*$/, '.+')}$`));
  };

  // Before the body is read: a stranger's megabytes are nobody's to keep.
  const admitted = new WeakMap<FastifyRequest, Admin>();
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'OPTIONS') return;
    const caller = await admit(context, request);
    if (caller.ok) admitted.set(request, caller.value);
    else await send(context, request, reply, caller.refusal);
  });

  const register = (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    run: (call: AdminCall) => Answers,
  ): void => {
    remember(url);
    const handler: RouteHandlerMethod = async (request, reply) => {
      const admin = admitted.get(request);
      const answer = admin === undefined ? unauthorized : await run(callOf(context, mailer, request, admin));
      return send(context, request, reply, answer);
    };
    app.route({ method, url, bodyLimit, handler });
    // Keycloak's own client writes some paths with a slash at the end.
    if (!url.endsWith('*')) app.route({ method, url: `${url}/`, bodyLimit, handler });
  };

  const write =
    (method: 'POST' | 'PUT' | 'DELETE'): Write =>
    (path, change, handler) => {
      register(method, `/admin/realms/:realm${path}`, async (call) => {
        const target = enter(call, change.needs);
        if (!target.ok) return target.refusal;
        const body = bodyOf(call.request, change.body, change.stream === true);
        if (!body.ok) return body.refusal;
        const answer = await handler(target.value, body.value);
        record(target.value, change.records, change.as ?? operations[method], body.value, answer);
        return answer;
      });
    };

  app.setErrorHandler((fault, request, reply) => {
    const status = statusOf(fault);
    if (status >= 500)
      context.log('error', 'admin API: unexpected fault', { path: request.routeOptions.url, fault: String(fault) });
    return send(context, request, reply, status >= 500 ? unknownError : refused(status, { error: `HTTP ${status}` }));
  });
  app.options('/admin/*', (request, reply) => answerPreflight(request, reply, 'DELETE, POST, GET, PUT'));
  const unknownPath: RouteHandlerMethod = async (request, reply) => {
    const path = request.url.slice(request.url.indexOf('/admin/')).replace(/\/?(?:\?.*)?$/, '');
    // Only a method that no endpoint has is called so; a wrong one of the four finds nothing.
    const elsewhere = request.method === 'PATCH' && known.some((pattern) => pattern.test(path));
    const answer = elsewhere ? refused(405, { error: 'HTTP 405 Method Not Allowed' }) : notFound('HTTP 404 Not Found');
    return send(context, request, reply, answer);
  };
  app.route({ method: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'], url: '/admin/*', handler: unknownPath });

  return {
    server: {
      get: (path, handler) => register('GET', path, handler),
      post: (path, reader, handler) =>
        register('POST', path, (call) => {
          const body = bodyOf(call.request, reader, true);
          return body.ok ? handler(call, body.value) : body.refusal;
        }),
    },
    realm: {
      get: (path, needs, handler) =>
        register('GET', `/admin/realms/:realm${path}`, (call) => {
          const target = enter(call, needs);
          return target.ok ? handler(target.value) : target.refusal;
        }),
      post: write('POST'),
      put: write('PUT'),
      delete: write('DELETE'),
    },
  };
}

const operations = { POST: 'CREATE', PUT: 'UPDATE', DELETE: 'DELETE' } as const;

const unauthorized = refused(401, { error: 'HTTP 401 Unauthorized' });

async function admit(context: IdpContext, request: FastifyRequest): Promise<Result<Admin, Answer>> {
  const admin = await authenticate(context, request);
  if (admin.ok) return admin;
  switch (admin.refusal.why) {
    case 'no-valid-token':
      return refuse(unauthorized);
    case 'foreign-origin':
      return refuse(refused(403, { error: 'Invalid origin' }));
  }
}

function callOf(context: IdpContext, mailer: Mailer, request: FastifyRequest, admin: Admin): AdminCall {
  // The router decoded the path; every parameter of its pattern is a text.
  const params = request.params as Readonly<Record<string, string>>;
  return { context, mailer, request, admin, query: queryOf(request), param: (name) => params[name] ?? '' };
}

/** The realm of the path, for callers whose token is of that realm or of master, and who have the rights. */
function enter(call: AdminCall, needs: Needs): Result<RealmCall, Answer> {
  const realm = findRealm(call.context.state, call.param('realm'));
  if (realm === undefined) return refuse(notFound('Realm not found.'));
  if (!call.admin.has(realm, needs) && !(needs.length === 0 && isVisible(call, realm.id))) return refuse(forbidden);
  const misread = numericParameters.some((name) => !/^-?\d{0,15}$/.test(call.query.get(name) ?? ''));
  return misread ? refuse(notFound('HTTP 404 Not Found')) : ok({ ...call, realm });
}

function isVisible(call: AdminCall, realmId: string): boolean {
  return call.admin.realm.realm === 'master' || call.admin.realm.id === realmId;
}

function bodyOf<B>(request: FastifyRequest, reader: Reader<B> | undefined, stream: boolean): Result<B, Answer> {
  // Without a reader there is no body to have: the handler's `B` is undefined.
  if (reader === undefined) return ok(undefined as B);
  if (!/^application\/(?:[\w.+-]*\+)?json\b/i.test(request.headers['content-type'] ?? '')) {
    return refuse(refused(415, { error: 'The content-type header value did not match the value in @Consumes' }));
  }
  const read = readBody(typeof request.body === 'string' ? request.body : '', reader);
  return read.ok ? read : refuse(answerBodyRefusal(read.refusal, stream));
}

function record(
  call: RealmCall,
  resource: ResourceType,
  operation: AdminEvent['operationType'],
  body: unknown,
  answer: Answer,
): void {
  if (resource === 'none' || answer.status >= 400) return;
  const path = call.request.url.replace(/^.*?\/admin\/realms\/[^/]+\/?/, '').replace(/\?.*$/, '');
  // A realm that was just deleted keeps no events: master remembers.
  const realm = call.context.state.realms.get(call.realm.id) ?? call.admin.realm;
  call.context.events.admin(realm, adminEventOf(call, { operation, resource, path, body, answer }));
}

function send(context: IdpContext, request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  if (!(answer.status === 403 && request.headers.origin !== undefined)) allowOrigin(request, reply);
  if (answer.location !== undefined) {
    const realm = /\/admin\/realms\/([^/?]+)/.exec(request.url)?.[1];
    const below = realm === undefined ? '' : `${realm}/`;
    reply.header('location', `${context.urls.of(request).backend}/admin/realms/${below}${answer.location}`);
  }
  if (request.method === 'GET' && answer.status === 200) reply.header('cache-control', 'no-cache');
  reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
  if (answer.body === undefined) return reply.code(answer.status).send('');
  if (answer.status >= 400) return sendJson(reply, answer.status, answer.body);
  return reply
    .code(answer.status)
    .header('content-type', answer.contentType ?? 'application/json;charset=UTF-8')
    .send(
      typeof answer.body === 'string' && answer.contentType !== undefined ? answer.body : JSON.stringify(answer.body),
    );
}

function statusOf(fault: unknown): number {
  const status = typeof fault === 'object' && fault !== null && 'statusCode' in fault ? fault.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}
