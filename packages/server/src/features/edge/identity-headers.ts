import type { PermissionSet } from '@keyturn/policy/rbac';
import type { Caller } from '../../http/caller.ts';

/**
 * What the upstream is told of the caller: `x-keyturn-user` (the identity), `-client`, `-roles` and `-permissions`
 * (separated by commas), `-primary-role` and `-pat` (the id of a personal access token). All are always set, empty where there is nothing to say, so that a client's
 * own never pass: a proxy that can only set headers overwrites them all.
 */
export function buildIdentityHeaders(caller: Caller | undefined): IdentityHeaders {
  if (caller === undefined) return build(undefined);
  // Of one token, and one version of its owner's roles, they are the same with every request.
  const known = built.get(caller.principal);
  const isSame =
    known?.caller.roles === caller.roles &&
    known.caller.permissions === caller.permissions &&
    known.caller.primaryRole === caller.primaryRole &&
    known.caller.pat?.id === caller.pat?.id;
  if (known !== undefined && isSame) return known.headers;
  const headers = build(caller);
  built.set(caller.principal, { caller, headers });
  return headers;
}

type IdentityHeaders = readonly (readonly [name: string, value: string])[];

const built = new WeakMap<Caller['principal'], { readonly caller: Caller; readonly headers: IdentityHeaders }>();

function build(caller: Caller | undefined): IdentityHeaders {
  return Object.freeze([
    ['x-keyturn-user', encodeValue(caller?.principal.identity ?? '')],
    ['x-keyturn-client', encodeValue(caller?.principal.client ?? '')],
    ['x-keyturn-roles', caller?.roles.map(encodeValue).join(',') ?? ''],
    ['x-keyturn-permissions', caller === undefined ? '' : headerOf(caller.permissions)],
    ['x-keyturn-primary-role', encodeValue(caller?.primaryRole ?? '')],
    ['x-keyturn-pat', caller?.pat?.id ?? ''],
  ]);
}

/** Names of inbound headers that only Keyturn may set and does not set now. `_` is `-` to some upstreams. */
export function foreignIdentityHeaders(
  rawHeaders: readonly string[],
  set: readonly (readonly [name: string, value: string])[],
): readonly string[] {
  let foreign: string[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] ?? '';
    // Almost every header is told apart by a letter or two: an x, and a k after the dash.
    if (!isLetter(raw, 0, 'x') || !isLetter(raw, 2, 'k')) continue;
    const name = raw.toLowerCase();
    if (!name.replaceAll('_', '-').startsWith('x-keyturn-') || set.some(([own]) => own === name)) continue;
    foreign ??= [];
    foreign.push(name);
  }
  return foreign ?? none;
}

function isLetter(text: string, at: number, letter: string): boolean {
  const found = text[at];
  return found === letter || found?.toLowerCase() === letter;
}

const none: readonly string[] = [];

/** Proxies and servers refuse headers that grow without end; 8 KiB in all is a common limit. */
const longestPermissions = 4096;

/** Worked out once for each set: a check at the edge is asked for with every request. */
const headers = new WeakMap<PermissionSet, string>();

/**
 * Permissions in the order of their texts, as far as they fit. What does not fit is left out, so that nobody is given
 * more than they have, and `!more` at the end says so: whoever needs the rest asks GET /api/v1/me.
 */
function headerOf(permissions: PermissionSet): string {
  const known = headers.get(permissions);
  if (known !== undefined) return known;
  let header = '';
  for (const text of permissions.texts) {
    if (header.length + text.length > longestPermissions) {
      header = `${header},!more`;
      break;
    }
    header = header === '' ? text : `${header},${text}`;
  }
  headers.set(permissions, header);
  return header;
}

/** Percent-encodes what would end a header, a list or a line, and all that is not printable ASCII; `%` too. */
function encodeValue(text: string): string {
  return /^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}
