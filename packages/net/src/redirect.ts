import { ok, type Result, refuse } from '@keyturn/protocol';
import type { NetRefusal } from './net-refusal.ts';

/** What the next hop needs of the one before. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

/** At most this many hops after the first request. */
const maxRedirects = 5;

/** Headers that carry no secret and so may go on to another origin; credentials come under many names. */
const harmlessHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'user-agent',
]);

/** Whether an answer asks to go elsewhere. RFC 9110 §15.4; 300 and 304 do not, nor does one without a Location. */
export function isRedirect(status: number, location: string | null): location is string {
  return location !== null && (status === 301 || status === 302 || status === 303 || status === 307 || status === 308);
}

/**
 * The request that a redirect leads to, or why it is not made. `followed` counts the redirects before this one.
 * To another origin go only harmless headers and never a body: a 307 from a token endpoint would otherwise hand the
 * client secret to whoever it names.
 */
export function nextHop(
  hop: Hop,
  status: number,
  location: string,
  followed: number,
  follow: boolean,
): Result<Hop, NetRefusal> {
  const host = hop.url.hostname;
  if (!URL.canParse(location, hop.url)) {
    return refuse({ why: 'redirect', host, status, problem: 'bad-location', to: undefined });
  }
  const url = new URL(location, hop.url);
  const to = url.origin === 'null' ? undefined : url.origin;
  const refused = (problem: (NetRefusal & { why: 'redirect' })['problem']) =>
    refuse({ why: 'redirect', host, status, problem, to } as const);
  if (!follow) return refused('not-followed');
  if (followed >= maxRedirects) return refused('too-many');
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') return refused('downgrade');
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : status !== 307 && status !== 308 && hop.method === 'POST';
  const method = becomesGet ? 'GET' : hop.method;
  const body = becomesGet ? undefined : hop.body;
  const sameOrigin = url.origin === hop.url.origin;
  if (!sameOrigin && body !== undefined) return refused('body-to-another-origin');
  const headers = Object.fromEntries(
    Object.entries(hop.headers).filter(
      ([name]) => (sameOrigin || harmlessHeaders.has(name)) && !(becomesGet && name.startsWith('content-')),
    ),
  );
  return ok({ url, method, headers, body });
}
