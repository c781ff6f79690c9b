import type { Clock, EpochMilliseconds, EpochSeconds, PatId, Principal } from '@keyturn/protocol';
import { epochMilliseconds, secondsOf } from '@keyturn/protocol';
import { createRevocationList, type Revocation } from '@keyturn/verify';
import type { LoggedRevocation, RevocationLog } from './revocation-log.ts';

/** After so long without news of the log a replica cannot tell any more what has been revoked. Milliseconds. */
export const deafAfter = 10_000;

/**
 * This replica's knowledge of the log. It reads what is new when the store notifies it, and every half second in any
 * case; a read that succeeds is what hearing means. So a lost notification costs half a second, and a replica that is cut
 * off from the database knows it.
 */
export interface Revocations {
  /** Reads what is new; rejects if the log cannot be read. Concurrent calls share one read. */
  readonly catchUp: () => Promise<void>;
  /** Whether the log has been read to its end within the bound. */
  readonly hears: (now: EpochMilliseconds) => boolean;
  /** The same, after one more try if not: a process that was stopped for a while need not refuse anybody. */
  readonly listensNow: () => Promise<boolean>;
  /** Moves with each revocation, when hearing is lost, and each minute: between two equal ones an answer holds. */
  readonly epochAt: (now: EpochMilliseconds) => number;
  /** By what a token has been revoked that is no personal access token; undefined if it has not. */
  readonly hit: (principal: Principal) => string | undefined;
  /** Lets go of those about tokens that have all ended, so that a service may run for years. */
  readonly forget: (now: EpochSeconds) => void;
  /** Everything in force, oldest first, for somebody who has just connected. */
  readonly since: (seq: number) => Promise<readonly LoggedRevocation[]>;
  /** Called for each new one, in order, after this replica has taken it in. */
  readonly onRevoked: (listener: (revoked: LoggedRevocation) => void) => () => void;
}

export function followRevocations(log: RevocationLog, clock: Clock): Revocations {
  const listeners = new Set<(revoked: LoggedRevocation) => void>();
  const inForce = createRevocationList(Number.POSITIVE_INFINITY);
  let lastSeq = 0;
  let heardAt: EpochMilliseconds = epochMilliseconds(0);
  let running: Promise<void> | undefined;
  let again = false;

  const take = (entry: LoggedRevocation): void => {
    lastSeq = entry.seq;
    // Of personal access tokens the table is the truth; here they only move the epoch.
    if (entry.revocation.kind !== 'pat') inForce.add(entry.revocation, secondsOf(clock()));
    for (const listener of listeners) listener(entry);
  };
  const read = async (): Promise<void> => {
    do {
      again = false;
      // What is committed from here on may be missed by this read.
      const startedAt = clock();
      for (const entry of await log.after(lastSeq)) take(entry);
      heardAt = startedAt;
    } while (again);
  };
  const hears = (now: EpochMilliseconds): boolean => now - heardAt <= deafAfter;

  const catchUp = (): Promise<void> => {
    // Whoever calls during a read may know of something that this read does not see.
    if (running !== undefined) again = true;
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    catchUp,
    hears,
    async listensNow() {
      if (hears(clock())) return true;
      // A database that does not answer must not hold the caller up.
      const patience = new Promise<void>((resolve) => setTimeout(resolve, 1000).unref());
      await Promise.race([catchUp().catch(() => undefined), patience]);
      return hears(clock());
    },
    epochAt: (now) => (hears(now) ? lastSeq * 1_048_576 + (Math.floor(now / 60_000) % 1_048_576) : -1),
    hit: (principal) => inForce.hit(principal),
    forget: (now) => inForce.forget(now),
    since: (seq) => log.after(seq),
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What a cached token or an open stream goes by, to see whether a revocation is about it. */
export interface Named {
  readonly principal: Principal;
  readonly pat?: PatId | undefined;
}

/** Whether a revocation ends what goes by these names. */
export function concerns({ revocation, pat }: LoggedRevocation, named: Named): boolean {
  if (pat !== undefined && pat === named.pat) return true;
  const { kind, value, issuer, before } = revocation;
  const { principal } = named;
  if (issuer !== undefined && issuer !== principal.issuer) return false;
  if (before !== undefined && (principal.issuedAt ?? Number.NEGATIVE_INFINITY) >= before) return false;
  return kind === 'all' || namesOf(principal).some(([name, own]) => name === kind && own === value);
}

function namesOf(principal: Principal): readonly (readonly [kind: Revocation['kind'], value: string | undefined])[] {
  return [
    ['all', ''],
    ['jti', principal.tokenId],
    ['pat', principal.tokenId],
    ['sid', principal.sessionId],
    ['sub', principal.subject],
    ['client', principal.client],
  ];
}
