/** A cookie of Keyturn's, by its name with and without the prefix. */
export type CookieName = 'session' | 'login';

/**
 * Cookies as browsers keep them. Over https they are named `__Host-…`: browsers take such a cookie only from this very
 * host, over https and for all paths, so that no neighbouring subdomain and nobody on the way can plant one (RFC 6265bis
 * §4.1.3.2). Over plain http, which is for development, they have plain names and no `Secure`.
 */
export interface Cookies {
  readonly name: (cookie: CookieName) => string;
  readonly set: (cookie: CookieName, value: string, maxAge: number) => string;
  readonly clear: (cookie: CookieName) => string;
  /** What the request brought: of several under one name, one must have been planted, and which is a guess. */
  readonly read: (header: string | undefined, cookie: CookieName) => readonly string[];
  /** The value, where there is exactly one. */
  readonly readOne: (header: string | undefined, cookie: CookieName) => string | undefined;
}

export function createCookies(secure: boolean): Cookies {
  const name = (cookie: CookieName): string => `${secure ? '__Host-' : ''}keyturn_${cookie}`;
  // Lax: the cookie comes along when the identity provider sends the browser back, and not with other sites' posts.
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  const read: Cookies['read'] = (header, cookie) => {
    const wanted = name(cookie);
    return (header ?? '').split(';').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at > 0 && pair.slice(0, at).trim() === wanted ? [pair.slice(at + 1).trim()] : [];
    });
  };
  return {
    name,
    set: (cookie, value, maxAge) => `${name(cookie)}=${value}; ${attributes}; Max-Age=${maxAge}`,
    clear: (cookie) => `${name(cookie)}=; ${attributes}; Max-Age=0`,
    read,
    readOne(header, cookie) {
      const [value, ...others] = read(header, cookie);
      return others.length > 0 ? undefined : value;
    },
  };
}
