import type { Settings } from '../config/schema.ts';

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** The URL by which callers reach Keyturn: the configured one, else the address that it listens on. No trailing slash. */
export function publicUrlOf(http: Settings['http']): string {
  if (http.publicUrl !== undefined) return new URL(http.publicUrl).origin;
  const host = isLoopback(http.host) ? 'localhost' : http.host.includes(':') ? `[${http.host}]` : http.host;
  return `http://${host}:${http.port}`;
}

/**
 * Browsers may call from Keyturn's own origin and from http.allowedOrigins; nobody else's page may. Where Keyturn is
 * itself known by a loopback name, as in development, pages of this machine may too, on any port.
 */
export function allowedOrigins(http: Settings['http'], publicUrl: string): (origin: string) => boolean {
  const allowed = new Set([publicUrl, ...http.allowedOrigins].map((url) => new URL(url).origin));
  const local = loopbackNames.includes(new URL(publicUrl).hostname);
  return (origin) =>
    allowed.has(origin) || (local && URL.canParse(origin) && loopbackNames.includes(new URL(origin).hostname));
}

/** Host names by which this server may be called: the public one, and loopback's where it listens there. */
export function allowedHosts(http: Settings['http'], publicUrl: string): (host: string) => boolean {
  const publicHost = new URL(publicUrl).hostname;
  const names = new Set([publicHost, ...(isLoopback(http.host) ? loopbackNames : [])]);
  return (host) => names.has(host.replace(/:\d+$/, '').toLowerCase());
}

/** Whether a browser takes this name for its own machine: then plain http counts as safe (W3C Secure Contexts §3.1). */
export function isLoopbackName(hostname: string): boolean {
  return loopbackNames.includes(hostname) || hostname.endsWith('.localhost') || hostname.startsWith('127.');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
