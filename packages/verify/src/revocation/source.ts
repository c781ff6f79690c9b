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

/** Asks a source, and takes one that breaks for one that cannot tell. */
export function askRevocation(
  source: RevocationSource,
  principal: Principal,
  token: string,
  now: EpochMilliseconds,
): Standing | Promise<Standing> {
  const broken = (): Standing => ({ standing: 'unknown', fault: 'the source of revocations failed' });
  try {
    const standing = source.check(principal, token, now);
    return standing instanceof Promise ? standing.catch(broken) : standing;
  } catch {
    return broken();
  }
}
