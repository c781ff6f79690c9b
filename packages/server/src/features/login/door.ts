import { isJsonObject, ok, type Principal, type Result, refuse } from '@keyturn/protocol';
import type { FastifyRequest } from 'fastify';
import { Bearer } from '../../http/bearer.ts';
import type { Caller, RolesOf } from '../../http/caller.ts';
import { isPage } from '../../http/is-page.ts';
import type { HouseRefusal, SessionRefusal } from '../../http/refusals.ts';
import type { SessionPort } from '../../http/session-port.ts';
import type { Cookies } from './cookies.ts';
import { checkCsrf, csrfTokenOf } from './csrf.ts';
import type { SessionKeeper } from './keeper.ts';
import type { Session } from './session.ts';

/** A browser's own session, with the secret that proved it. */
export interface Opened {
  readonly session: Session;
  readonly secret: string;
}

export interface SessionDoor extends SessionPort {
  /** The session alone, without a caller: for logging out, which must work while the identity provider is down. */
  readonly open: (request: FastifyRequest, csrfToken?: string) => Promise<Result<Opened, SessionRefusal> | undefined>;
}

/** The way into the room "who" by cookie. */
export function createSessionDoor(parts: {
  readonly keeper: SessionKeeper;
  readonly cookies: Cookies;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** The room "who", for the access token behind the session. */
  readonly identify: (bearer: Bearer, address: string | undefined) => Promise<Result<Caller, HouseRefusal>>;
  /** Who a break-glass session is: no token says so. Undefined if there is no such account any more. */
  readonly local: (session: Session) => Principal | undefined;
  /** The effective roles of such a one. */
  readonly rolesOf: RolesOf;
}): SessionDoor {
  const { keeper, cookies, publicUrl } = parts;
  const ownOrigin = new URL(publicUrl).origin;

  const open: SessionDoor['open'] = async (request, csrfToken) => {
    const [secret, ...others] = cookies.read(request.headers.cookie, 'session');
    if (secret === undefined || secret === '') return undefined;
    if (others.length > 0) return refuse({ why: 'several-cookies' });
    const session = /^[A-Za-z0-9_-]{43}$/.test(secret) ? await keeper.find(secret) : undefined;
    if (session === undefined) return refuse({ why: 'session-ended' });
    const fault = checkCsrf({
      method: request.method,
      secFetchSite: one(request.headers['sec-fetch-site']),
      origin: request.headers.origin,
      token: csrfToken ?? one(request.headers['x-csrf-token']) ?? fieldOf(request.body),
      ownOrigin,
      secret,
    });
    return fault === undefined ? ok({ session, secret }) : refuse({ why: 'csrf', fault });
  };

  return {
    open,
    async enter(request) {
      const opened = await open(request);
      if (opened === undefined) return undefined;
      const refused = (refusal: SessionRefusal): Result<Caller, HouseRefusal> =>
        refuse({ room: 'who', refusal: { why: 'session', refusal } });
      if (!opened.ok) return refused(opened.refusal);
      const { session, secret } = opened.value;
      const own = { id: session.id, kind: session.kind, csrfToken: csrfTokenOf(secret) };
      if (session.kind === 'break-glass') {
        const principal = parts.local(session);
        if (principal === undefined) return refused({ why: 'session-ended' });
        // There is no token to go on with: a call to an upstream is refused where one is asked for.
        return ok({ ...(await parts.rolesOf(principal)), principal, bearer: new Bearer(''), session: own });
      }
      const token = await keeper.accessToken(session);
      if (!token.ok) return refused(token.refusal);
      const caller = await parts.identify(new Bearer(token.value), request.ip);
      return caller.ok ? ok({ ...caller.value, session: own }) : caller;
    },
    challenge(request) {
      const login = (path: string): string => `/login?returnTo=${encodeURIComponent(path)}`;
      if (request.headers['hx-request'] === 'true') {
        // htmx goes there as the browser would; the page that it runs in is where to come back to.
        const current = one(request.headers['hx-current-url']) ?? '';
        const page = URL.canParse(current) ? new URL(current) : undefined;
        const back = page?.origin === ownOrigin ? `${page.pathname}${page.search}` : '/';
        return { headers: { 'hx-redirect': login(back) } };
      }
      const isOpening =
        request.method === 'GET' && request.headers.authorization === undefined && isPage(request.headers);
      return isOpening ? { redirect: login(request.url), headers: {} } : { headers: {} };
    },
  };
}

/** Of a form of our own pages, which can set no header. */
function fieldOf(body: unknown): string | undefined {
  const token = isJsonObject(body) ? body['csrf_token'] : undefined;
  return typeof token === 'string' ? token : undefined;
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
