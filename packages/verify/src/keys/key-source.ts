import type { FetchedResponse, GuardedRequest, NetRefusal } from '@keyturn/net';
import { explainNetRefusal } from '@keyturn/net';
import type { JsonObject, Result } from '@keyturn/protocol';
import { isJsonObject, mebibytes, milliseconds, ok, refuse } from '@keyturn/protocol';
import { quoted } from '../quoted.ts';
import type { KeyIndex } from './key-index.ts';
import { buildKeyIndex } from './key-index.ts';
import type { LoadKeys } from './remote-keys.ts';

/** A call over the network: `@keyturn/net`'s guarded fetch, or anything of its shape. */
export type Fetch = (
  url: string,
  request: GuardedRequest,
) => Promise<Result<Pick<FetchedResponse, 'status' | 'text'>, NetRefusal>>;

/** Where an issuer's keys are: at a known address, or wherever its discovery document says. */
export type KeyAddress = { readonly jwksUri: string } | { readonly discoveryOf: string };

// Whole seconds and a whole body: a gzip bomb is measured unpacked, a slow trickle by its end, not its pace.
const limits = { timeout: milliseconds(5000), maxBytes: mebibytes(1), redirect: 'error' } as const;

/** Reads the key set at an address, on each call anew. */
export function createKeySource(address: KeyAddress, fetch: Fetch): LoadKeys {
  return async (before) => {
    const jwksUri = 'jwksUri' in address ? ok(address.jwksUri) : await discover(address.discoveryOf, fetch);
    if (!jwksUri.ok) return jwksUri;
    const answer = await fetchJson(jwksUri.value, 'application/jwk-set+json, application/json', fetch);
    if (!answer.ok) return answer;
    return readKeySet(answer.value, before, jwksUri.value);
  };
}

/** A key set with at least one usable key; an answer without any is taken for a fault and the old set kept. */
function readKeySet(set: JsonObject, before: KeyIndex | undefined, url: string): Result<KeyIndex, string> {
  const index = buildKeyIndex(set, before);
  if (index === undefined) return refuse(`${url} answered without "keys"`);
  return index.keys.length > 0 ? ok(index) : refuse(`${url} lists no key that signatures may be checked with`);
}

/** The `jwks_uri` of an issuer's discovery document. OpenID Connect Discovery §4, RFC 8414 §3.3. */
async function discover(issuer: string, fetch: Fetch): Promise<Result<string, string>> {
  const answer = await fetchJson(discoveryUrl(issuer), 'application/json', fetch);
  if (!answer.ok) return answer;
  return readDiscovery(answer.value, issuer);
}

export function discoveryUrl(issuer: string): string {
  return `${issuer.endsWith('/') ? issuer.slice(0, -1) : issuer}/.well-known/openid-configuration`;
}

/** The document must be this issuer's own: another one's would bring another one's keys. RFC 8414 §3.3. */
export function readDiscovery(document: JsonObject, issuer: string): Result<string, string> {
  if (document.issuer !== issuer) {
    const said = typeof document.issuer === 'string' ? quoted(document.issuer) : '(no text)';
    return refuse(`the discovery document is of issuer ${said}, not of ${quoted(issuer)}`);
  }
  const uri = document.jwks_uri;
  if (typeof uri !== 'string' || !URL.canParse(uri)) return refuse('the discovery document has no usable jwks_uri');
  const { protocol, href } = new URL(uri);
  if (protocol !== 'https:' && protocol !== new URL(issuer).protocol) {
    return refuse(`the discovery document of an ${new URL(issuer).protocol}// issuer leads to ${protocol}// keys`);
  }
  // As it was read, not as it was written: reading drops line ends, which a log would keep.
  return ok(href);
}

async function fetchJson(url: string, accept: string, fetch: Fetch): Promise<Result<JsonObject, string>> {
  const answer = await fetch(url, { ...limits, headers: { accept } });
  if (!answer.ok) return refuse(`${url}: ${explainNetRefusal(answer.refusal)}`);
  if (answer.value.status !== 200) return refuse(`${url} answered ${answer.value.status}`);
  const body = parseObject(answer.value.text());
  return body === undefined ? refuse(`${url} did not answer with a JSON object`) : ok(body);
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
