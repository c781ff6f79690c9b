import { type Clock, ok, type Result, refuse } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { GroupReader } from './keycloak-groups.ts';
import type { People } from './people.ts';
import type { Identity, KnownUser, UserRepository } from './repository.ts';
import type { UserTables } from './tables.ts';

export interface Resync {
  /** Looks at everybody if the interval is over and no other replica does; undefined if it was not this one's turn. */
  readonly runIfDue: () => Promise<Result<ResyncReport, string> | undefined>;
  /** Looks at everybody now. */
  readonly run: () => Promise<Result<ResyncReport, string>>;
  /** Looks at one user. */
  readonly one: (identity: Identity) => Promise<Result<boolean, string>>;
}

export interface ResyncReport {
  readonly users: number;
  readonly changed: number;
}

const pageSize = 1000;
/** Users whose roles are changed at a time: what comes together shares transactions. */
const together = 50;
/** Longer than a look takes; the replica that looks prolongs nothing, so that one which died holds up nobody for long. */
const leaseTime = 120_000;

/**
 * Reads everybody's groups from the identity provider, so that a group taken away bites without a login. Removals are the
 * dangerous half: whoever seems to have lost a group is asked about once more alone, since a list that changes while it is
 * read page by page can skip somebody.
 */
export function createResync(parts: {
  readonly issuer: string;
  readonly reader: GroupReader;
  readonly repository: UserRepository;
  readonly people: People;
  readonly store: Store;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly interval: number;
}): Resync {
  const { issuer, reader, repository, people, store, clock } = parts;
  const db = store.db.withTables<UserTables>();

  const apply = async (known: KnownUser, read: readonly string[]): Promise<Result<boolean, string>> => {
    const hasLost = (known.user.groups ?? []).some((group) => !read.includes(group));
    if (!hasLost) return ok(await people.groupsRead(known, read, 'admin-api'));
    const asked = await reader.of(known.identity.subject);
    if (!asked.ok) return asked;
    return ok(await people.groupsRead(known, asked.value ?? [], 'admin-api'));
  };

  const run = async (): Promise<Result<ResyncReport, string>> => {
    const members = await reader.everybody();
    if (!members.ok) return members;
    let users = 0;
    let changed = 0;
    for (let after = ''; ; ) {
      const page = await repository.pageOf(issuer, after, pageSize);
      for (let i = 0; i < page.length; i += together) {
        const some = page.slice(i, i + together);
        const all = await Promise.all(
          some.map((known) => apply(known, members.value.get(known.identity.subject) ?? [])),
        );
        for (const done of all) {
          if (!done.ok) return done;
          if (done.value) changed += 1;
        }
      }
      users += page.length;
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return ok({ users, changed });
      after = last.user.id;
    }
  };

  return {
    run,
    async runIfDue() {
      const now = clock();
      const taken = await db
        .updateTable('users_sync')
        .set({ leased_until: now + leaseTime })
        .where('one', '=', 1)
        .where('leased_until', '<=', now)
        .where('done_at', '<=', now - parts.interval)
        .executeTakeFirst();
      if (taken.numUpdatedRows !== 1n) return undefined;
      const done = await run().catch((error: unknown) => refuse(String(error)));
      // One that failed is tried again at the next turn, by whichever replica is first.
      const set = done.ok ? { leased_until: 0, done_at: now } : { leased_until: 0 };
      await db.updateTable('users_sync').set(set).where('one', '=', 1).execute();
      return done;
    },
    async one(identity) {
      const known = await repository.known(identity);
      if (known === undefined) return ok(false);
      const groups = await reader.of(identity.subject);
      return groups.ok ? ok(await people.groupsRead(known, groups.value ?? [], 'backchannel-logout')) : groups;
    },
  };
}
