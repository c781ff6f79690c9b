import { createGuardedFetch } from '@keyturn/net';
import type { Clock } from '@keyturn/protocol';
import { days, hours, minutes, seconds } from '@keyturn/protocol';
import { algorithms } from './algorithms.ts';
import type { TimeRules } from './claims.ts';
import type { DpopOptions } from './dpop.ts';
import { buildKeyIndex } from './keys/key-index.ts';
import { createKeySource } from './keys/key-source.ts';
import type { KeyPolicy, Keys } from './keys/remote-keys.ts';
import { createFixedKeys, createRemoteKeys } from './keys/remote-keys.ts';
import { isObject, throwFaults } from './option-checks.ts';
import { faultsOfIssuer } from './option-faults.ts';
import type { IdentityRules } from './principal.ts';
import { createScopeReader } from './principal.ts';
import { isServiceAccount, providers } from './providers.ts';
import type { RevocationSource } from './revocation/source.ts';
import { guardedSource } from './revocation/source.ts';
import { systemClock } from './system-clock.ts';
import type { VerifierOptions } from './verifier-options.ts';

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
