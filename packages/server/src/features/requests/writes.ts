import { type AuditEvent, manyRows, type Store, type Tx } from '@keyturn/store';
import type { AgentRequest } from './request.ts';
import { rowOf } from './rows.ts';
import type { MessageRow, RequestRow, RequestTables } from './tables.ts';

/** Notified of changes, with the names of what has changed, a line each. */
export const requestsChannel = 'requests';
/** Names a notification, which has 7,000 bytes. */
const namesToTell = 100;

/** What has to be told of a change, stored in its transaction. */
export type Announce = (before: AgentRequest | undefined, next: AgentRequest) => readonly MessageRow[];

/**
 * How requests are changed. Every change is conditional: a new one is stored if its call has no active one, an update
 * takes hold if the stored version is the one that it was computed from. Its audit row, its messages and its notification
 * are in the same transaction; what many callers change at once shares one.
 */
export interface RequestWrites {
  /**
   * Stores a new request. `taken`: an active one of the same call is there, or the name is; `full`: the agent has `limit`
   * pending ones, those counted that came at the same moment. Of several replicas that count at once each may let as many
   * in as came to it.
   */
  readonly insert: (request: AgentRequest, limit: number, audit: AuditEvent) => Promise<Inserted>;
  /** False if somebody else has changed it since. `formerCallKey` stays what it was, once set. */
  readonly update: (before: AgentRequest, next: AgentRequest, audit: AuditEvent) => Promise<boolean>;
}

/** What a change leaves behind besides its row. */
interface Change {
  readonly before: AgentRequest | undefined;
  readonly next: AgentRequest;
  readonly audit: AuditEvent;
}

interface Insertion extends Change {
  readonly row: RequestRow;
  readonly limit: number;
}

interface Update extends Change {
  readonly before: AgentRequest;
}

type Inserted = 'stored' | 'taken' | 'full';

export function openRequestWrites(store: Store, announce: Announce = () => []): RequestWrites {
  const of = (tx: Tx) => tx.db.withTables<RequestTables>();
  const insertRows = manyRows((on, rows: readonly RequestRow[]) =>
    on
      .withTables<RequestTables>()
      .insertInto('requests_request')
      .values([...rows])
      .onConflict((conflict) => conflict.doNothing())
      .returning('name'),
  );
  /** The last part of changes: their audit rows, their messages, and word to every replica. */
  const conclude = async (tx: Tx, changes: readonly Change[]): Promise<void> => {
    for (const { audit } of changes) tx.audit(audit);
    const messages = changes.flatMap(({ before, next }) => announce(before, next));
    if (messages.length > 0) await of(tx).insertInto('requests_message').values(messages).execute();
    const names = changes.map(({ next }) => next.name);
    for (let from = 0; from < names.length; from += namesToTell) {
      await tx.notify(requestsChannel, names.slice(from, from + namesToTell).join('\n'));
    }
  };
  /** How many more each agent may have pending, by `agentKey`. */
  const roomOf = async (tx: Tx, asked: readonly Insertion[]): Promise<(insertion: Insertion) => boolean> => {
    const pending = asked.map(({ row }) => row).filter(({ phase }) => phase === 'Pending');
    if (pending.length === 0) return () => true;
    const counted = await of(tx)
      .selectFrom('requests_request')
      .select(({ fn }) => ['issuer', 'agent', fn.countAll<number>().as('count')])
      .where('issuer', 'in', [...new Set(pending.map(({ issuer }) => issuer))])
      .where('agent', 'in', [...new Set(pending.map(({ agent }) => agent))])
      .where('phase', '=', 'Pending')
      .groupBy(['issuer', 'agent'])
      .execute();
    const counts = new Map(counted.map((one) => [agentKey(one), one.count]));
    return ({ row, limit }) => {
      if (row.phase !== 'Pending') return true;
      const count = counts.get(agentKey(row)) ?? 0;
      if (count >= limit) return false;
      counts.set(agentKey(row), count + 1);
      return true;
    };
  };
  /** New requests of many callers: one count, one insert of requests, one of audit rows, one notification. */
  const insertAll = store.together<Insertion, Inserted>(async (tx, insertions) => {
    const hasRoom = await roomOf(tx, insertions);
    const verdicts = new Map<Insertion, Inserted>();
    const active = new Set<string>();
    for (const insertion of insertions) {
      const { active_key: key } = insertion.row;
      // Of two of the same call that come together one is stored.
      if (key !== null && active.has(key)) verdicts.set(insertion, 'taken');
      else if (!hasRoom(insertion)) verdicts.set(insertion, 'full');
      else if (key !== null) active.add(key);
    }
    // In one order everywhere: two replicas that insert the same calls must not wait for each other.
    const admitted = insertions
      .filter((insertion) => !verdicts.has(insertion))
      .sort((one, other) => (one.row.call_key < other.row.call_key ? -1 : 1));
    const stored = new Set(
      (
        await insertRows(
          tx.db,
          admitted.map(({ row }) => row),
        )
      ).map(({ name }) => name),
    );
    const changes = admitted.filter(({ row }) => stored.has(row.name));
    await conclude(tx, changes);
    return insertions.map((one) => verdicts.get(one) ?? (stored.has(one.row.name) ? 'stored' : 'taken'));
  });
  /** Whether a call has an active request: the index would refuse a second one, and with it the whole transaction. */
  const isActiveCall = async (tx: Tx, callKey: string): Promise<boolean> => {
    const found = await of(tx)
      .selectFrom('requests_request')
      .select('name')
      .where('active_key', '=', callKey)
      .executeTakeFirst();
    return found !== undefined;
  };
  const updateOne = async (tx: Tx, { before, next }: Update): Promise<boolean> => {
    const edited = before.callKey === next.callKey ? undefined : before.callKey;
    if (edited !== undefined && (await isActiveCall(tx, next.callKey))) return false;
    const { former_call_key: former, ...row } = rowOf(next, edited);
    const done = await of(tx)
      .updateTable('requests_request')
      .set(former === null ? row : { ...row, former_call_key: former })
      .where('name', '=', before.name)
      .where('version', '=', before.version)
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  };
  const updateAll = store.together<Update, boolean>(async (tx, updates) => {
    const done = new Set<Update>();
    const inOrder = updates.toSorted((one, other) => (one.before.name < other.before.name ? -1 : 1));
    for (const update of inOrder) if (await updateOne(tx, update)) done.add(update);
    await conclude(tx, [...done]);
    return updates.map((update) => done.has(update));
  });
  return {
    insert: (next, limit, audit) => insertAll({ before: undefined, next, audit, limit, row: rowOf(next, undefined) }),
    update: (before, next, audit) => updateAll({ before, next, audit }),
  };
}

function agentKey({ issuer, agent }: Pick<RequestRow, 'issuer' | 'agent'>): string {
  return `${issuer}\n${agent}`;
}
