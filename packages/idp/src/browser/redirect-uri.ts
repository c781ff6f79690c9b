/**
 * Whether an address is one that the client registered: for the answers of the authorization endpoint and for the way
 * back after a logout. The address comes from whoever wrote the link, so it is compared both as written and as a
 * browser would read it; where the two could differ it is refused.
 */

/** Parameters that our own answer adds; in the client's address they could be taken for ours (Keycloak 26.7). */
const answerParameters: readonly string[] = [
  'code',
  'state',
  'session_state',
  'iss',
  'error',
  'error_description',
  'error_uri',
  'access_token',
  'id_token',
  'token_type',
  'expires_in',
  'response',
];

/** Whether the address holds a parameter of the answer. */
export function holdsAnswerParameter(address: string): boolean {
  return URL.canParse(address) && [...new URL(address).searchParams.keys()].some((it) => answerParameters.includes(it));
}

/**
 * Matches an address against registered patterns: exact, with a trailing `*`, or relative to `rootUrl`. A pattern with
 * `*` never reaches beyond its own scheme, host and port. Loopback patterns without a port match any (RFC 8252 §7.3).
 */
export function matchesRedirectUri(patterns: readonly string[], rootUrl: string | undefined, address: string): boolean {
  const url = parseStrictly(address);
  if (url === undefined) return false;
  return patterns.some((pattern) => {
    const absolute = pattern.startsWith('/') ? resolveAgainst(rootUrl, pattern) : pattern;
    return absolute !== undefined && matches(absolute, address, url);
  });
}

// What browsers repair in silence (backslashes, blanks, control characters), what hides the host (user information) and
// what a redirect must not have (fragments, RFC 6749 §3.1.2) is refused before anything is compared.
function parseStrictly(address: string): URL | undefined {
  if (!/^[!"$-[\]-~]+$/.test(address) || address.length > 4096 || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)/i.exec(address)?.[1];
  if (authority?.includes('@') === true || authority?.includes('%') === true) return undefined;
  // Browsers read `http:host`, `http:///host`, `0x7f.1` and long forms of IPv6 as hosts of their own choosing.
  if (isWeb(url) && authority?.replace(/:\d*$/, '').toLowerCase() !== url.hostname) return undefined;
  return ['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'].includes(url.protocol) ? undefined : url;
}

function matches(pattern: string, address: string, url: URL): boolean {
  const written = lowerCaseHost(address);
  if (pattern === '*') return isWeb(url) && !mayClimb(address);
  if (!pattern.endsWith('*') || pattern.includes('?')) {
    return lowerCaseHost(pattern) === written || lowerCaseHost(pattern) === withoutLoopbackPort(written);
  }
  const prefix = pattern.slice(0, -1);
  if (mayClimb(address)) return false;
  return within(lowerCaseHost(prefix), written) || within(lowerCaseHost(prefix), withoutLoopbackPort(written));
}

// A prefix may end in the middle of a path ("/app*"), never in the middle of a host ("https://app.example.com*").
function within(prefix: string, address: string): boolean {
  const path = address.replace(/\?.*$/, '');
  const origin = originOf(prefix);
  if (originOf(address) !== origin) return false;
  if (origin === undefined) return /^[a-z][a-z0-9+.-]*:/i.test(prefix) && path.startsWith(prefix);
  return path.startsWith(prefix) || path === prefix.replace(/\/$/, '');
}

// The part up to the path as it is written: `https://host:port`. Undefined for schemes without an authority.
function originOf(address: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(address)?.[0];
}

// Below a prefix, dot segments in any spelling (and slashes that a server may decode) lead out of it again.
function mayClimb(address: string): boolean {
  const path = address.replace(/[?].*$/, '');
  return /(?:^|\/)(?:\.|%2e){1,2}(?:\/|;|$)/i.test(path) || /%(?:2f|5c|25|00)/i.test(path);
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}

function lowerCaseHost(address: string): string {
  return address.replace(
    /^([a-z][a-z0-9+.-]*:\/\/)([^/?]*)/i,
    (_all, scheme: string, host: string) => scheme + host.toLowerCase(),
  );
}

function withoutLoopbackPort(address: string): string {
  return address.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+(?=[/?]|$)/, '$1');
}

function resolveAgainst(rootUrl: string | undefined, path: string): string | undefined {
  return rootUrl === undefined || rootUrl === '' ? undefined : `${rootUrl.replace(/\/+$/, '')}${path}`;
}
