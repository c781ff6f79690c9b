import type { Kysely, Transaction } from 'kysely';
import type { StoreTables } from '../tables.ts';
import type { AuditChain, ChainHold } from './chain.ts';
import type { PreparedEvent } from './prepare.ts';

/**
 * Runs a transaction that may end with audit rows. `audit` must be its last statement: the chain is held from there
 * until the commit is known, and a row lock waited for in between could be waiting for the chain.
 */
export async function commitWithAudit<Value>(
  db: Kysely<StoreTables>,
  chain: AuditChain,
  work: (
    transaction: Transaction<StoreTables>,
    audit: (events: readonly PreparedEvent[]) => Promise<void>,
  ) => Promise<Value>,
): Promise<Value> {
  let hold: ChainHold | undefined;
  try {
    const value = await db.transaction().execute((transaction) =>
      work(transaction, async (events) => {
        if (events.length === 0) return;
        hold = await chain.hold();
        await hold.write(transaction, events);
      }),
    );
    hold?.settle('committed');
    return value;
  } catch (error) {
    hold?.settle('unknown');
    throw error;
  }
}
