import type { OAuthErrorCode } from '@keyturn/protocol';
import { unreachable } from '@keyturn/protocol';
import type { TokenRefusal } from './refusal.ts';

/** What the HTTP caller sees of a refusal: no more than RFC 6750 §3.1 asks for. */
export interface WireRefusal {
  readonly status: 400 | 401 | 403 | 503;
  readonly error: OAuthErrorCode;
  readonly description: string;
}

const invalid = (description: string): WireRefusal => ({ status: 401, error: 'invalid_token', description });
const unavailable = (description: string): WireRefusal => ({
  status: 503,
  error: 'temporarily_unavailable',
  description,
});

/**
 * What a refusal becomes on the wire. Coarse on purpose: a stranger does not learn which issuer, audience or key this
 * resource expects, nor whether a token was revoked or never issued.
 */
export function wireOf(refusal: TokenRefusal): WireRefusal {
  switch (refusal.why) {
    case 'expired':
      return invalid('The access token expired');
    case 'malformed':
    case 'too-large':
    case 'algorithm':
    case 'header':
    case 'kind':
    case 'issuer':
    case 'unknown-key':
    case 'key-algorithm':
    case 'signature':
    case 'claim':
    case 'not-yet-valid':
    case 'lifetime':
    case 'identity':
    case 'revoked':
    case 'inactive':
      return invalid('The access token is not valid');
    case 'audience':
      return invalid('The access token is not meant for this resource');
    case 'sender-constrained':
    case 'not-bound':
      return invalid('The access token and the authorization scheme do not belong together');
    case 'dpop-proof':
      // What this service cannot tell is not the client's fault.
      if (refusal.fault === 'replay-unknown' || refusal.fault === 'nonce-unknown') {
        return unavailable('The DPoP proof cannot be checked at the moment');
      }
      return { status: 401, error: 'invalid_dpop_proof', description: 'The DPoP proof is not valid' };
    case 'dpop-nonce':
      return { status: 401, error: 'use_dpop_nonce', description: 'The DPoP proof needs the nonce of this answer' };
    case 'keys-unavailable':
    case 'revocation-unknown':
    case 'introspection-unavailable':
      return unavailable('The access token cannot be checked at the moment');
    default:
      return unreachable(refusal);
  }
}

/** What a challenge names beside the error. */
export interface ChallengeOptions {
  readonly realm?: string;
  /** The scopes that would do. RFC 6750 §3. */
  readonly scope?: string | readonly string[];
  /** Where the metadata of this resource is. RFC 9728 §5.1. */
  readonly resourceMetadata?: string;
}

/**
 * The value of `WWW-Authenticate` for a refused request (RFC 6750 §3), or, with no refusal, for one that brought no
 * credentials at all: that is told only the way in, not an error (§3.1).
 */
export function bearerChallenge(refusal?: TokenRefusal | WireRefusal, options: ChallengeOptions = {}): string {
  const wire = refusal !== undefined && 'why' in refusal ? wireOf(refusal) : refusal;
  return challenge('Bearer', wire, options, []);
}

/** The same for the scheme DPoP. RFC 9449 §7.1. */
export function dpopChallenge(
  refusal: TokenRefusal | WireRefusal | undefined,
  algs: readonly string[],
  options: ChallengeOptions = {},
): string {
  const wire = refusal !== undefined && 'why' in refusal ? wireOf(refusal) : refusal;
  return challenge('DPoP', wire, options, [['algs', algs.join(' ')]]);
}

function challenge(
  scheme: string,
  wire: WireRefusal | undefined,
  { realm, scope, resourceMetadata }: ChallengeOptions,
  more: readonly (readonly [name: string, value: string])[],
): string {
  const parameters: readonly (readonly [name: string, value: string | undefined])[] = [
    ['realm', realm],
    ['error', wire?.error],
    ['error_description', wire?.description],
    ['scope', typeof scope === 'string' ? scope : scope?.join(' ')],
    ['resource_metadata', resourceMetadata],
    ...more,
  ];
  const written = parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${escaped(value)}"`]));
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`;
}

/** A quoted string that cannot end early nor break the header. RFC 9110 §5.6.4. */
function escaped(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&');
}
