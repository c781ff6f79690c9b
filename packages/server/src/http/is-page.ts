import type { IncomingHttpHeaders } from 'node:http';

/**
 * What kind of thing asks: a browser opening a page, or a program. Browsers say so themselves (Fetch Metadata); whatever
 * does not say from where it asks is judged by what it would like to have.
 */
export function isPage(headers: Pick<IncomingHttpHeaders, 'accept'> & { readonly [name: string]: unknown }): boolean {
  if (headers['sec-fetch-site'] !== undefined) return headers['sec-fetch-mode'] === 'navigate';
  return /\btext\/html\b/.test(headers.accept ?? '');
}
