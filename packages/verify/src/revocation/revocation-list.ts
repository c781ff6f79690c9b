import type { EpochSeconds, Principal } from '@keyturn/protocol';
import { minutes } from '@keyturn/protocol';
import type { Revocation, RevocationKind } from './revocation-event.ts';

/** The revocations heard of so far, for a source of revocations. */
export interface RevocationList {
  /** False if the list is full: then it can no longer say that a token is good. */
  add(revocation: Revocation, now: EpochSeconds): boolean;
  /** Lets go of those about tokens that have all ended. A full list does so by itself. */
  forget(now: EpochSeconds): void;
  /** The kind of revocation that hits a token, if one does. */
  hit(principal: Principal): RevocationKind | undefined;
}

/** What is remembered of a revocation, or of several of the same tokens. */
interface Listed {
  /** Tokens issued before this second are meant. */
  readonly before: number;
  /** Until then such tokens may be alive. */
  readonly until: number;
}

/** The longest that a verifier may let a token live past its end (`clockTolerance`). */
const grace = minutes(5);

/** Builds an empty list of at most `maxEntries`, which may be infinite for whoever forgets in time. */
export function createRevocationList(maxEntries: number): RevocationList {
  // Key: kind, issuer and value, of which no two are spelled alike.
  const list = new Map<string, Listed>();
  const keyOf = (kind: RevocationKind, issuer: string, value: string): string =>
    `${kind} ${issuer.length} ${issuer}${value}`;
  let hasPats = false;
  const forget = (now: EpochSeconds): void => {
    for (const [key, { until }] of list) if (until + grace < now) list.delete(key);
  };
  const never = Number.POSITIVE_INFINITY;
  return {
    add({ kind, value, issuer = '', before = never, until = never }, now) {
      const key = keyOf(kind, issuer, value);
      const earlier = list.get(key);
      if (earlier === undefined && list.size >= maxEntries) forget(now);
      if (earlier === undefined && list.size >= maxEntries) return false;
      list.set(key, {
        before: Math.max(earlier?.before ?? before, before),
        until: Math.max(earlier?.until ?? until, until),
      });
      hasPats ||= kind === 'pat';
      return true;
    },
    forget,
    hit(principal) {
      if (list.size === 0) return undefined;
      // A token that does not say when it was issued may always have been so before.
      const issuedAt = principal.issuedAt ?? Number.NEGATIVE_INFINITY;
      for (const [kind, value] of namesOf(principal, hasPats)) {
        if (value === undefined) continue;
        for (const issuer of ['', principal.issuer]) {
          const listed = list.get(keyOf(kind, issuer, value));
          if (listed !== undefined && issuedAt < listed.before) return kind;
        }
      }
      return undefined;
    },
  };
}

/**
 * What a token goes by. A personal access token is known by its `jti`, or by `pat` in a token swapped for it, which is
 * looked for where any was revoked: all claims have to be built for it.
 */
function namesOf(
  principal: Principal,
  asPat: boolean,
): readonly (readonly [kind: RevocationKind, value: string | undefined])[] {
  const { tokenId, sessionId, subject, client } = principal;
  const pat = asPat ? principal.claims['pat'] : undefined;
  return [
    ['all', ''],
    ['jti', tokenId],
    ['sid', sessionId],
    ['sub', subject],
    ['client', client],
    ['pat', tokenId],
    ['pat', typeof pat === 'string' ? pat : undefined],
  ];
}
