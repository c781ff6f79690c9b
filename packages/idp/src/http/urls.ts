import type { FastifyRequest } from 'fastify';
import type { Realm } from '../model/index.ts';
import { trustedPeers } from './peers.ts';
import { type HttpSettings, isUrl, relativePathOf } from './settings.ts';

/** Under which addresses this request's answer names the server. None ends in a slash; each includes the relative path. */
export interface Urls {
  /** For browsers, and the base of the issuer. */
  readonly frontend: string;
  /** Whether `frontend` names a configured host. If not, its host is what this caller wrote: nothing for a mail to others. */
  readonly configured: boolean;
  /** For services: equal to `frontend` unless the back channel follows the request. */
  readonly backend: string;
  readonly admin: string;
}

/** What is known of a request's way here. */
export interface Peer {
  /** The client's address: the peer's, or what a trusted peer says. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** Host and port as the client wrote them. */
  readonly host: string;
}

export interface UrlResolver {
  of(request: FastifyRequest): Urls;
  peerOf(request: FastifyRequest): Peer;
  /** The issuer of a realm for this request: `<frontend>/realms/<name>`. */
  issuer(request: FastifyRequest, realm: Realm): string;
}

/** Resolves addresses by the host name settings, as Keycloak's "hostname v2" does. */
export function createUrlResolver(settings: HttpSettings): UrlResolver {
  const trusted = trustedPeers(settings.proxyTrustedAddresses);
  const path = relativePathOf(settings);
  const fixed = settings.hostname === undefined ? undefined : settings.hostname.replace(/\/+$/, '');

  const peerOf = (request: FastifyRequest): Peer => {
    const direct = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1';
    const host = hostOf(request.headers.host) ?? 'localhost';
    if (settings.proxyHeaders === undefined || !trusted(direct)) return { address: direct, scheme: 'http', host };
    return settings.proxyHeaders === 'xforwarded'
      ? fromXForwarded(request, { address: direct, scheme: 'http', host })
      : fromForwarded(request, { address: direct, scheme: 'http', host });
  };

  const of = (request: FastifyRequest): Urls => {
    const peer = peerOf(request);
    const dynamic = `${peer.scheme}://${peer.host}${path}`;
    const frontend =
      fixed === undefined ? dynamic : isUrl(fixed) ? fixed : `${peer.scheme}://${fixed}${portOf(peer.host)}${path}`;
    return {
      frontend,
      configured: fixed !== undefined,
      backend: settings.hostnameBackchannelDynamic === true ? dynamic : frontend,
      admin: settings.hostnameAdmin?.replace(/\/+$/, '') ?? frontend,
    };
  };

  return { of, peerOf, issuer: (request, realm) => issuerAt(of(request), realm) };
}

/** The realm's issuer; its attribute `frontendUrl` wins over the server's own address. */
export function issuerAt(urls: Urls, realm: Realm): string {
  return `${frontendOf(urls, realm)}/realms/${encodeURIComponent(realm.realm)}`;
}

/** The base that browsers see for this realm. */
export function frontendOf(urls: Urls, realm: Realm): string {
  const own = realm.attributes['frontendUrl'];
  return own === undefined || own === '' ? urls.frontend : own.replace(/\/+$/, '');
}

// A Host header may hold anything; what is not a host is not repeated into addresses.
function hostOf(header: string | undefined): string | undefined {
  return header !== undefined && /^(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.test(header) ? header : undefined;
}

function portOf(host: string): string {
  return /:\d+$/.exec(host)?.[0] ?? '';
}

function fromXForwarded(request: FastifyRequest, direct: Peer): Peer {
  const first = (name: string): string | undefined => headerOf(request, name)?.split(',')[0]?.trim();
  const scheme = first('x-forwarded-proto') === 'https' ? 'https' : direct.scheme;
  const host = hostOf(first('x-forwarded-host')) ?? direct.host;
  const port = first('x-forwarded-port');
  const bare = host.replace(/:\d+$/, '');
  const shown = port === undefined || !/^\d{1,5}$/.test(port) ? host : withPort(bare, port, scheme);
  // The proxy appends: the last entry is what the trusted peer itself saw.
  const seen = headerOf(request, 'x-forwarded-for')?.split(',').at(-1)?.trim();
  return { address: seen === undefined || seen === '' ? direct.address : seen, scheme, host: shown };
}

function fromForwarded(request: FastifyRequest, direct: Peer): Peer {
  const last = headerOf(request, 'forwarded')?.split(',').at(-1) ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`(?:^|;)\\s*${name}=(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(last)?.slice(1).find(Boolean);
  return {
    address: field('for')?.replace(/^\[|\](?::\d+)?$|:\d+$/g, '') ?? direct.address,
    scheme: field('proto') === 'https' ? 'https' : direct.scheme,
    host: hostOf(field('host')) ?? direct.host,
  };
}

function withPort(host: string, port: string, scheme: string): string {
  return (scheme === 'https' && port === '443') || (scheme === 'http' && port === '80') ? host : `${host}:${port}`;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
