import { foldName } from '@keyturn/policy';
import { type Clock, type EpochMilliseconds, epochMilliseconds, type Principal } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import { actorsOf } from '../../http/actors.ts';
import type { Changer } from '../../http/audit-actor.ts';
import { auditOf, policiesChannel } from './repository.ts';
import type { PolicyTables } from './tables.ts';

/** An agent that may do nothing until it is revived. `agent` is its identity, its client or its subject. */
export interface KilledAgent {
  readonly agent: string;
  readonly reason: string;
  readonly by: string;
  readonly at: EpochMilliseconds;
}

export interface KillList {
  readonly all: () => Promise<readonly KilledAgent[]>;
  /** False where it was dead already, by this spelling. */
  readonly kill: (agent: string, reason: string, by: Changer) => Promise<boolean>;
  /** By whatever spelling it was killed. False where it was alive. */
  readonly revive: (agent: string, by: Changer) => Promise<boolean>;
}

/**
 * Every name by which a caller can be stopped, as `foldName` compares them: identity, client and subject, and whoever acts
 * for the subject (`act`). In an emergency a letter case must not decide whether an agent goes on.
 */
export function namesToStop({ identity, client, subject, claims }: Principal): readonly string[] {
  return [identity, client, subject, ...actorsOf(claims['act'])]
    .filter((name) => name !== undefined)
    .map((name) => foldName(name));
}

/** Each change, its audit row and its notification on `policiesChannel` are one transaction. */
export function openKillList(store: Store, clock: Clock): KillList {
  return {
    async all() {
      const rows = await store.db
        .withTables<PolicyTables>()
        .selectFrom('policies_killed')
        .selectAll()
        .orderBy('agent')
        .execute();
      return rows.map((row) => ({
        agent: row.agent,
        reason: row.reason,
        by: row.killed_by,
        at: epochMilliseconds(row.killed_at),
      }));
    },
    kill: (agent, reason, by) =>
      store.transaction(async (tx) => {
        const inserted = await tx.db
          .withTables<PolicyTables>()
          .insertInto('policies_killed')
          .values({ agent, reason, killed_by: by.actor.identity, killed_at: clock() })
          .onConflict((conflict) => conflict.column('agent').doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
        tx.audit({ ...auditOf('agent.kill', agent, by, clock()), facts: { reason } });
        await tx.notify(policiesChannel, 'killed');
        return true;
      }),
    revive: (agent, by) =>
      store.transaction(async (tx) => {
        const db = tx.db.withTables<PolicyTables>();
        const rows = await db.selectFrom('policies_killed').select('agent').execute();
        const names = rows.map((row) => row.agent).filter((name) => foldName(name) === foldName(agent));
        if (names.length === 0) return false;
        await db.deleteFrom('policies_killed').where('agent', 'in', names).execute();
        tx.audit(auditOf('agent.revive', agent, by, clock()));
        await tx.notify(policiesChannel, 'killed');
        return true;
      }),
  };
}
