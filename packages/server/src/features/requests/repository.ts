import { foldName } from '@keyturn/policy';
import type { EpochMilliseconds } from '@keyturn/protocol';
import type { AuditEvent, Store, Tx } from '@keyturn/store';
import type { GroupCommit } from './group-commit.ts';
import type { AgentRequest, Phase } from './request.ts';
import { nameOf, requestOf, type RevokedKind, rowOf } from './rows.ts';
import type { MessageRow, RequestTables } from './tables.ts';

/** Notified of each change, with `name version`. */
export const requestsChannel = 'requests';

export interface RequestFilter {
  /** In any letter case. */
  readonly agent?: string | undefined;
  readonly issuer?: string | undefined;
  readonly phases?: readonly Phase[] | undefined;
  readonly correlationId?: string | undefined;
  readonly classification?: string | undefined;
}

export interface RequestPage {
  /** Newest first. */
  readonly items: readonly AgentRequest[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

/** Whom a revocation or a kill switch names. */
export type PartySelector =
  | { readonly kind: RevokedKind; readonly value: string; readonly issuer?: string | undefined }
  | { readonly kind: 'agent'; readonly value: string }
  | { readonly kind: 'all' };

/**
 * Where requests are kept. Every change is one conditional update: it takes hold if the stored version is the one that it
 * was computed from, and its audit row and its notification are in the same transaction.
 */
export interface RequestRepository {
  /**
   * Stores a new request. `taken`: an active one of the same call is there, or the name is; `full`: the agent has `limit`
   * pending ones. Of several replicas that count at once each may let one more in.
   */
  readonly insert: (request: AgentRequest, limit: number, audit: AuditEvent) => Promise<'stored' | 'taken' | 'full'>;
  /** False if somebody else has changed it since. `formerCallKey` stays what it was, once set. */
  readonly update: (before: AgentRequest, next: AgentRequest, audit: AuditEvent) => Promise<boolean>;
  readonly byName: (name: string) => Promise<AgentRequest | undefined>;
  /** Requests of a call, newest first, those included that were edited into another: what its repetition has to know. */
  readonly ofCall: (callKey: string) => Promise<readonly AgentRequest[]>;
  readonly list: (filter: RequestFilter, limit: number, after?: string) => Promise<RequestPage | 'bad-cursor'>;
  /** What has changed since then, oldest change first, at most `limit`. */
  readonly changedSince: (at: number, limit: number) => Promise<readonly AgentRequest[]>;
  /** Made from `from` (inclusive) to `to` (exclusive), oldest first. */
  readonly madeWithin: (from: number, to: number, limit: number) => Promise<readonly AgentRequest[]>;
  /** Pending and Approved ones that whoever is named asked for or approved. */
  readonly concerning: (selector: PartySelector) => Promise<readonly AgentRequest[]>;
  /** Those that time has overtaken: Pending or Approved past their end, Executing past theirs. */
  readonly overdue: (now: EpochMilliseconds) => Promise<readonly AgentRequest[]>;
  /** Removes ended requests that changed last before then. Returns how many. */
  readonly prune: (before: EpochMilliseconds) => Promise<number>;
}

/** How many of one call are looked at: an active one, and what came of the last ones. */
const remembered = 5;
const sweepSize = 200;

/** What has to be told of a change, stored in its transaction. */
export type Announce = (before: AgentRequest | undefined, next: AgentRequest) => readonly MessageRow[];

export function openRequestRepository(
  store: Store,
  group: GroupCommit,
  announce: Announce = () => [],
): RequestRepository {
  const db = store.db.withTables<RequestTables>();
  const of = (tx: Tx) => tx.db.withTables<RequestTables>();
  /** The last part of each change: its audit row, its messages, and word to every replica. */
  const conclude = async (
    tx: Tx,
    before: AgentRequest | undefined,
    next: AgentRequest,
    audit: AuditEvent,
  ): Promise<void> => {
    tx.audit(audit);
    const messages = announce(before, next);
    if (messages.length > 0)
      await of(tx)
        .insertInto('requests_message')
        .values([...messages])
        .execute();
    await tx.notify(requestsChannel, `${next.name} ${next.version}`);
  };
  /** Whether a call has an active request: the index would refuse a second one, and with it the whole transaction. */
  const isActiveCall = async (tx: Tx, callKey: string): Promise<boolean> => {
    const found = await of(tx)
      .selectFrom('requests_request')
      .select('name')
      .where('active_key', '=', callKey)
      .executeTakeFirst();
    return found !== undefined;
  };
  return {
    insert: (request, limit, audit) =>
      group.run(async (tx) => {
        const row = rowOf(request, undefined);
        if (request.phase === 'Pending') {
          // Looking for the one at the limit reads no more of them than there may be.
          const full = await of(tx)
            .selectFrom('requests_request')
            .select('name')
            .where('issuer', '=', row.issuer)
            .where('agent', '=', row.agent)
            .where('phase', '=', 'Pending')
            .orderBy('issuer')
            .limit(1)
            .offset(limit - 1)
            .executeTakeFirst();
          if (full !== undefined) return 'full';
        }
        const done = await of(tx)
          .insertInto('requests_request')
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        if (done.numInsertedOrUpdatedRows !== 1n) return 'taken';
        await conclude(tx, undefined, request, audit);
        return 'stored';
      }),
    update: (before, next, audit) =>
      group.run(async (tx) => {
        const edited = before.callKey === next.callKey ? undefined : before.callKey;
        if (edited !== undefined && (await isActiveCall(tx, next.callKey))) return false;
        const { former_call_key: former, ...row } = rowOf(next, edited);
        const done = await of(tx)
          .updateTable('requests_request')
          .set(former === null ? row : { ...row, former_call_key: former })
          .where('name', '=', before.name)
          .where('version', '=', before.version)
          .executeTakeFirst();
        if (done.numUpdatedRows !== 1n) return false;
        await conclude(tx, before, next, audit);
        return true;
      }),
    async byName(name) {
      const row = await db.selectFrom('requests_request').selectAll().where('name', '=', name).executeTakeFirst();
      return row === undefined ? undefined : requestOf(row);
    },
    async ofCall(callKey) {
      const rows = await db
        .selectFrom('requests_request')
        .selectAll()
        .where((eb) => eb.or([eb('call_key', '=', callKey), eb('former_call_key', '=', callKey)]))
        .orderBy('created_at', 'desc')
        .orderBy('name', 'desc')
        .limit(remembered)
        .execute();
      return rows.map(requestOf);
    },
    async list(filter, limit, after) {
      let query = db.selectFrom('requests_request').selectAll();
      const { agent, issuer, phases, correlationId, classification } = filter;
      if (agent !== undefined) query = query.where('agent', '=', foldName(agent));
      if (issuer !== undefined) query = query.where('issuer', '=', issuer);
      if (phases !== undefined) query = query.where('phase', 'in', [...phases]);
      if (correlationId !== undefined) query = query.where('correlation_id', '=', correlationId);
      if (classification !== undefined) query = query.where('classification', '=', classification);
      if (after !== undefined) {
        const [, at, name] = /^(\d{1,15})\.([a-z0-9-]{1,64})$/.exec(after) ?? [];
        if (at === undefined || name === undefined) return 'bad-cursor';
        query = query.where((eb) => eb(eb.refTuple('created_at', 'name'), '<', eb.tuple(Number(at), name)));
      }
      const rows = await query
        .orderBy('created_at', 'desc')
        .orderBy('name', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const next = rows.length > limit && last !== undefined ? `${last.created_at}.${last.name}` : undefined;
      return { items: items.map(requestOf), next };
    },
    async changedSince(at, limit) {
      const rows = await db
        .selectFrom('requests_request')
        .selectAll()
        .where('updated_at', '>=', at)
        .orderBy('updated_at')
        .orderBy('name')
        .limit(limit)
        .execute();
      return rows.map(requestOf);
    },
    async madeWithin(from, to, limit) {
      const rows = await db
        .selectFrom('requests_request')
        .selectAll()
        .where('created_at', '>=', from)
        .where('created_at', '<', to)
        .orderBy('created_at')
        .orderBy('name')
        .limit(limit)
        .execute();
      return rows.map(requestOf);
    },
    async concerning(selector) {
      let query = db.selectFrom('requests_request').selectAll().where('phase', 'in', ['Pending', 'Approved']);
      if (selector.kind === 'agent') query = query.where('agent', '=', foldName(selector.value));
      else if (selector.kind !== 'all') {
        const { kind, value, issuer } = selector;
        const entry = `%\n${nameOf(kind, value)}\n%`;
        query = query.where((eb) => eb.or([eb(columns[kind], '=', value), eb('approver_names', 'like', entry)]));
        if (issuer !== undefined) query = query.where('issuer', '=', issuer);
      }
      return (await query.execute()).map(requestOf);
    },
    async overdue(now) {
      const rows = await db
        .selectFrom('requests_request')
        .selectAll()
        .where((eb) =>
          eb.or([
            eb.and([eb('phase', 'in', ['Pending', 'Approved']), eb('expires_at', '<=', now)]),
            eb.and([eb('phase', '=', 'Executing'), eb('executing_until', '<=', now)]),
          ]),
        )
        .orderBy('expires_at')
        .limit(sweepSize)
        .execute();
      return rows.map(requestOf);
    },
    async prune(before) {
      const done = await db
        .deleteFrom('requests_request')
        .where('phase', 'in', ['Denied', 'Completed', 'Failed', 'Expired', 'Cancelled'])
        .where('outcome_unknown', '=', 0)
        .where('updated_at', '<', before)
        .where('expires_at', '<', before)
        .executeTakeFirst();
      return Number(done.numDeletedRows);
    },
  };
}

const columns = { sub: 'subject', client: 'client', sid: 'session_id', jti: 'token_id', pat: 'pat' } as const;
