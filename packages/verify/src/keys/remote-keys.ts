import type { Clock, EpochMilliseconds, Result, Seconds } from '@keyturn/protocol';
import { epochMilliseconds, ok, refuse, seconds, toMilliseconds } from '@keyturn/protocol';
import type { Algorithm } from '../algorithms.ts';
import type { VerificationKey } from './jwk.ts';
import type { KeyIndex } from './key-index.ts';
import { candidates } from './key-index.ts';
import { createBudget } from './refetch-budget.ts';

/** How long keys are believed and how often they are asked for. */
export interface KeyPolicy {
  /** A set older than this is asked for again in the background, ahead of need. Default 5 minutes. */
  readonly refreshAfter: Seconds;
  /** A set older than this is asked for again before it is used. Default 10 minutes. */
  readonly maxAge: Seconds;
  /** How long past `maxAge` the old set still serves while the issuer cannot be reached. Default 1 hour. */
  readonly staleWhileDown: Seconds;
  /** Unknown key ids may cause two refetches, and one more each time this has passed. Default 30 seconds. */
  readonly coolDown: Seconds;
}

/** Reads the set anew. `before` lets keys that stay keep their identity. */
export type LoadKeys = (before: KeyIndex | undefined) => Promise<Result<KeyIndex, string>>;

export type KeyRefusal =
  | { readonly why: 'unknown-key'; readonly known: readonly string[]; readonly skipped: string | undefined }
  | { readonly why: 'keys-unavailable'; readonly fault: string; readonly retryAfter: Seconds };

export type FoundKeys = Result<readonly VerificationKey[], KeyRefusal>;

/** The keys of one issuer. */
export interface Keys {
  /** The keys for a token, or undefined if they have to be asked for first. Never waits. */
  atHand(kid: string | undefined, algorithm: Algorithm, now: EpochMilliseconds): FoundKeys | undefined;
  /** The keys for a token, fetched if need be. */
  find(kid: string | undefined, algorithm: Algorithm): Promise<FoundKeys>;
  /** Whether what was verified with this key may still be believed. */
  stillStands(key: VerificationKey, now: EpochMilliseconds): boolean;
  /** Fetches the set if it is not at hand, for start-up and readiness. */
  ready(): Promise<Result<void, KeyRefusal>>;
}

/** While the issuer is down, one attempt a second. */
const retryEvery = seconds(1);
/** So many unknown key ids in a row may cause a refetch: one for the forger, one for the key that was just rotated in. */
const burst = 2;

/** The key set of an issuer across the network. The policy is here, the reading is `load`. */
export function createRemoteKeys(load: LoadKeys, policy: KeyPolicy, clock: Clock): Keys {
  let index: KeyIndex | undefined;
  let standing: ReadonlySet<VerificationKey> = new Set();
  let loadedAt: EpochMilliseconds = clock();
  let failure: { readonly fault: string; readonly at: EpochMilliseconds } | undefined;
  let inFlight: Promise<void> | undefined;
  let begun = 0;
  const refetches = createBudget(burst, policy.coolDown, clock());

  /** How old the set is. Where the clock was set back nobody can tell, so that it counts as due and ages from there. */
  const age = (now: EpochMilliseconds): number => {
    if (now < loadedAt) loadedAt = epochMilliseconds(now - toMilliseconds(policy.maxAge));
    return now - loadedAt;
  };
  const passed = (since: EpochMilliseconds, duration: Seconds, now: EpochMilliseconds): boolean =>
    now < since || now - since >= toMilliseconds(duration);
  const mayAttempt = (now: EpochMilliseconds): boolean => failure === undefined || passed(failure.at, retryEvery, now);

  /** Reads the set and keeps what came of it. Never rejects: a failure is kept as state. */
  const read = async (): Promise<void> => {
    // A fetch that the caller brought along may break its promise and reject.
    const loaded = await load(index).catch((error: unknown) => refuse(String(error)));
    inFlight = undefined;
    if (!loaded.ok) {
      failure = { fault: loaded.refusal, at: clock() };
      return;
    }
    failure = undefined;
    index = loaded.value;
    standing = new Set(index.keys);
    loadedAt = clock();
  };

  /** Begins a load; at most one is in flight, and the others wait for it. */
  const attempt = (): Promise<void> => {
    if (inFlight !== undefined) return inFlight;
    begun++;
    inFlight = read();
    return inFlight;
  };

  const inBackground = (now: EpochMilliseconds): void => {
    if (mayAttempt(now)) void attempt();
  };

  /** The set, unless it is too old to be used without asking first. */
  const usable = (now: EpochMilliseconds): KeyIndex | undefined => {
    if (index === undefined) return undefined;
    if (age(now) >= toMilliseconds(policy.maxAge)) {
      const bound = toMilliseconds(policy.maxAge) + toMilliseconds(policy.staleWhileDown);
      if (failure === undefined || age(now) >= bound) return undefined;
      inBackground(now);
    } else if (age(now) >= toMilliseconds(policy.refreshAfter)) inBackground(now);
    return index;
  };

  const unavailable = (): KeyRefusal => ({
    why: 'keys-unavailable',
    fault: failure?.fault ?? 'not read yet',
    retryAfter: retryEvery,
  });

  /** A set that may be used, asked for if there is none. */
  const current = async (): Promise<KeyIndex | undefined> => {
    const now = clock();
    const found = usable(now);
    if (found !== undefined) return found;
    if (inFlight !== undefined || mayAttempt(now)) await attempt();
    return usable(clock());
  };

  return {
    atHand(kid, algorithm, now) {
      const found = usable(now);
      const keys = found === undefined ? undefined : candidates(found, kid, algorithm);
      return keys === undefined ? undefined : ok(keys);
    },

    async find(kid, algorithm) {
      const arrival = begun;
      for (;;) {
        const set = await current();
        if (set === undefined) return refuse(unavailable());
        const keys = candidates(set, kid, algorithm);
        if (keys !== undefined) return ok(keys);
        if (inFlight !== undefined) {
          await inFlight;
          continue;
        }
        // A set asked for after this token came in, and without its key, is the issuer's last word.
        if (begun > arrival) return refuse(failure === undefined ? unknownKey(set, kid) : unavailable());
        const now = clock();
        if (!mayAttempt(now)) return refuse(unavailable());
        if (!refetches.take(now)) return refuse(unknownKey(set, kid));
        await attempt();
        // An attempt that reached nobody costs nothing: the limit of one a second holds it.
        if (failure !== undefined) refetches.giveBack();
      }
    },

    stillStands(key, now) {
      return standing.has(key) && usable(now) !== undefined;
    },

    async ready() {
      return (await current()) === undefined ? refuse(unavailable()) : ok(undefined);
    },
  };
}

function unknownKey(index: KeyIndex, kid: string | undefined): KeyRefusal {
  const skipped = kid === undefined ? undefined : index.skipped.find((key) => key.kid === kid)?.reason;
  return { why: 'unknown-key', known: [...index.byKid.keys()], skipped };
}

/** A key set given in the configuration: it never changes and is never fetched. */
export function createFixedKeys(index: KeyIndex): Keys {
  const standing = new Set(index.keys);
  const find = (kid: string | undefined, algorithm: Algorithm): FoundKeys => {
    const keys = candidates(index, kid, algorithm);
    return keys === undefined ? refuse(unknownKey(index, kid)) : ok(keys);
  };
  return {
    atHand: find,
    find: (kid, algorithm) => Promise.resolve(find(kid, algorithm)),
    stillStands: (key) => standing.has(key),
    ready: () => Promise.resolve(ok(undefined)),
  };
}
