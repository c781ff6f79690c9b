import type { FastifyReply } from 'fastify';
import type { Realm } from '../../model/index.ts';
import { nameOf, type Page, renderPage } from '../pages/layout.ts';
import { styleHash } from '../pages/style.ts';

/**
 * No script, no frame, no foreign content. `form-action` is left out on purpose: browsers apply it to the redirects
 * that follow a form as well, and a login ends in a redirect to the client's own address.
 */
const policy = `default-src 'none'; style-src ${styleHash}; img-src data:; base-uri 'none'; frame-ancestors 'none'`;

/** Sends a page. It may hold a form's one-time code, so nothing keeps it and nothing learns its address. */
export function sendPage(reply: FastifyReply, realm: Realm, page: Page, status = 200, extraPolicy = ''): FastifyReply {
  return sendDocument(reply, renderPage(nameOf(realm), page), status, extraPolicy);
}

/** Sends any document under the same policy, with `extraPolicy` for what it needs beyond. */
export function sendDocument(reply: FastifyReply, document: string, status: number, extraPolicy = ''): FastifyReply {
  securityHeaders(reply);
  return reply
    .code(status)
    .header('content-security-policy', `${policy}${extraPolicy}`)
    .header('content-type', 'text/html;charset=utf-8')
    .send(document);
}

/** A redirect that nothing keeps: its address may hold a code. */
export function sendRedirect(reply: FastifyReply, location: string): FastifyReply {
  securityHeaders(reply);
  return reply.code(302).header('location', location).send();
}

function securityHeaders(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store, must-revalidate, max-age=0');
  reply.header('x-frame-options', 'DENY');
  reply.header('x-content-type-options', 'nosniff');
  reply.header('x-robots-tag', 'none');
  reply.header('referrer-policy', 'no-referrer');
  reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
}
