import type { Principal } from '@keyturn/protocol';
import type { Revocation, RevocationKind } from './revocation-event.ts';

/** The revocations heard of so far. */
export interface RevocationList {
  /** False if the list is full: then it can no longer say that a token is good. */
  add(revocation: Revocation): boolean;
  /** The kind of revocation that hits a token, if one does. */
  hit(principal: Principal): RevocationKind | undefined;
}

export function createRevocationList(maxEntries: number): RevocationList {
  // Key: kind, issuer and value. Value: tokens issued before this second are meant.
  const list = new Map<string, number>();
  const keyOf = (kind: RevocationKind, issuer: string, value: string): string => JSON.stringify([kind, issuer, value]);
  return {
    add({ kind, value, issuer = '', before = Number.POSITIVE_INFINITY }) {
      const key = keyOf(kind, issuer, value);
      const earlier = list.get(key);
      if (earlier === undefined && list.size >= maxEntries) return false;
      list.set(key, Math.max(earlier ?? 0, before));
      return true;
    },
    hit(principal) {
      if (list.size === 0) return undefined;
      // A token that does not say when it was issued may always have been so before.
      const issuedAt = principal.issuedAt ?? Number.NEGATIVE_INFINITY;
      for (const [kind, value] of namesOf(principal)) {
        if (value === undefined) continue;
        for (const issuer of ['', principal.issuer]) {
          if (issuedAt < (list.get(keyOf(kind, issuer, value)) ?? Number.NEGATIVE_INFINITY)) return kind;
        }
      }
      return undefined;
    },
  };
}

/** What a token goes by. A personal access token is known by its `jti`, or by `pat` in a token swapped for it. */
function namesOf(principal: Principal): readonly (readonly [kind: RevocationKind, value: string | undefined])[] {
  const { tokenId, sessionId, subject, client, claims } = principal;
  const { pat } = claims;
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
