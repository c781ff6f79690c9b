import { type Bytes, type Milliseconds, mebibytes, milliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import { type AddressGuard, createAddressGuard } from './address-guard.ts';
import { buildResponse, type FetchedResponse } from './fetched-response.ts';
import { openGuardedConnections, portOf, type ResolveHost, resolveHost } from './guarded-connections.ts';
import type { NetRefusal } from './net-refusal.ts';
import { type Hop, isRedirect, nextHop } from './redirect.ts';
import { sendHop } from './send-hop.ts';

export interface GuardedFetchOptions {
  /**
   * Hosts that may lie at addresses that are not public: `localhost`, `127.0.0.1:8000`, `10.0.0.0/8`,
   * `*.svc.cluster.local`. Default none. A name opens private, loopback, unique local and carrier-grade NAT addresses;
   * link-local and other special ones open only to an address or a range, and those of cloud metadata services only to
   * the exact address.
   */
  readonly allowPrivateHosts?: readonly string[];
  /** If given, only these hosts are called at all; same spelling. Their addresses are checked all the same. */
  readonly allowedHosts?: readonly string[];
  /** For the whole call, from the first to the last byte and over all redirects. Default 10 s. */
  readonly timeout?: Milliseconds;
  /** Of the answer's body once decoded; a larger one is refused. Default 1 MiB. */
  readonly maxBytes?: Bytes;
  /** Certificates (PEM) to trust instead of the system's. Default: the system's, and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string | readonly string[];
  /** Default: the system's resolver. */
  readonly lookup?: ResolveHost;
}

export interface GuardedRequest {
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Instead of the client's. */
  readonly timeout?: Milliseconds;
  /** Instead of the client's. */
  readonly maxBytes?: Bytes;
  /**
   * What becomes of a body with more than `maxBytes`. Default `error`. With `cut` its first `maxBytes` are the answer,
   * which says so (`isCut`), and the connection is closed. One that is encoded though it should not be is refused.
   */
  readonly oversize?: 'error' | 'cut';
  /**
   * What a 301, 302, 303, 307 or 308 does. Default `error`. With `follow`, at most 5 hops, each checked like the first;
   * only harmless headers and no body go on to another origin, and never from https to http.
   */
  readonly redirect?: 'error' | 'follow';
  readonly signal?: AbortSignal;
}

/**
 * Calls a URL that came from outside or from configuration. Never rejects: what went wrong is a `NetRefusal`.
 * An answer of any status is `ok`.
 */
export interface GuardedFetch extends AsyncDisposable {
  (url: string | URL, request?: GuardedRequest): Promise<Result<FetchedResponse, NetRefusal>>;
  /** Ends calls under way (`aborted`, by `close`) and frees the sockets. */
  close(): Promise<void>;
}

/** Headers that undici or this file sets, or that frame the message: set by a caller they would smuggle. RFC 9112 §11.2. */
const notTheCallers: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Throws a `TypeError` that names every malformed entry of the lists. */
export function createGuardedFetch(options: GuardedFetchOptions = {}): GuardedFetch {
  const guard = createAddressGuard({
    allowPrivateHosts: options.allowPrivateHosts ?? [],
    allowedHosts: options.allowedHosts,
  });
  const timeoutByDefault = options.timeout ?? milliseconds(10_000);
  const maxBytesByDefault = options.maxBytes ?? mebibytes(1);
  const agent = openGuardedConnections({
    guard,
    resolve: options.lookup ?? resolveHost,
    connectTimeout: timeoutByDefault,
    ca: options.ca,
  });

  const call = async (
    address: string | URL,
    request: GuardedRequest = {},
  ): Promise<Result<FetchedResponse, NetRefusal>> => {
    const { signal, timeout = timeoutByDefault, maxBytes = maxBytesByDefault } = request;
    const first = readRequest(address, request);
    if (!first.ok) return first;
    const startedAt = performance.now();
    let hop = first.value;
    for (let followed = 0; ; followed += 1) {
      const port = portOf(hop.url);
      const refusal = checkUrl(hop.url, port, guard);
      if (refusal !== undefined) return refuse(refusal);
      if (signal?.aborted === true) return refuse({ why: 'aborted', by: 'caller', sent: followed > 0 });
      const timeLeft = timeout - (performance.now() - startedAt);
      const cuts = request.oversize === 'cut';
      const answer = await sendHop(agent, { ...hop, port, timeLeft, timeout, maxBytes, cuts, signal });
      if (!answer.ok) return answer;
      const { status } = answer.value;
      const response = buildResponse(answer.value, hop.url.href);
      const location = response.headers.get('location');
      if (!isRedirect(status, location)) return ok(response);
      const next = nextHop(hop, status, location, followed, request.redirect === 'follow');
      if (!next.ok) return next;
      hop = next.value;
    }
  };
  const close = () => agent.destroy();
  return Object.assign(call, { close, [Symbol.asyncDispose]: close });
}

/** The first hop: the URL parsed, header names in lower case, what is not the caller's to set refused. */
function readRequest(address: string | URL, request: GuardedRequest): Result<Hop, NetRefusal> {
  const url = typeof address === 'string' ? URL.parse(address) : address;
  if (url === null) return refuse({ why: 'bad-url', problem: 'unreadable' });
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  const given = request.headers ?? {};
  for (const name in given) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) continue;
    const key = name.toLowerCase();
    if (notTheCallers.has(key)) return refuse({ why: 'bad-request', part: `header ${key}` });
    // An encoded answer would have to be decoded again: `identity` is asked for whatever the caller would accept.
    if (key !== 'accept-encoding') headers[key] = value;
  }
  const method = (request.method ?? 'GET').toUpperCase();
  if (method === 'CONNECT' || method === 'TRACE') return refuse({ why: 'bad-request', part: 'method' });
  return ok({ url, method, headers, body: request.body });
}

function checkUrl(url: URL, port: number, guard: AddressGuard): NetRefusal | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return { why: 'scheme', scheme: url.protocol.slice(0, -1) };
  }
  if (url.username !== '' || url.password !== '') return { why: 'bad-url', problem: 'userinfo' };
  return guard.checkHost(url.hostname, port);
}
