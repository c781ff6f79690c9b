import type { Result } from '@keyturn/protocol';
import { ok, refuse } from '@keyturn/protocol';
import type { Algorithm } from './algorithms.ts';
import { algorithms } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import type { TokenRefusal } from './refusal.ts';
import { parseStrictJson } from './strict-json.ts';

/** What a JOSE header says that matters here. */
export interface Header {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
  /** Whether `typ` says that this is an access token by RFC 9068. */
  readonly accessTokenProfile: boolean;
}

/** What the header of an access token may call itself. */
export const accessTokenTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt']);

/**
 * Reads the header of a token whose `typ` is one of `types` or left out. `jku`, `x5u`, `jwk` and `x5c` are not looked at: keys come from the issuer's
 * configured key set alone (RFC 8725 §3.10). Parameters that would change how the rest must be read are refused.
 */
export function parseHeader(
  segment: string,
  allowed: ReadonlySet<string>,
  types: ReadonlySet<string> = accessTokenTypes,
): Result<Header, TokenRefusal> {
  const bytes = decodeBase64url(segment);
  if (bytes === undefined) return refuse({ why: 'malformed', part: 'header', fault: 'base64url' });
  const header = parseStrictJson(bytes);
  if (typeof header === 'string') return refuse({ why: 'malformed', part: 'header', fault: header });

  const { alg, kid, typ, cty } = header;
  if (typeof alg !== 'string') return refuse({ why: 'malformed', part: 'header', fault: 'alg' });
  // RFC 7515 §4.1.11: no extension is understood here, so any list of critical ones is refused.
  for (const parameter of ['crit', 'b64', 'zip', 'enc']) {
    if (header[parameter] !== undefined) return refuse({ why: 'header', parameter, fault: 'not supported' });
  }
  const algorithm = allowed.has(alg) ? algorithms.get(alg) : undefined;
  if (algorithm === undefined) return refuse({ why: 'algorithm', got: alg, allowed: [...allowed] });
  if (kid !== undefined && typeof kid !== 'string') return refuse({ why: 'malformed', part: 'header', fault: 'kid' });
  if (cty !== undefined && (typeof cty !== 'string' || mediaType(cty) === 'jwt')) {
    return refuse({ why: 'header', parameter: 'cty', fault: 'nested tokens are not supported' });
  }
  if (typ === undefined) return ok({ algorithm, kid, accessTokenProfile: false });
  if (typeof typ !== 'string') return refuse({ why: 'malformed', part: 'header', fault: 'typ' });
  const type = mediaType(typ);
  if (!types.has(type)) return refuse({ why: 'kind', got: typ });
  return ok({ algorithm, kid, accessTokenProfile: type === 'at+jwt' });
}

/** A `typ` or `cty` in lower case and without the prefix that may be left out. RFC 7515 §4.1.9. */
function mediaType(value: string): string {
  const lower = value.toLowerCase();
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower;
}
