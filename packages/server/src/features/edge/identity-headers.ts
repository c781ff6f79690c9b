import type { Caller } from '../../http/caller.ts';

/**
 * What the upstream is told of the caller: `x-keyturn-user` (the identity), `-client`, `-roles` (separated by commas) and
 * `-pat` (the id of a personal access token). All are always set, empty where there is nothing to say, so that a client's
 * own never pass: a proxy that can only set headers overwrites them all.
 */
export function buildIdentityHeaders(caller: Caller | undefined): readonly (readonly [name: string, value: string])[] {
  return [
    ['x-keyturn-user', encodeValue(caller?.principal.identity ?? '')],
    ['x-keyturn-client', encodeValue(caller?.principal.client ?? '')],
    ['x-keyturn-roles', caller?.roles.map(encodeValue).join(',') ?? ''],
    ['x-keyturn-pat', caller?.pat?.id ?? ''],
  ];
}

/** Names of inbound headers that only Keyturn may set and does not set now. `_` is `-` to some upstreams. */
export function foreignIdentityHeaders(
  rawHeaders: readonly string[],
  set: readonly (readonly [name: string, value: string])[],
): readonly string[] {
  let foreign: string[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] ?? '';
    // Almost every header is told apart by its first letter.
    if ((raw.codePointAt(0) ?? 0) !== 0x78 && (raw.codePointAt(0) ?? 0) !== 0x58) continue;
    const name = raw.toLowerCase();
    if (!name.replaceAll('_', '-').startsWith('x-keyturn-') || set.some(([own]) => own === name)) continue;
    foreign ??= [];
    foreign.push(name);
  }
  return foreign ?? none;
}

const none: readonly string[] = [];

/** Percent-encodes what would end a header, a list or a line, and all that is not printable ASCII; `%` too. */
function encodeValue(text: string): string {
  return /^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
