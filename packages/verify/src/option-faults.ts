import type { Json } from '@keyturn/protocol';
import { algorithms } from './algorithms.ts';
import type { DpopOptions } from './dpop.ts';
import { buildKeyIndex } from './keys/key-index.ts';
import type { KeyPolicy } from './keys/remote-keys.ts';
import type { Wish, Wishes } from './option-checks.ts';
import {
  audienceWish,
  cacheSizeWish,
  clockWish,
  durationWish,
  faultsOf,
  fetchWish,
  has,
  identityClaimWish,
  isBetween,
  isCountBetween,
  isHttpUrl,
  isObject,
  isText,
  issuerWish,
  toleranceWish,
} from './option-checks.ts';
import type { VerifierOptions } from './verifier-options.ts';
import { providers } from './providers.ts';

export const providerWish: Wish = {
  wish: `one of ${Object.keys(providers).join(', ')}`,
  holds: (value) => isText(value) && Object.hasOwn(providers, value),
  shown: true,
};

export const dpopWish: Wish = { wish: 'an object', holds: isObject };

const algorithmsWish: Wish = {
  wish: `a list of public-key signatures, of ${[...algorithms.keys()].join(', ')}`,
  holds: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => isText(name) && algorithms.has(name)),
  shown: true,
};

const wishes: Wishes<VerifierOptions> = {
  issuer: issuerWish,
  audience: audienceWish,
  jwksUri: { wish: 'an http(s) URL, without user name and password', holds: isHttpUrl },
  discovery: { wish: 'true or false', holds: (value) => typeof value === 'boolean', shown: true },
  jwks: {
    wish: 'a key set ({ keys: […] }) with a key that can check a signature',
    holds: (value) => isObject(value) && hasKeys(value),
  },
  provider: providerWish,
  identityClaim: identityClaimWish,
  algorithms: algorithmsWish,
  clockTolerance: toleranceWish,
  maxLifetime: {
    wish: 'more than 0 seconds',
    holds: isBetween(Number.MIN_VALUE, Number.POSITIVE_INFINITY),
    shown: true,
  },
  keyPolicy: { wish: 'an object', holds: isObject },
  dpop: dpopWish,
  revocation: { wish: 'a source with epochAt and check', holds: has('epochAt', 'check') },
  whenRevocationUnknown: {
    wish: 'refuse or accept',
    holds: (value) => value === 'refuse' || value === 'accept',
    shown: true,
  },
  fetch: fetchWish,
  clock: clockWish,
  maxTokenLength: {
    wish: 'a whole number of characters from 1 to 1048576',
    holds: isCountBetween(1, 1_048_576),
    shown: true,
  },
  cacheSize: cacheSizeWish,
};

const keyPolicyWishes: Wishes<KeyPolicy> = {
  refreshAfter: durationWish,
  maxAge: durationWish,
  staleWhileDown: durationWish,
  coolDown: durationWish,
};

const dpopWishes: Wishes<DpopOptions> = {
  replay: { wish: 'a store with claim, such as createMemoryReplayStore()', holds: has('claim'), required: true },
  maxAge: { wish: 'a number of seconds from 1 to 3600', holds: isBetween(1, 3600), shown: true },
  algorithms: algorithmsWish,
  nonces: { wish: 'a source with current and accepts', holds: has('current', 'accepts') },
};

function hasKeys({ keys }: Readonly<Record<string, unknown>>): boolean {
  // What a member is, the reader of key sets finds out: whatever it does not know it skips.
  return Array.isArray(keys) && (buildKeyIndex({ keys: keys as readonly Json[] })?.keys.length ?? 0) > 0;
}

/** Everything wrong with the options for one issuer, in sentences. */
export function faultsOfIssuer(options: unknown): readonly string[] {
  if (!isObject(options)) return faultsOf(options, wishes);
  const { issuer, jwksUri, discovery, jwks, keyPolicy } = options;
  const of = ` of ${JSON.stringify(issuer)}`;
  const faults = [...faultsOf(options, wishes, of)];
  const fetched = jwksUri !== undefined || discovery === true;
  if (fetched === (jwks !== undefined)) faults.push(`keys${of}: give jwksUri, discovery: true or jwks`);
  if (discovery === true && !isHttpUrl(issuer)) faults.push(`discovery${of}: the issuer is not an http(s) URL`);
  if (isObject(keyPolicy)) faults.push(...faultsOf(keyPolicy, keyPolicyWishes, ` in keyPolicy${of}`));
  return [...faults, ...faultsOfDpop(options, of)];
}

/** Everything wrong with the section `dpop` of options, if they have one. */
export function faultsOfDpop(options: unknown, of = ''): readonly string[] {
  if (!isObject(options) || !isObject(options.dpop)) return [];
  return faultsOf(options.dpop, dpopWishes, ` in dpop${of}`);
}
