import { foldName } from '@keyturn/policy';
import type { EpochMilliseconds } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { AgentRequest, Phase } from './request.ts';
import { nameOf, requestOf, type RevokedKind } from './rows.ts';
import type { RequestRow, RequestTables } from './tables.ts';
import { type Announce, openRequestWrites, type RequestWrites } from './writes.ts';

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

/** Where requests are kept. */
export interface RequestRepository extends RequestWrites {
  readonly byName: (name: string) => Promise<AgentRequest | undefined>;
  readonly byNames: (names: readonly string[]) => Promise<readonly AgentRequest[]>;
  /** Requests of a call, newest first, those included that were edited into another: what its repetition has to know. */
  readonly ofCall: (callKey: string) => Promise<readonly AgentRequest[]>;
  readonly list: (filter: RequestFilter, limit: number, after?: string) => Promise<RequestPage | 'bad-cursor'>;
  /** What has changed since then, oldest change first; read in pages, so that a long absence takes no more memory. */
  readonly changedSince: (at: number) => AsyncIterable<AgentRequest>;
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
const changesAtOnce = 50;
/** Names a query: some thousands at once would be more parameters than a database takes. */
const namesAtOnce = 500;

export function openRequestRepository(store: Store, announce: Announce = () => []): RequestRepository {
  const db = store.db.withTables<RequestTables>();
  return {
    ...openRequestWrites(store, announce),
    async byName(name) {
      const row = await db.selectFrom('requests_request').selectAll().where('name', '=', name).executeTakeFirst();
      return row === undefined ? undefined : requestOf(row);
    },
    async byNames(names) {
      const found: RequestRow[] = [];
      for (let from = 0; from < names.length; from += namesAtOnce) {
        const some = names.slice(from, from + namesAtOnce);
        found.push(...(await db.selectFrom('requests_request').selectAll().where('name', 'in', some).execute()));
      }
      return found.map(requestOf);
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
    async *changedSince(at) {
      let after = { at, name: '' };
      for (;;) {
        const rows = await db
          .selectFrom('requests_request')
          .selectAll()
          .where((eb) => eb(eb.refTuple('updated_at', 'name'), '>', eb.tuple(after.at, after.name)))
          .orderBy('updated_at')
          .orderBy('name')
          .limit(changesAtOnce)
          .execute();
        yield* rows.map(requestOf);
        const last = rows.at(-1);
        if (last === undefined || rows.length < changesAtOnce) return;
        after = { at: last.updated_at, name: last.name };
      }
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
      if (selector.kind === 'agent') {
        const name = foldName(selector.value);
        // Who acts for somebody is in the body: rows that may be theirs, of which those are kept that are.
        const rows = await query
          .where((eb) => eb.or([eb('agent', '=', name), eb('body', 'like', '%"actors":["%')]))
          .execute();
        return rows
          .map(requestOf)
          .filter(({ requester: { identity, actors } }) =>
            [identity, ...actors].some((each) => foldName(each) === name),
          );
      }
      if (selector.kind !== 'all') {
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
