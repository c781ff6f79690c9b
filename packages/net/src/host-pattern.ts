import { ok, type Result, refuse } from '@keyturn/protocol';
import ipaddr from 'ipaddr.js';

/**
 * One entry of an operator's list of hosts: a name (`localhost`), a suffix (`*.svc.cluster.local`), an address or a
 * range (`10.0.0.0/8`), each but the range with an optional port.
 */
export type HostPattern =
  | { readonly kind: 'name'; readonly name: string; readonly port: number | undefined }
  | { readonly kind: 'suffix'; readonly suffix: string; readonly port: number | undefined }
  | {
      readonly kind: 'range';
      readonly range: AddressRange;
      readonly exact: boolean;
      readonly port: number | undefined;
    };

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type AddressRange = readonly [Address, number];

/** Reads one entry. The refusal is a sentence for the operator who wrote it. */
export function parseHostPattern(text: string): Result<HostPattern, string> {
  const entry = text.trim().toLowerCase();
  const malformed = refuse(
    `"${text}" is not a host: write a name (localhost), name:port, an address (127.0.0.1:8000, [::1]:8000), a range (10.0.0.0/8) or a suffix (*.svc.cluster.local)`,
  );
  if (entry.includes('/')) {
    if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(entry) && !ipaddr.IPv6.isValidCIDR(entry)) return malformed;
    const [address, bits] = ipaddr.parseCIDR(entry);
    return ok({ kind: 'range', range: [address, bits], exact: bits === wholeLength(address), port: undefined });
  }
  if (isAddress(entry)) return ok(addressPattern(entry, undefined));
  const parts = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(entry);
  // A URL may end a name with a dot, and so may whoever copied it from one.
  const host = parts?.[1]?.replace(/(?<=.)\.$/, '');
  if (host === undefined) return malformed;
  const port = parts?.[2] === undefined ? undefined : Number(parts[2]);
  if (port !== undefined && (port < 1 || port > 65_535)) return malformed;
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  if (isAddress(bare)) return ok(addressPattern(bare, port));
  if (host.startsWith('[')) return malformed;
  if (host.startsWith('*.') && isName(host.slice(2))) return ok({ kind: 'suffix', suffix: host.slice(1), port });
  return isName(host) ? ok({ kind: 'name', name: host, port }) : malformed;
}

/** Whether a host name, as a URL spells it, is one that the pattern names. Addresses are for `matchesAddress`. */
export function matchesName(pattern: HostPattern, host: string, port: number): boolean {
  if (pattern.port !== undefined && pattern.port !== port) return false;
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  if (pattern.kind === 'name') return pattern.name === name;
  return pattern.kind === 'suffix' && name.endsWith(pattern.suffix) && name.length > pattern.suffix.length;
}

/** Whether an address lies in the range that the pattern gives. */
export function matchesAddress(pattern: HostPattern, address: Address, port: number): boolean {
  if (pattern.kind !== 'range' || (pattern.port !== undefined && pattern.port !== port)) return false;
  const [network, bits] = pattern.range;
  return network.kind() === address.kind() && address.match(network, bits);
}

function addressPattern(text: string, port: number | undefined): HostPattern {
  const address = ipaddr.parse(text);
  return { kind: 'range', range: [address, wholeLength(address)], exact: true, port };
}

function wholeLength(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text));
}

/** A host name by its letters. The last label must not be a number: `127.1` would be read as an address by a URL. */
function isName(text: string): boolean {
  return (
    /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(text) &&
    !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(text)
  );
}
