import { after, type Clock, days, epochSeconds, secondsOf } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Grants } from './grants.ts';
import type { Owners } from './owners.ts';
import type { PatOwner } from './pat.ts';
import type { NewRevocation, RevocationLog } from './revocation-log.ts';

/** A session, or all sessions of a person, that the identity provider says has ended. */
export interface EndedSession {
  readonly issuer: string;
  readonly subject?: string;
  readonly sessionId?: string;
  /** Seconds, by the identity provider's clock. */
  readonly at: number;
  readonly offlineToo: boolean;
}

/**
 * When the owner is looked at after a logout, in milliseconds. More than once: Keycloak sends its word from within the
 * transaction that logs somebody out everywhere, and answers as before until that is committed.
 */
const lookAfter = [0, 1000, 5000];

export interface LogoutFollower {
  readonly loggedOut: (ended: EndedSession) => Promise<void>;
  readonly close: () => void;
}

/**
 * What a logout means for tokens. Ordinary access tokens of the session end, with what was exchanged for them and the
 * streams that they opened, on every replica. Personal access tokens go on: that is what they are for. But the word may be
 * a sign of an administrator's "log out everywhere", which ends them: so the owner's grant and standing are read again at
 * once, instead of within the interval.
 *
 * A revocation is kept for a day: an access token that lives longer than that is not ended by a logout.
 */
export function followLogouts(parts: {
  readonly store: Store;
  readonly log: RevocationLog;
  readonly grants: Pick<Grants, 'reread' | 'end'> | undefined;
  readonly owners: Pick<Owners, 'rereadNow'> | undefined;
  readonly clock: Clock;
  readonly warn: (facts: object, sentence: string) => void;
}): LogoutFollower {
  const { store, log, grants, owners, clock, warn } = parts;
  const timers = new Set<NodeJS.Timeout>();

  const look = async (owner: PatOwner): Promise<void> => {
    await Promise.all([grants?.reread(owner), owners?.rereadNow(owner)]);
  };
  const lookIn = (milliseconds: number, owner: PatOwner): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      look(owner).catch((error: unknown) =>
        warn({ error: String(error) }, 'an owner could not be read after a logout'),
      );
    }, milliseconds).unref();
    timers.add(timer);
  };

  return {
    async loggedOut({ issuer, subject, sessionId, at, offlineToo }) {
      // A second is all that `iat` tells apart: what was issued in this one is meant too.
      const before = epochSeconds(at + 1);
      const ends: readonly NewRevocation['revocation'][] =
        sessionId !== undefined
          ? [{ kind: 'sid', value: sessionId, issuer, before }]
          : subject !== undefined
            ? [{ kind: 'sub', value: subject, issuer, before }]
            : [];
      const until = after(secondsOf(clock()), days(1));
      await store.transaction(async (tx) => {
        await log.append(
          tx,
          clock(),
          ends.map((revocation) => ({ revocation, until })),
        );
        tx.audit({
          kind: 'session.ended',
          actor: { identity: 'keyturn' },
          action: 'logged-out',
          target: subject ?? sessionId ?? '',
          outcome: 'allowed',
        });
      });
      if (subject === undefined) return;
      const owner = { issuer, subject };
      if (offlineToo) await grants?.end(owner);
      for (const milliseconds of lookAfter) lookIn(milliseconds, owner);
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
