import type { EpochSeconds, Seconds } from '@keyturn/protocol';

/**
 * Why a token was not accepted, with the facts a log or the doctor needs. A closed union: `explain` says each in a
 * sentence, `wireOf` says what the HTTP caller sees. Values that come from the token are as the token has them, thus
 * untrusted; the token itself is never among them.
 */
export type TokenRefusal =
  /** Not one JWS in compact serialisation, spelled in the one canonical way (RFC 7515 §7.1, RFC 4648 §5). */
  | { readonly why: 'malformed'; readonly part: TokenPart; readonly fault: string }
  | { readonly why: 'too-large'; readonly size: number; readonly limit: number }
  /** The header's `alg` is not on the allow-list, which holds asymmetric signatures only. */
  | { readonly why: 'algorithm'; readonly got: string; readonly allowed: readonly string[] }
  /** A header parameter that changes how the token must be read: `crit`, `b64`, `zip`, `enc`, nested `cty`. */
  | { readonly why: 'header'; readonly parameter: string; readonly fault: string }
  /** A token, but not an access token: an ID, refresh, logout or action token, a DPoP proof, a security event. */
  | { readonly why: 'kind'; readonly got: string }
  | { readonly why: 'issuer'; readonly got: string | undefined; readonly expected: readonly string[] }
  /** The issuer's key set, freshly read, has no such key. `skipped` says so if it is there but unusable. */
  | {
      readonly why: 'unknown-key';
      readonly issuer: string;
      readonly kid: string | undefined;
      readonly known: readonly string[];
      readonly skipped: string | undefined;
    }
  /** The key named by the token is there, but is not for this algorithm. */
  | { readonly why: 'key-algorithm'; readonly issuer: string; readonly kid: string | undefined; readonly got: string }
  /** No key set at hand and none to be had: the token may be good, nobody can tell. */
  | {
      readonly why: 'keys-unavailable';
      readonly issuer: string;
      readonly fault: string;
      readonly retryAfter: Seconds;
    }
  | { readonly why: 'signature'; readonly issuer: string; readonly kid: string | undefined; readonly got: string }
  /** A claim is missing or of the wrong type. */
  | { readonly why: 'claim'; readonly claim: string; readonly fault: string }
  | { readonly why: 'expired'; readonly at: EpochSeconds; readonly now: EpochSeconds }
  | {
      readonly why: 'not-yet-valid';
      readonly claim: 'nbf' | 'iat';
      readonly at: EpochSeconds;
      readonly now: EpochSeconds;
    }
  | { readonly why: 'lifetime'; readonly lifetime: Seconds; readonly limit: Seconds }
  | {
      readonly why: 'audience';
      readonly got: readonly string[];
      readonly expected: readonly string[];
      readonly client: string | undefined;
    }
  | { readonly why: 'identity'; readonly claims: readonly string[] }
  /** A token bound to its sender's key (RFC 7800 `cnf`) without the proof that goes with it. */
  | { readonly why: 'sender-constrained'; readonly by: string }
  /** The authorization scheme is `DPoP`, the token is an ordinary bearer token (RFC 9449 §7.1). */
  | { readonly why: 'not-bound' }
  | DpopRefusal
  | { readonly why: 'revoked'; readonly by: string }
  /** The source of revocations has been silent for too long, and the verifier was told to refuse then. */
  | { readonly why: 'revocation-unknown'; readonly fault: string }
  /** The authorization server says `active: false` (RFC 7662 §2.2). */
  | { readonly why: 'inactive'; readonly issuer: string }
  | { readonly why: 'introspection-unavailable'; readonly issuer: string; readonly fault: string };

/** Why a request was refused before its token was looked at, or although the token is good. */
export type CredentialsRefusal =
  | { readonly why: 'no-credentials' }
  /** More than one Authorization header: whoever stands in between may have looked at the other one. */
  | { readonly why: 'several-credentials' }
  | { readonly why: 'insufficient-scope'; readonly got: readonly string[]; readonly needed: readonly string[] };

/** Why a DPoP proof was not accepted. RFC 9449 §4.3. */
export type DpopRefusal =
  | { readonly why: 'dpop-proof'; readonly fault: DpopFault }
  /** The proof is otherwise good, but must carry the server's nonce. RFC 9449 §9. */
  | { readonly why: 'dpop-nonce'; readonly nonce: string };

export type DpopFault =
  | 'missing'
  | 'several'
  | 'malformed'
  | 'typ'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'jti'
  | 'htm'
  | 'htu'
  | 'iat'
  | 'ath'
  | 'thumbprint'
  | 'replayed'
  | 'replay-unknown'
  | 'nonce-unknown';

export type TokenPart = 'token' | 'header' | 'payload' | 'signature';
