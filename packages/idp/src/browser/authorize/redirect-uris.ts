import type { Client } from '../../model/index.ts';
import { matchesRedirectUri } from '../redirect-uri.ts';

/** Whether the client registered this address for its codes. `baseUrl`: the server, which built-in clients live under. */
export function isRedirectUriOf(client: Client, address: string, baseUrl: string): boolean {
  return matchesRedirectUri(client.redirectUris, rootOf(client, baseUrl), address);
}

/** The address of a client that registered exactly one, and that one without a wildcard. */
export function soleRedirectUri(client: Client, baseUrl: string): string | undefined {
  const [only, ...more] = client.redirectUris;
  if (only === undefined || more.length > 0 || only.endsWith('*')) return undefined;
  const address = only.startsWith('/') ? `${rootOf(client, baseUrl)}${only}` : only;
  return isRedirectUriOf(client, address, baseUrl) ? address : undefined;
}

/**
 * Whether the client registered this address for the way back after a logout: its attribute
 * `post.logout.redirect.uris`, a list joined by `##`, where `+` (and absence) stands for the redirect URIs and `-` for none.
 */
export function isPostLogoutUriOf(client: Client, address: string, baseUrl: string): boolean {
  const listed = client.attributes['post.logout.redirect.uris'];
  const entries = listed === undefined || listed === '' ? ['+'] : listed.split('##');
  if (entries.includes('-')) return false;
  const patterns = entries.flatMap((entry) => (entry === '+' ? client.redirectUris : [entry]));
  return matchesRedirectUri(patterns, rootOf(client, baseUrl), address);
}

function rootOf(client: Client, baseUrl: string): string {
  const root = client.rootUrl ?? '';
  if (root === '') return baseUrl;
  return root.replace('${authBaseUrl}', baseUrl).replace('${authAdminUrl}', baseUrl).replace(/\/+$/, '');
}
