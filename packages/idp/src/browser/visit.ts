import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { IdpContext } from '../context.ts';
import { withRealm } from '../http/realm-route.ts';
import { frontendOf } from '../http/urls.ts';
import type { IdpEvent, Realm } from '../model/index.ts';
import type { CookieScope } from './http/cookies.ts';
import { sendPage } from './http/send-page.ts';
import type { Mailer } from './mail/mailer.ts';
import { errorPage } from './pages/message-pages.ts';

/** What the pages need beyond the rest of the identity provider. */
export interface BrowserContext extends IdpContext {
  readonly mailer: Mailer;
}

/** One request of a browser to a realm, with the addresses as that browser sees them. */
export interface Visit {
  readonly context: BrowserContext;
  readonly realm: Realm;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** `<frontend>/realms/<realm>`, which is the issuer as well. */
  readonly base: string;
  /** The same without the realm: what relative addresses of built-in clients are relative to. */
  readonly frontend: string;
  readonly cookies: CookieScope;
  /** The browser's address, for events and sessions. */
  readonly address: string;
}

export type VisitHandler = (visit: Visit) => Promise<FastifyReply> | FastifyReply;

/** A route for browsers below `/realms/:realm`. A realm that is switched off shows nothing but that. */
export function withVisit(context: BrowserContext, handler: VisitHandler): RouteHandlerMethod {
  return withRealm(context, async (realm, request, reply) => {
    const visit = visitOf(context, realm, request, reply);
    if (!realm.enabled) return sendPage(reply, realm, errorPage(realm, 'Realm not enabled'), 400);
    return await handler(visit);
  });
}

function visitOf(context: BrowserContext, realm: Realm, request: FastifyRequest, reply: FastifyReply): Visit {
  const base = context.urls.issuer(request, realm);
  const frontend = frontendOf(context.urls.of(request), realm);
  const { address } = context.urls.peerOf(request);
  return { context, realm, request, reply, base, frontend, address, cookies: cookieScopeOf(base) };
}

// Browsers trust loopback like https (Secure Contexts §3.1), and Keycloak sets Secure cookies there as well.
function cookieScopeOf(base: string): CookieScope {
  const url = new URL(base);
  const loopback = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
  return { path: `${url.pathname}/`, secureContext: url.protocol === 'https:' || loopback };
}

/** Reports what a person did, or failed to do. */
export function report(visit: Visit, event: Omit<IdpEvent, 'id' | 'time' | 'realmId' | 'ipAddress'>): void {
  visit.context.events.user(visit.realm, { ipAddress: visit.address, ...event });
}

/** An error page: for what cannot or must not be told to the client. */
export function sendErrorPage(visit: Visit, message: string, status = 400): FastifyReply {
  return sendPage(visit.reply, visit.realm, errorPage(visit.realm, message), status);
}
