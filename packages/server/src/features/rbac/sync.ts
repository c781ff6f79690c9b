import { type MapGroups, planSync, readGroupClaim, standingOf, type SyncReport } from '@keyturn/policy/rbac';
import { type Clock, type Json, ok } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { RbacKeeper } from './keeper.ts';
import { type Person, userKey } from './person.ts';
import type { Delta, RbacState } from './state.ts';
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
 * costs no transaction.
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

export function createSync({ keeper, store, clock, mapGroups, onSynced }: SyncParts): SyncGroups {
  // What the last sync of a user refused, where it refused anything: the same refusal again is no news.
  const refusedBefore = new Map<string, string>();

  return async (person, claim, source) => {
    const user = userKey(person);
    const read = readGroupClaim(claim);
    if (!read.read) {
      const standing = standingOf(keeper.current().rbac, keeper.current().rbac.users.get(user));
      return { outcome: 'skipped', why: read.why, added: [], removed: [], refused: [], ...standing };
    }
    const mapped = mapGroups(read.groups);
    const plan = (state: RbacState): { readonly delta: Delta; readonly report: SyncReport } => {
      const denied = state.denials.get(user) ?? new Map<string, string>();
      const { changes, report } = planSync(state.rbac, user, mapped, denied);
      // The group is gone, so the review has had its way: if the group comes back, somebody has put it there anew.
      const given = new Set(mapped.map(({ role }) => role));
      const lifted = [...denied.keys()].filter((role) => !given.has(role)).map((role) => ({ user, role }));
      return { delta: { changes, lifted }, report };
    };
    const expected = plan(keeper.current());
    const refusedText = JSON.stringify(expected.report.refused);
    const isNews = refusedText !== (refusedBefore.get(user) ?? '[]');
    if (expected.report.outcome === 'unchanged' && (expected.delta.lifted?.length ?? 0) === 0 && !isNews) {
      return expected.report;
    }
    const kept = await keeper.commit<SyncReport, never>({ actor: { identity: 'group-sync' } }, (state) => {
      const { delta, report } = plan(state);
      return ok({
        delta,
        value: report,
        also: async (tx) => {
          await noteSync(tx, person, report, clock());
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
        },
      });
    });
    // What planSync gives can be applied to the state that it was given.
    if (!kept.ok) throw new Error(`a planned sync was refused: ${JSON.stringify(kept.refusal)}`);
    const report = kept.value.value;
    if (report.refused.length === 0) refusedBefore.delete(user);
    else refusedBefore.set(user, JSON.stringify(report.refused));
    onSynced(person, source, report);
    return report;
  };
}

/** Of a user who has roles, what they are called and what was refused. */
async function noteSync(tx: Tx, person: SyncedPerson, report: SyncReport, at: number): Promise<void> {
  await tx.db
    .withTables<RbacTables>()
    .updateTable('rbac_user')
    .set({
      ...(person.name === undefined ? {} : { name: person.name.slice(0, 255) }),
      synced_at: at,
      refused: report.refused.length === 0 ? null : JSON.stringify(report.refused),
    })
    .where('issuer', '=', person.issuer)
    .where('subject', '=', person.subject)
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
