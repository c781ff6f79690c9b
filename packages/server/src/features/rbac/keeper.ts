import { emptyRbac, explainRbacRefusal, type RbacChange, type RbacRefusal } from '@keyturn/policy/rbac';
import { type Clock, type Json, ok, type Result, refuse } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { Changer } from '../../http/audit-actor.ts';
import { readState, writeDelta } from './rows.ts';
import { applyDelta, type Delta, isEmptyDelta, type RbacState } from './state.ts';
import type { RbacTables } from './tables.ts';

/** Deltas that are kept for replicas which are behind. */
const keptDeltas = 1000;

/** Told that there is a new version; the payload is its number. */
export const rbacChannel = 'rbac';

/** What is to be done to the state at hand; worked out anew if another replica was first. */
export interface Intent<Value> {
  readonly delta: Delta;
  readonly value: Value;
  /** Set where `also` leaves an audit row of its own for all changes together. */
  readonly isRecorded?: true;
  /** Further rows, in the same transaction. `after` is what the delta has made. */
  readonly also?: ((tx: Tx, after: RbacState) => Promise<void>) | undefined;
}

export type CommitRefusal =
  | { readonly why: 'rbac'; readonly change: RbacChange; readonly refusal: RbacRefusal }
  /** A plan that was made for another version. */
  | { readonly why: 'stale'; readonly version: number };

export interface Kept<Value> {
  readonly value: Value;
  readonly state: RbacState;
  readonly version: number;
}

/**
 * Keeps the model in memory and in step with the database, which every replica changes. All changes go through `commit`:
 * it holds one row's lock, brings the model up to date, asks what is to be done, lets the model refuse, writes rows, the
 * delta for other replicas and the audit in one transaction, and tells the others when it commits. So constraints
 * hold over all replicas, however they race.
 */
export interface RbacKeeper {
  readonly current: () => RbacState;
  readonly version: () => number;
  /** One audit row a change, in the same transaction; none and no version where there is nothing to do. */
  readonly commit: <Value, Refusal>(
    by: Changer,
    decide: (state: RbacState, version: number) => Result<Intent<Value>, Refusal>,
  ) => Promise<Result<Kept<Value>, Refusal | CommitRefusal>>;
  /** Takes in what others have changed. Rejects if it cannot be read. */
  readonly catchUp: () => Promise<void>;
  /** Forgets deltas that no replica is so far behind as to need; one that is reads the rows. */
  readonly prune: () => Promise<void>;
  /** Up to when everything that others have changed is known here. */
  readonly heardAt: () => number;
}

export async function openRbacKeeper(store: Store, clock: Clock): Promise<RbacKeeper> {
  let version = -1;
  let state: RbacState = { rbac: emptyRbac(), denials: new Map() };
  let heardAt = 0;
  let catching: Promise<void> | undefined;

  const advance = (to: number, next: RbacState): void => {
    if (to <= version) return;
    version = to;
    state = next;
  };
  const headOf = async (from: Pick<Store, 'db'> | Tx): Promise<number> => {
    const row = await from.db
      .withTables<RbacTables>()
      .selectFrom('rbac_head')
      .select('version')
      .executeTakeFirstOrThrow();
    return row.version;
  };
  /** The state of that version, from what is kept and the deltas since, or from all rows. Inside a transaction the rows hold still. */
  const stateAt = async (tx: Tx, wanted: number): Promise<RbacState> => {
    if (wanted === version) return state;
    const rows = await tx.db
      .withTables<RbacTables>()
      .selectFrom('rbac_change')
      .selectAll()
      .where('version', '>', version)
      .where('version', '<=', wanted)
      .orderBy('version')
      .execute();
    let next: RbacState | undefined = version >= 0 && rows.length === wanted - version ? state : undefined;
    for (const row of rows) {
      const applied = next === undefined ? undefined : applyDelta(next, readDelta(row.delta));
      next = applied?.ok === true ? applied.value : undefined;
    }
    if (next !== undefined) return next;
    const read = await readState(tx);
    if (!read.ok) throw new Error(`the tables rbac_* hold what cannot be: ${read.refusal}`);
    return read.value;
  };
  /** Locks the head until the transaction ends, on PostgreSQL; on SQLite there is one transaction at a time. */
  const lockHead = async (tx: Tx): Promise<number> => {
    const locked = await tx.db
      .withTables<RbacTables>()
      .updateTable('rbac_head')
      .set((eb) => ({ version: eb.ref('version') }))
      .where('one', '=', 1)
      .returning('version')
      .executeTakeFirstOrThrow();
    return locked.version;
  };

  const keeper: RbacKeeper = {
    current: () => state,
    version: () => version,
    heardAt: () => heardAt,

    commit: (by, decide) =>
      store.transaction(async (tx) => {
        const at = await lockHead(tx);
        const before = await stateAt(tx, at);
        tx.afterCommit(() => advance(at, before));
        const decided = decide(before, at);
        if (!decided.ok) return decided;
        const { delta, value, also, isRecorded } = decided.value;
        if (isEmptyDelta(delta)) {
          await also?.(tx, before);
          return ok({ value, state: before, version: at });
        }
        const applied = applyDelta(before, delta);
        if (!applied.ok) return refuse({ why: 'rbac', ...applied.refusal });
        const after = applied.value;
        const next = at + 1;
        await writeDelta(tx, delta, before.rbac, after.rbac);
        const db = tx.db.withTables<RbacTables>();
        await db
          .insertInto('rbac_change')
          .values({ version: next, at: clock(), delta: JSON.stringify(delta) })
          .execute();
        await db.updateTable('rbac_head').set({ version: next }).where('one', '=', 1).execute();
        await also?.(tx, after);
        for (const change of isRecorded === true ? [] : delta.changes) {
          store.audit.append(tx, {
            at: clock(),
            kind: 'rbac.change',
            actor: by.actor,
            action: change.do,
            target: targetOf(change),
            outcome: 'allowed',
            requestId: by.requestId,
            facts: factsOf(change),
          });
        }
        await tx.notify(rbacChannel, String(next));
        tx.afterCommit(() => advance(next, after));
        return ok({ value, state: after, version: next });
      }),

    async prune() {
      const db = store.db.withTables<RbacTables>();
      await db
        .deleteFrom('rbac_change')
        .where('version', '<', version - keptDeltas)
        .execute();
    },

    catchUp() {
      catching ??= (async () => {
        const began = clock();
        if ((await headOf(store)) !== version) {
          await store.transaction(async (tx) => {
            const at = await lockHead(tx);
            const next = await stateAt(tx, at);
            tx.afterCommit(() => advance(at, next));
          });
        }
        heardAt = began;
      })().finally(() => {
        catching = undefined;
      });
      return catching;
    },
  };
  await keeper.catchUp();
  return keeper;
}

/** What has been written by `commit` and nobody else. */
function readDelta(json: string): Delta {
  return JSON.parse(json) as Delta;
}

/** What a change is done to, for the audit. */
export function targetOf(change: RbacChange): string {
  if ('user' in change) return change.user;
  if ('role' in change) return change.role;
  return 'senior' in change ? change.senior : change.set;
}

function factsOf(change: RbacChange): Record<string, Json> {
  // A change is plain data: what JSON makes of it is what it is.
  return JSON.parse(JSON.stringify(change)) as Record<string, Json>;
}

/** A refusal of `commit` as one sentence. */
export function explainCommitRefusal(refusal: CommitRefusal): string {
  return refusal.why === 'rbac'
    ? explainRbacRefusal(refusal.refusal)
    : `The plan was made for another version of the model; it is at version ${refusal.version} now.`;
}
