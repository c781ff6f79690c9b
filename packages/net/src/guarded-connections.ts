import { lookup as resolveWithSystem } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { Milliseconds } from '@keyturn/protocol';
import ipaddr from 'ipaddr.js';
import type * as undici from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { type AddressGuard, withoutBrackets } from './address-guard.ts';
import { errorCode } from './error-code.ts';
import { explainNetRefusal, type NetRefusal } from './net-refusal.ts';

/** All addresses of a host name. Rejects with an error that has a `code`, as `node:dns` does. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** Carries a refusal through undici, which knows errors only. */
export class RefusedConnection extends Error {
  readonly refusal: NetRefusal;
  constructor(refusal: NetRefusal) {
    super(explainNetRefusal(refusal));
    this.refusal = refusal;
  }
}

/** `node:dns`'s lookup: the hosts file and the system's resolver, as every other program on the machine. */
export const resolveHost: ResolveHost = async (host) =>
  (await resolveWithSystem(host, { all: true })).map((entry) => entry.address);

/**
 * Keep-alive connections on which every address was checked in the moment of connecting. The name is resolved once a
 * connection and the socket gets exactly the addresses that were checked, so a second DNS answer (rebinding) never counts.
 */
export function openGuardedConnections(options: {
  readonly guard: AddressGuard;
  readonly resolve: ResolveHost;
  readonly connectTimeout: Milliseconds;
  readonly ca: string | readonly string[] | undefined;
}): undici.Agent {
  const poolOptions: undici.Pool.Options = {
    allowH2: false,
    connections: 256,
    pipelining: 1,
    // The deadline of a call is total and kept elsewhere; these would measure between chunks only.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  return new Agent({
    // The guard must know host and port, which a lookup function is not told: hence a connector an origin.
    factory: (origin) => new Pool(origin, { ...poolOptions, connect: guardedConnector(new URL(origin), options) }),
    allowH2: false,
  });
}

function guardedConnector(
  origin: URL,
  options: Parameters<typeof openGuardedConnections>[0],
): undici.buildConnector.connector {
  const host = withoutBrackets(origin.hostname);
  const port = portOf(origin);
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeout,
    lookup: guardedLookup(host, port, options),
    ...(options.ca === undefined ? {} : { ca: typeof options.ca === 'string' ? options.ca : [...options.ca] }),
  });
  // Sockets never look up a literal address, so it is checked here.
  const refusal = ipaddr.isValid(host) ? options.guard.checkAddress(host, port, host) : undefined;
  if (refusal === undefined) return connect;
  return (_, done) => queueMicrotask(() => done(new RefusedConnection(refusal), null));
}

function guardedLookup(
  host: string,
  port: number,
  { guard, resolve }: { readonly guard: AddressGuard; readonly resolve: ResolveHost },
): LookupFunction {
  const answer = async (all: boolean, done: Parameters<LookupFunction>[2]): Promise<void> => {
    try {
      const addresses = await checkedAddresses(host, port, guard, resolve);
      if (all) done(null, addresses);
      else done(null, addresses[0].address, addresses[0].family);
    } catch (error) {
      done(error instanceof Error ? error : new Error('lookup failed'), []);
    }
  };
  return (_name, lookupOptions, done) => void answer(lookupOptions.all === true, done);
}

interface CheckedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

async function checkedAddresses(
  host: string,
  port: number,
  guard: AddressGuard,
  resolve: ResolveHost,
): Promise<[CheckedAddress, ...CheckedAddress[]]> {
  const addresses = await resolve(host).catch((error: unknown) => {
    throw new RefusedConnection({ why: 'dns', host, code: errorCode(error) });
  });
  const [first, ...others] = addresses.map((address): CheckedAddress => {
    // One forbidden address refuses the name: which of them answers must not decide what is reached.
    const refusal = guard.checkAddress(host, port, address);
    if (refusal !== undefined) throw new RefusedConnection(refusal);
    return { address, family: address.includes(':') ? 6 : 4 };
  });
  if (first === undefined) throw new RefusedConnection({ why: 'dns', host, code: 'ENODATA' });
  return [first, ...others];
}

/** The port that a URL leads to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
