/**
 * Headers that are never an argument: those that OpenAPI says to ignore (3.1 §4.8.12.1), those that frame the message,
 * and those in which the caller's own identity travels.
 */
const ownHeaders: ReadonlySet<string> = new Set([
  'accept',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'cookie2',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Why a header of this name cannot be an argument; undefined if it can. */
export function whyNoHeader(name: string): string | undefined {
  if (!isToken(name)) return 'no legal header name';
  return ownHeaders.has(name.toLowerCase()) ? 'set by Keyturn, never by an argument' : undefined;
}

/** What RFC 9110 §5.6.2 calls a token, which header and cookie names are. */
export function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}
