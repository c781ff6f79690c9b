const longest = 2000;

/**
 * Where a browser goes after a login: a path of Keyturn's own, whatever was asked for. Anything that a browser could read
 * as another site (`//evil`, `/\evil`, `https:evil`, control characters, dot segments that leave a double slash) becomes
 * the start page, and so does the login itself, which would go round in circles.
 */
export function safeReturnTo(asked: unknown, publicUrl: string): string {
  if (typeof asked !== 'string' || asked.length > longest || !asked.startsWith('/')) return '/';
  // Browsers drop tabs and line ends inside URLs and read a backslash as a slash (WHATWG URL §4.4).
  if (/[\\\p{Cc}]/u.test(asked) || !URL.canParse(asked, publicUrl)) return '/';
  const url = new URL(asked, publicUrl);
  if (url.origin !== new URL(publicUrl).origin || url.pathname.startsWith('//')) return '/';
  if (/^\/(?:login|logout)(?:\/|$)/.test(url.pathname)) return '/';
  return `${url.pathname}${url.search}${url.hash}`;
}
