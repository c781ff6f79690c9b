import ipaddr from 'ipaddr.js';
import { type HostPattern, matchesAddress, matchesName, parseHostPattern } from './host-pattern.ts';
import type { NetRefusal } from './net-refusal.ts';

/** Decides which hosts and addresses may be connected to. Knows no network. */
export interface AddressGuard {
  /** Whether a host may be asked for at all, before its address is known. */
  checkHost(host: string, port: number): NetRefusal | undefined;
  /** Whether this very address may be connected to, when `host` led to it. `host` may itself be an address. */
  checkAddress(host: string, port: number, address: string): NetRefusal | undefined;
}

/**
 * Addresses at which clouds hand out credentials. Only an entry that names one of them exactly opens it: neither a
 * name that resolves to it nor a range that happens to hold it (AWS and others, ECS, AWS v6, GCP v6, Alibaba, Azure).
 */
const metadataAddresses: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
]);

/** Ranges that a name in the list opens. Others (link-local, multicast, unspecified, …) need an address or a range. */
const openedByName: ReadonlySet<string> = new Set(['private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);

/** Throws on a malformed entry, with all of them named: a list that guards is not to be guessed at. */
export function createAddressGuard(lists: {
  readonly allowPrivateHosts: readonly string[];
  readonly allowedHosts: readonly string[] | undefined;
}): AddressGuard {
  const privateHosts = parseList('allowPrivateHosts', lists.allowPrivateHosts);
  const onlyHosts = lists.allowedHosts && parseList('allowedHosts', lists.allowedHosts);
  return {
    checkHost(host, port) {
      if (onlyHosts === undefined) return undefined;
      const bare = withoutBrackets(host);
      const address = ipaddr.isValid(bare) ? ipaddr.parse(bare) : undefined;
      const listed = onlyHosts.some((entry) =>
        address === undefined ? matchesName(entry, bare, port) : matchesAddress(entry, address, port),
      );
      return listed ? undefined : { why: 'blocked-host', host, port };
    },
    checkAddress(host, port, text) {
      // What cannot be read is not known to be public.
      if (!ipaddr.isValid(text)) return { why: 'blocked-address', host, port, address: text, range: 'unreadable' };
      const literal = ipaddr.parse(text);
      const reached = addressReached(literal);
      const range = rangeOf(literal, reached);
      if (range === 'unicast') return undefined;
      const allowed = privateHosts.some((entry) => {
        if (range === 'metadata') return entry.kind === 'range' && entry.exact && matchesAddress(entry, reached, port);
        if (matchesAddress(entry, literal, port) || matchesAddress(entry, reached, port)) return true;
        return openedByName.has(rangeOf(reached, reached)) && matchesName(entry, host, port);
      });
      return allowed ? undefined : { why: 'blocked-address', host, port, address: text, range };
    },
  };
}

/** `[::1]` as a URL writes it is `::1` to a socket. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** The range of an address in words: `unicast` is public, everything else is not. */
function rangeOf(literal: ipaddr.IPv4 | ipaddr.IPv6, reached: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (metadataAddresses.has(reached.toString())) return 'metadata';
  const range = literal.range();
  // ipaddr.js calls unassigned IPv6 space unicast, and with it `::7f00:1` (the IPv4-compatible form of 127.0.0.1).
  if (range === 'unicast' && literal.kind() === 'ipv6' && !literal.match(globalUnicast)) return 'reserved';
  return range;
}

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** The IPv4 address inside a mapped (`::ffff:a.b.c.d`) or NAT64 (`64:ff9b::a.b.c.d`, RFC 6052) address, else itself. */
function addressReached(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (!('parts' in address)) return address;
  if (address.isIPv4MappedAddress() || address.range() === 'rfc6052') {
    return new ipaddr.IPv4(address.toByteArray().slice(-4));
  }
  return address;
}

function parseList(name: string, entries: readonly string[]): readonly HostPattern[] {
  const read = entries.map(parseHostPattern);
  const faults = read.flatMap((entry) => (entry.ok ? [] : [entry.refusal]));
  if (faults.length > 0) throw new TypeError(`${name}: ${faults.join('; ')}`);
  return read.flatMap((entry) => (entry.ok ? [entry.value] : []));
}
