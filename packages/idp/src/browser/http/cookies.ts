import type { FastifyReply, FastifyRequest } from 'fastify';

/** Keycloak's cookies, by the names that people's tests and proxies know. */
export type CookieName =
  | 'AUTH_SESSION_ID'
  | 'KC_AUTH_SESSION_HASH'
  | 'KC_RESTART'
  | 'KEYCLOAK_IDENTITY'
  | 'KEYCLOAK_SESSION';

/** Where cookies of a realm live. */
export interface CookieScope {
  /** `/auth/realms/demo/`: no realm sees another's cookies. */
  readonly path: string;
  /** https, or a host that browsers trust like https: loopback. */
  readonly secureContext: boolean;
}

// These two are read by scripts of applications (session checks) and hold hashes only.
const scriptable: readonly CookieName[] = ['KC_AUTH_SESSION_HASH', 'KEYCLOAK_SESSION'];

/** Sets a cookie in Keycloak's spelling. Without `maxAge` it ends with the browser. */
export function setCookie(
  reply: FastifyReply,
  scope: CookieScope,
  name: CookieName,
  value: string,
  maxAge?: number,
): void {
  const parts = [`${name}=${value}`, 'Version=1', `Path=${scope.path}`];
  if (maxAge !== undefined) parts.push(`Max-Age=${maxAge}`);
  // SameSite=None needs Secure. Without a secure context browsers would drop both, so Keycloak falls back to Lax.
  if (scope.secureContext) parts.push('Secure');
  if (!scriptable.includes(name)) parts.push('HttpOnly');
  parts.push(scope.secureContext ? 'SameSite=None' : 'SameSite=Lax');
  reply.header('set-cookie', parts.join(';'));
}

/** Takes a cookie away. */
export function dropCookie(reply: FastifyReply, scope: CookieScope, name: CookieName): void {
  reply.header('set-cookie', `${name}=;Version=1;Path=${scope.path};Max-Age=0`);
}

/** The value of a request's cookie. Of several with one name the first counts: browsers send the longest path first. */
export function cookieOf(request: FastifyRequest, name: CookieName): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) {
      const value = pair.slice(at + 1).trim();
      return value === '' ? undefined : value.replace(/^"(.*)"$/, '$1');
    }
  }
  return undefined;
}
