import { isId, type JsonObject, ok, refuse } from '@keyturn/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../http/caller.ts';
import type { Frame } from '../../http/frame.ts';
import { isPage } from '../../http/is-page.ts';
import type { Problem } from '../../http/problem.ts';
import type { LoginClient } from './client.ts';
import type { Cookies } from './cookies.ts';
import { csrfTokenOf } from './csrf.ts';
import type { SessionDoor } from './door.ts';
import type { SessionKeeper } from './keeper.ts';
import { buildPage, type Html, html, pageHeaders } from '../../http/html.ts';
import { describeSession, type SessionId, type SessionOwner } from './session.ts';

export interface SessionRouteParts {
  readonly keeper: SessionKeeper;
  readonly door: SessionDoor;
  readonly client: LoginClient;
  readonly cookies: Cookies;
  readonly issuer: string;
  readonly publicUrl: string;
  /** Whether the page offers the break-glass login. */
  readonly breakGlass: boolean;
}

const path = '/api/v1/sessions';

/** Sessions over HTTP: who is logged in here, all sessions of a user, logging out of one or all, and the start page. */
export function mountSessions(frame: Frame, parts: SessionRouteParts): void {
  mountSessionApi(frame, parts);
  mountPages(frame, parts);
}

function mountSessionApi(frame: Frame, { keeper, cookies }: SessionRouteParts): void {
  frame.route({
    method: 'GET',
    path: '/api/v1/session',
    action: () => ({ kind: 'session.read' }),
    handle: async ({ approved: { caller } }) => {
      const owner = ownerOf(caller);
      const sessions = owner === undefined || caller.session === undefined ? [] : await keeper.list(owner);
      const session = sessions.find(({ id }) => id === caller.session?.id);
      if (session === undefined || caller.session === undefined) return refuse(noSession);
      const { principal, roles } = caller;
      const body: JsonObject = {
        ...describeSession(session, session.id),
        user: session.userId ?? null,
        identity: principal.identity,
        issuer: principal.issuer,
        roles: [...roles],
        csrf_token: caller.session.csrfToken,
      };
      return ok({ answer: { status: 200, body }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'GET',
    path,
    action: () => ({ kind: 'session.list' }),
    handle: async ({ approved: { caller } }) => {
      const owner = ownerOf(caller);
      const sessions = owner === undefined ? [] : await keeper.list(owner);
      const current = sessions.find(({ id }) => id === caller.session?.id)?.id;
      const body = sessions.map((session) => describeSession(session, current));
      return ok({ answer: { status: 200, body }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'DELETE',
    path: `${path}/:id`,
    action: ({ params }) => ({ kind: 'session.end', target: params['id'] ?? '' }),
    handle: async ({ approved: { caller }, params, requestId }) => {
      const owner = ownerOf(caller);
      const id = params['id'] ?? '';
      const reason = { action: 'end', by: caller.principal.identity, atIdp: true, requestId } as const;
      const ended = owner !== undefined && isSessionId(id) ? await keeper.end({ ...owner, id }, reason) : [];
      if (ended.length === 0) return refuse(unknownSession);
      const headers = id === caller.session?.id ? { 'set-cookie': cookies.clear('session') } : {};
      return ok({ answer: { status: 204, headers }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'DELETE',
    path,
    action: () => ({ kind: 'session.end-all' }),
    handle: async ({ approved: { caller }, requestId }) => {
      const owner = ownerOf(caller);
      const reason = { action: 'logout-everywhere', by: caller.principal.identity, atIdp: true, requestId } as const;
      const ended = owner === undefined ? [] : await keeper.end(owner, reason);
      const headers = caller.session === undefined ? {} : { 'set-cookie': cookies.clear('session') };
      return ok({ answer: { status: 200, headers, body: { ended: ended.length } }, outcome: 'allowed' });
    },
  });
}

/** The start page, and logging out from it. */
function mountPages(frame: Frame, parts: SessionRouteParts): void {
  const { keeper, door, client, cookies, publicUrl, issuer } = parts;
  const show = (reply: FastifyReply, status: number, title: string, content: string | Html): FastifyReply =>
    reply
      .code(status)
      .headers(pageHeaders([new URL(issuer).origin]))
      .send(buildPage(title, content));
  const breakGlass = parts.breakGlass ? html` <a class="button" href="/login/break-glass">Break glass</a>` : html``;

  frame.app.get('/', async (request, reply) => {
    const entered = await door.enter(request);
    if (entered?.ok !== true) {
      const isPassing =
        entered?.ok === false && entered.refusal.room === 'who' && entered.refusal.refusal.why === 'session'
          ? entered.refusal.refusal.refusal.why === 'session-unreachable'
          : false;
      if (isPassing) return show(reply, 503, 'The identity provider does not answer', 'You are still logged in.');
      if (cookies.read(request.headers.cookie, 'session').length > 0)
        void reply.header('set-cookie', cookies.clear('session'));
      const welcome = html`<p>You are not logged in.</p><p><a class="button" href="/login">Log in</a>${breakGlass}</p>`;
      return show(reply, 200, 'Keyturn', welcome);
    }
    const caller = entered.value;
    const owner = ownerOf(caller);
    const sessions = owner === undefined ? [] : await keeper.list(owner);
    return show(reply, 200, 'Keyturn', buildStart(caller, sessions.length, caller.session?.csrfToken ?? ''));
  });

  void frame.app.register((app, _options, done) => {
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    app.get('/logout', async (request, reply) => {
      const secret = cookies.readOne(request.headers.cookie, 'session');
      if (secret === undefined) return reply.redirect('/', 302);
      return show(reply, 200, 'Log out?', logoutForm(csrfTokenOf(secret), 'here'));
    });
    app.post('/logout', async (request, reply) => {
      const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
      const given = form.get('csrf_token') ?? undefined;
      const opened = await door.open(request, given);
      if (opened?.ok === false && opened.refusal.why === 'csrf') {
        return show(
          reply,
          403,
          'This did not come from Keyturn’s own page',
          'Go to the start page, and log out there.',
        );
      }
      const session = opened?.ok === true ? opened.value.session : undefined;
      const everywhere = form.get('everywhere') === 'yes';
      const script = isScript(request);
      if (session !== undefined) {
        const which = everywhere ? session.owner : { ...session.owner, id: session.id };
        await keeper.end(which, {
          action: everywhere ? 'logout-everywhere' : 'logout',
          by: session.owner.subject,
          // A browser is sent to the identity provider's own logout; everything else is ended from here.
          atIdp: everywhere || script === 'fetch' || session.tokens?.id === undefined,
          requestId: request.id,
        });
      }
      void reply.header('set-cookie', cookies.clear('session')).header('cache-control', 'no-store');
      const idToken = session?.tokens?.id;
      const there =
        idToken === undefined
          ? undefined
          : await client.endSessionUrl({ id_token_hint: idToken, post_logout_redirect_uri: `${publicUrl}/` });
      const next = there ?? `${publicUrl}/`;
      if (script === 'htmx') return reply.code(200).header('hx-redirect', next).send();
      return script === 'fetch' ? reply.code(200).send({ logged_out: true }) : reply.redirect(next, 303);
    });
    done();
  });
}

function buildStart(caller: Caller, sessions: number, csrf: string): Html {
  const { principal, roles } = caller;
  const name = principal.claims['name'];
  const shown = typeof name === 'string' ? name : principal.identity;
  const list = roles.length === 0 ? html`<li>none</li>` : roles.map((role) => html`<li>${role}</li>`);
  return html`<p>You are logged in as <strong>${shown}</strong>.</p>
<h2>Roles</h2>
<ul id="roles">${list}</ul>
<h2>Sessions</h2>
<p>${sessions === 1 ? 'This is your only session.' : `You have ${sessions} sessions.`}</p>
${logoutForm(csrf, 'here')}
${logoutForm(csrf, 'everywhere')}`;
}

function logoutForm(csrf: string, where: 'here' | 'everywhere'): Html {
  const more = where === 'here' ? html`` : html`<input type="hidden" name="everywhere" value="yes">`;
  return html`<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="${csrf}">${more}<button id="logout-${where}">${where === 'here' ? 'Log out' : 'Log out everywhere'}</button></form>`;
}

/** Who asks: a browser that follows redirects by itself, htmx, or a program that wants an answer. */
function isScript(request: FastifyRequest): 'page' | 'htmx' | 'fetch' {
  if (request.headers['hx-request'] === 'true') return 'htmx';
  return isPage(request.headers) ? 'page' : 'fetch';
}

function ownerOf({ principal }: Caller): SessionOwner | undefined {
  const { issuer, subject } = principal;
  return subject === undefined ? undefined : { issuer, subject };
}

function isSessionId(text: string): text is SessionId {
  return isId('ses', text);
}

const noSession: Problem = {
  status: 404,
  code: 'unknown_session',
  title: 'There is no session',
  detail: 'This request came with a token and not with a session cookie.',
};

const unknownSession: Problem = {
  status: 404,
  code: 'unknown_session',
  title: 'You have no such session',
  detail: 'GET /api/v1/sessions lists yours.',
};
