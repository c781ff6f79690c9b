import { createHmac, timingSafeEqual } from 'node:crypto';

/** Why a state-changing request with a session cookie is not believed to come from Keyturn's own pages. */
export type CsrfFault = 'other-site' | 'other-origin' | 'no-token' | 'wrong-token';

/** The token of a session, which its own pages may read and nobody else's can. It says nothing of the session's secret. */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('keyturn csrf').digest('base64url');
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Two defences, each enough by itself where browsers keep their promises: what the browser says of where the request came
 * from (`Sec-Fetch-Site`, else `Origin`), and a token that another site cannot know. Methods that change nothing pass.
 */
export function checkCsrf(request: {
  readonly method: string;
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly token: string | undefined;
  readonly ownOrigin: string;
  readonly secret: string;
}): CsrfFault | undefined {
  if (safeMethods.has(request.method)) return undefined;
  const fault = checkOrigin(request);
  if (fault !== undefined) return fault;
  if (request.token === undefined || request.token === '') return 'no-token';
  const given = Buffer.from(request.token);
  const wanted = Buffer.from(csrfTokenOf(request.secret));
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? undefined : 'wrong-token';
}

/** The half that needs no session: for forms by which one logs in. Requests of programs have neither header. */
export function checkOrigin(request: {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly ownOrigin: string;
}): CsrfFault | undefined {
  const { secFetchSite: site, origin, ownOrigin } = request;
  if (site !== undefined && site !== 'same-origin') return 'other-site';
  return origin !== undefined && origin !== ownOrigin ? 'other-origin' : undefined;
}
