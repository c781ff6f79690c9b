import { createGuardedFetch } from '@keyturn/net';
import type { Clock, JsonObject, Seconds } from '@keyturn/protocol';
import { days, hours, minutes, seconds } from '@keyturn/protocol';
import type { AlgorithmName } from './algorithms.ts';
import { algorithms } from './algorithms.ts';
import type { TimeRules } from './claims.ts';
import type { DpopOptions } from './dpop.ts';
import { buildKeyIndex } from './keys/key-index.ts';
import type { Fetch } from './keys/key-source.ts';
import { createKeySource } from './keys/key-source.ts';
import type { KeyPolicy, Keys } from './keys/remote-keys.ts';
import { createFixedKeys, createRemoteKeys } from './keys/remote-keys.ts';
import { isObject, throwFaults } from './option-checks.ts';
import { faultsOfIssuer } from './option-faults.ts';
import type { IdentityRules } from './principal.ts';
import { createScopeReader } from './principal.ts';
import type { ProviderName } from './providers.ts';
import { isServiceAccount, providers } from './providers.ts';
import type { RevocationSource } from './revocation/source.ts';
import { guardedSource } from './revocation/source.ts';
import { systemClock } from './system-clock.ts';

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

/** One issuer, ready to be asked. */
export interface IssuerRules {
  readonly issuer: string;
  readonly audiences: ReadonlySet<string>;
  readonly algorithms: ReadonlySet<string>;
  readonly times: TimeRules;
  readonly identity: IdentityRules;
  readonly acceptIdTokens: boolean;
  readonly keys: Keys;
  readonly dpop: DpopOptions | undefined;
  readonly revocation: RevocationSource | undefined;
  readonly acceptWhenRevocationUnknown: boolean;
}

const defaultPolicy: KeyPolicy = {
  refreshAfter: minutes(5),
  maxAge: minutes(10),
  staleWhileDown: hours(1),
  coolDown: seconds(30),
};

/** All options, read: the rules of each issuer and what the verifier has once. */
export interface ReadOptions {
  readonly issuers: ReadonlyMap<string, IssuerRules>;
  readonly clock: Clock;
  readonly maxTokenLength: number;
  readonly cacheSize: number;
}

/** Reads the options. Throws a TypeError that lists everything wrong with them. */
export function readOptions(all: readonly VerifierOptions[]): ReadOptions {
  const faults = all.flatMap(faultsOfIssuer);
  if (all.length === 0) faults.push('no issuer is given');
  const names = all.filter(isObject).map(({ issuer }) => issuer);
  if (new Set(names).size < names.length) faults.push('one issuer is given twice');
  throwFaults('the verifier', faults);
  const { clock = systemClock, maxTokenLength = 16_384, cacheSize = 5000 } = all[0] ?? {};
  return { issuers: new Map(all.map((one) => [one.issuer, buildRules(one, clock)])), clock, maxTokenLength, cacheSize };
}

/** Turns options without faults into rules. */
function buildRules(options: VerifierOptions, clock: Clock): IssuerRules {
  const { issuer, audience, dpop, revocation } = options;
  return {
    issuer,
    audiences: new Set(listOf(audience)),
    algorithms: new Set(options.algorithms ?? algorithms.keys()),
    times: {
      clockTolerance: options.clockTolerance ?? seconds(0),
      maxLifetime: options.maxLifetime ?? days(366),
    },
    identity: identityRulesOf(options),
    acceptIdTokens: options.provider !== undefined && providers[options.provider].acceptIdTokens,
    keys: keysOf(options, clock),
    dpop,
    revocation: revocation === undefined ? undefined : guardedSource(revocation),
    acceptWhenRevocationUnknown: options.whenRevocationUnknown === 'accept',
  };
}

/** How the caller is named, by what is said or else by the provider's custom. */
export function identityRulesOf(options: Pick<VerifierOptions, 'identityClaim' | 'provider'>): IdentityRules {
  const preset = options.provider === undefined ? undefined : providers[options.provider];
  return {
    identityClaims: listOf(options.identityClaim ?? preset?.identityClaims ?? 'sub'),
    isServiceAccount: preset?.isServiceAccount ?? isServiceAccount,
    readScopes: createScopeReader(),
  };
}

function keysOf(options: VerifierOptions, clock: Clock): Keys {
  const { issuer, jwksUri, jwks } = options;
  if (jwks !== undefined) {
    return createFixedKeys(buildKeyIndex({ keys: [...jwks.keys] }) ?? { keys: [], skipped: [], byKid: new Map() });
  }
  // The address is the operator's own, so it may lie in the cluster; whatever else it leads to must be public.
  const fetch = options.fetch ?? createGuardedFetch({ allowPrivateHosts: [new URL(jwksUri ?? issuer).host] });
  const address = jwksUri === undefined ? { discoveryOf: issuer } : { jwksUri };
  return createRemoteKeys(createKeySource(address, fetch), { ...defaultPolicy, ...options.keyPolicy }, clock);
}

/** One or several, as several. */
export function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : (value ?? []);
}
