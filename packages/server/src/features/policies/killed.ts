import { type Clock, type EpochMilliseconds, epochMilliseconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
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
  /** False where it was dead already. */
  readonly kill: (agent: string, reason: string, by: Changer) => Promise<boolean>;
  readonly revive: (agent: string, by: Changer) => Promise<boolean>;
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
        const removed = await tx.db
          .withTables<PolicyTables>()
          .deleteFrom('policies_killed')
          .where('agent', '=', agent)
          .executeTakeFirst();
        if (removed.numDeletedRows !== 1n) return false;
        tx.audit(auditOf('agent.revive', agent, by, clock()));
        await tx.notify(policiesChannel, 'killed');
        return true;
      }),
  };
}
