/**
 * Whether the `htu` of a proof is the URL of the request, query and fragment aside (RFC 9449 §4.3), both normalised by
 * syntax and scheme (RFC 3986 §6.2.2 and §6.2.3): letter case of scheme and host, default port, empty path, dot
 * segments, and percent-encoding of characters that need none.
 */
export function sameTarget(htu: string, url: string): boolean {
  const claimed = target(htu);
  return claimed !== undefined && claimed === target(url);
}

function target(text: string): string | undefined {
  // What is no URI (RFC 3986 §2), and would be bent into one: white space dropped, a backslash taken for a slash.
  if (/[^\x21-\x7e]|\\/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname, username, password } = new URL(text);
  if ((protocol !== 'https:' && protocol !== 'http:') || username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${pathname.replaceAll(/%[0-9a-f]{2}/gi, plainer)}`;
}

function plainer(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : escape.toUpperCase();
}
