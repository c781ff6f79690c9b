import type { EpochMilliseconds, Principal } from '@keyturn/protocol';

/**
 * Where a verifier learns that a token which is genuine and alive has been revoked all the same.
 *
 * A source answers from memory where it can. It promises that `epochAt` changes before any answer of `check` does:
 * with each revocation it hears of, and when it goes deaf or hears again. Between two equal epochs an answer holds, so
 * the verifier asks again only when the epoch has moved.
 */
export interface RevocationSource {
  epochAt(now: EpochMilliseconds): number;
  /** How a token stands. A promise if the source must ask over the network; then only `verify` works, not `verifySync`. */
  check(principal: Principal, token: string, now: EpochMilliseconds): Standing | Promise<Standing>;
}

/** `unknown`: the source cannot tell, since it has heard nothing for longer than its bound. */
export type Standing =
  | { readonly standing: 'good' }
  | { readonly standing: 'revoked'; readonly by: string }
  | { readonly standing: 'unknown'; readonly fault: string };

/**
 * A source that never throws: one that breaks is one that cannot tell. An epoch that is not to be had is `NaN`, which
 * equals none, so that the source is asked again each time.
 */
export function guardedSource(source: RevocationSource): RevocationSource {
  const broken = (): Standing => ({ standing: 'unknown', fault: 'the source of revocations failed' });
  // What somebody's source gives may be anything at all.
  const orBroken = (said: unknown): Standing => (isStanding(said) ? said : broken());
  return {
    epochAt(now) {
      try {
        return source.epochAt(now);
      } catch {
        return Number.NaN;
      }
    },
    check(principal, token, now) {
      try {
        const standing = source.check(principal, token, now);
        return standing instanceof Promise ? standing.then(orBroken, broken) : orBroken(standing);
      } catch {
        return broken();
      }
    },
  };
}

function isStanding(said: unknown): said is Standing {
  if (typeof said !== 'object' || said === null || !('standing' in said)) return false;
  return said.standing === 'good' || said.standing === 'revoked' || said.standing === 'unknown';
}
