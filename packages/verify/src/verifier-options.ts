import type { Clock, JsonObject, Seconds } from '@keyturn/protocol';
import type { AlgorithmName } from './algorithms.ts';
import type { DpopOptions } from './dpop.ts';
import type { Fetch } from './keys/key-source.ts';
import type { KeyPolicy } from './keys/remote-keys.ts';
import type { ProviderName } from './providers.ts';
import type { RevocationSource } from './revocation/source.ts';

/** What one issuer's tokens are held to. */
export interface VerifierOptions {
  /** Compared with `iss`, character by character, and never fetched unless `discovery` is on. */
  readonly issuer: string;
  /** The names of this resource: a token must have one of them in `aud`. */
  readonly audience: string | readonly string[];
  /** Where the keys are. May lie anywhere, such as inside the cluster. */
  readonly jwksUri?: string;
  /**
   * Look the key address up in the issuer's discovery document, which must name the same issuer. Default false; where
   * `jwksUri` is given it is not needed and not done.
   */
  readonly discovery?: boolean;
  /** The key set itself, where it is known beforehand; then nothing is ever fetched. */
  readonly jwks?: { readonly keys: readonly JsonObject[] };
  /** What is particular to an identity provider. Default none. */
  readonly provider?: ProviderName;
  /** The claim that names the caller, or several of which the first one there wins. Default the provider's, else `sub`. */
  readonly identityClaim?: string | readonly string[];
  /** Default all there are: RS, PS and ES with 256, 384 and 512, EdDSA and Ed25519. */
  readonly algorithms?: readonly AlgorithmName[];
  /** How far the issuer's clock may be off. Default 0 s: a token dies the second that `exp` names. */
  readonly clockTolerance?: Seconds;
  /** The longest time a token may live, from `iat` to `exp`. Default 366 days. */
  readonly maxLifetime?: Seconds;
  readonly keyPolicy?: Partial<KeyPolicy>;
  /** Accept tokens bound to a key by DPoP. Without this section they are refused. */
  readonly dpop?: DpopOptions;
  readonly revocation?: RevocationSource;
  /** What happens while the source of revocations is deaf. Default `refuse`; `accept` keeps the service up and revoked tokens alive. */
  readonly whenRevocationUnknown?: 'refuse' | 'accept';
  /** Default `@keyturn/net`'s guarded fetch, with the host given here allowed to be a private one. */
  readonly fetch?: Fetch;
  /** Default the system's clock. In a list of issuers, the first one's holds. */
  readonly clock?: Clock;
  /** Longer tokens are refused unread. Default 16384 characters. In a list of issuers, the first one's holds. */
  readonly maxTokenLength?: number;
  /** How many verified tokens are remembered; 0 for none. Default 5000. In a list of issuers, the first one's holds. */
  readonly cacheSize?: number;
}
