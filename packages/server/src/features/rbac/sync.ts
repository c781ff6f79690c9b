import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type MapGroups,
  type MappedRole,
  planSync,
  readGroupClaim,
  standingOf,
  type SyncReport,
} from '@keyturn/policy/rbac';
import { type Clock, type Json, ok } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { RbacKeeper } from './keeper.ts';
import { type Person, userKey } from './person.ts';
import { applyDelta, type Delta, isEmptyDelta, type RbacState } from './state.ts';
import type { RbacTables } from './tables.ts';

/** Whose groups they are. `name` is for people to read. */
export interface SyncedPerson extends Person {
  readonly name?: string | undefined;
}

/**
 * Takes a user's roles to those that their groups give. `groups` is the claim as it came: a list, one text, or nothing,
 * which is no news (`readGroupClaim`). `source` says on what occasion (login, refresh, logout, re-sync …), for the audit: what
 * groups gave on one occasion is taken away on any other. Removals always apply; additions that would break an SSD set, and
 * what an access review has taken away, are refused and reported. Twice the same does nothing the second time, and
 * costs no transaction. Calls that come together share one; not to be called inside a transaction.
 */
export type SyncGroups = (person: SyncedPerson, groups: unknown, source: string) => Promise<SyncReport>;

export interface SyncParts {
  readonly keeper: RbacKeeper;
  readonly store: Store;
  readonly clock: Clock;
  readonly mapGroups: MapGroups;
  /** Told of each sync that changed or refused something. */
  readonly onSynced: (person: SyncedPerson, source: string, report: SyncReport) => void;
}

interface Waiting {
  readonly person: SyncedPerson;
  readonly user: string;
  readonly mapped: readonly MappedRole[];
  readonly source: string;
  readonly settle: (report: SyncReport) => void;
  readonly fail: (error: unknown) => void;
}

/** Syncs that share a transaction at most. */
const together = 200;

export function createSync({ keeper, store, clock, mapGroups, onSynced }: SyncParts): SyncGroups {
  // What the last sync of a user refused, where it refused anything: the same refusal again is no news.
  const refusedBefore = new Map<string, string>();
  const waiting: Waiting[] = [];
  let draining = false;
  // A transaction of one caller is not to be joined by the syncs of others.
  const outside = AsyncLocalStorage.snapshot();

  const commit = async (batch: readonly Waiting[]): Promise<void> => {
    const kept = await keeper.commit<readonly SyncReport[], never>({ actor: { identity: 'group-sync' } }, (state) => {
      const { delta, reports } = planAll(state, batch);
      return ok({
        delta,
        value: reports,
        isRecorded: true,
        also: async (tx, after) => {
          await noteSyncs(tx, after, batch, reports, clock());
          for (const [i, { person, user, source }] of batch.entries()) {
            const report = reports[i];
            if (report === undefined) continue;
            store.audit.append(tx, {
              at: clock(),
              kind: 'rbac.sync',
              actor: { identity: 'group-sync' },
              onBehalfOf: { identity: person.subject, issuer: person.issuer },
              action: 'sync',
              target: user,
              outcome: 'allowed',
              facts: factsOf(source, report),
            });
          }
        },
      });
    });
    // What planSync gives can be applied to the state that it was given.
    if (!kept.ok) throw new Error(`a planned sync was refused: ${JSON.stringify(kept.refusal)}`);
    for (const [i, { person, user, source, settle }] of batch.entries()) {
      const report = kept.value.value[i];
      if (report === undefined) continue;
      if (report.refused.length === 0) refusedBefore.delete(user);
      else refusedBefore.set(user, JSON.stringify(report.refused));
      onSynced(person, source, report);
      settle(report);
    }
  };

  const drain = async (): Promise<void> => {
    draining = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, together);
      try {
        await commit(batch);
      } catch (error) {
        for (const { fail } of batch) fail(error);
      }
    }
    draining = false;
  };

  return (person, claim, source) => {
    const user = userKey(person);
    const state = keeper.current();
    const read = readGroupClaim(claim);
    if (!read.read) {
      const standing = standingOf(state.rbac, state.rbac.users.get(user));
      return Promise.resolve({ outcome: 'skipped', why: read.why, added: [], removed: [], refused: [], ...standing });
    }
    const mapped = mapGroups(read.groups);
    const { delta, report } = planOne(state, user, mapped);
    const isNews = JSON.stringify(report.refused) !== (refusedBefore.get(user) ?? '[]');
    if (isEmptyDelta(delta) && !isNews) return Promise.resolve(report);
    return new Promise((settle, fail) => {
      waiting.push({ person, user, mapped, source, settle, fail });
      // In the next turn, so that who calls in this one comes along.
      if (!draining && waiting.length === 1) setImmediate(() => outside(() => void drain()));
    });
  };
}

function planOne(
  state: RbacState,
  user: string,
  mapped: readonly MappedRole[],
): { readonly delta: Delta; readonly report: SyncReport } {
  const denied = state.denials.get(user) ?? new Map<string, string>();
  const { changes, report } = planSync(state.rbac, user, mapped, denied);
  // The group is gone, so the review has had its way: if the group comes back, somebody has put it there anew.
  const given = new Set(mapped.map(({ role }) => role));
  const lifted = [...denied.keys()].filter((role) => !given.has(role)).map((role) => ({ user, role }));
  return { delta: { changes, lifted }, report };
}

/** One after the other: a user may be among them twice. */
function planAll(
  state: RbacState,
  batch: readonly Waiting[],
): { readonly delta: Delta; readonly reports: readonly SyncReport[] } {
  let now = state;
  const deltas: Delta[] = [];
  const reports: SyncReport[] = [];
  for (const { user, mapped } of batch) {
    const { delta, report } = planOne(now, user, mapped);
    const next = applyDelta(now, delta);
    if (!next.ok) throw new Error(`a planned sync was refused: ${JSON.stringify(next.refusal)}`);
    now = next.value;
    deltas.push(delta);
    reports.push(report);
  }
  const changes = deltas.flatMap((delta) => delta.changes);
  return { delta: { changes, lifted: deltas.flatMap(({ lifted = [] }) => lifted) }, reports };
}

/** Of users who have roles, what they are called and what was refused. */
async function noteSyncs(
  tx: Tx,
  { rbac }: RbacState,
  batch: readonly Waiting[],
  reports: readonly SyncReport[],
  at: number,
): Promise<void> {
  const rows = new Map(
    batch.flatMap(({ person, user }, i) => {
      const refused = reports[i]?.refused ?? [];
      if (!rbac.users.has(user)) return [];
      const { issuer, subject, name } = person;
      const row = {
        issuer,
        subject,
        name: name?.slice(0, 255) ?? null,
        synced_at: at,
        refused: refused.length === 0 ? null : JSON.stringify(refused),
      };
      return [[user, row] as const];
    }),
  );
  if (rows.size === 0) return;
  await tx.db
    .withTables<RbacTables>()
    .insertInto('rbac_user')
    .values([...rows.values()])
    .onConflict((conflict) =>
      conflict.columns(['issuer', 'subject']).doUpdateSet((eb) => ({
        name: eb.fn.coalesce(eb.ref('excluded.name'), eb.ref('rbac_user.name')),
        synced_at: eb.ref('excluded.synced_at'),
        refused: eb.ref('excluded.refused'),
      })),
    )
    .execute();
}

function factsOf(source: string, { added, removed, refused }: SyncReport): Record<string, Json> {
  return {
    source,
    added: added.map(({ role, via }) => ({ role, via: [...via] })),
    removed: [...removed],
    refused: refused.map(({ role, why, detail }) => ({ role, why, detail })),
  };
}
