import type { Visit } from '../visit.ts';

/**
 * Whether this visit's own address may stand in a mail to somebody. Without a configured host name the address is what
 * the caller wrote into the Host header, and a reset mail would carry the victim's key to the attacker's host. Then only
 * names count that nobody can own on the public Internet (RFC 6761, RFC 6762, RFC 8375, and single labels).
 */
export function mayStandInMail(visit: Visit): boolean {
  const own = visit.realm.attributes['frontendUrl'] ?? '';
  if (own !== '' || visit.context.urls.of(visit.request).configured) return true;
  const { hostname } = new URL(visit.base);
  if (/^(?:127(?:\.\d+){3}|\[::1\])$/.test(hostname)) return true;
  return /^[a-z0-9-]+$/i.test(hostname)
    ? !/^\d+$/.test(hostname)
    : /\.(?:localhost|local|test|internal|home\.arpa)$/i.test(hostname);
}
