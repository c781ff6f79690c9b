import type { EpochMilliseconds, EpochSeconds, PatId } from '@keyturn/protocol';
import type { AuditActor, Store } from '@keyturn/store';
import { patEvent, tokensEvent } from './audit.ts';
import { longestLifeOf, type Pat, type PatAtDoor, type PatOwner } from './pat.ts';
import { doorColumns, type OwnerStanding, ownerStandingOf, patAtDoorOf, patOf, rowOfPat } from './rows.ts';
import type { NewRevocation, RevocationLog } from './revocation-log.ts';
import type { OwnerRow, PatTables } from './tables.ts';

/** What a token is looked up by: never by what it says of itself alone, and never by the text of a JWT. */
export type PatKey = `hash:${string}` | `jti:${string}`;

export interface FoundPat {
  readonly key: PatKey;
  readonly pat: PatAtDoor;
  /** Found by what it was before a rotation, which holds until then. */
  readonly former: boolean;
  /** What is known of the owner; undefined if nobody has asked yet. */
  readonly owner: OwnerStanding | undefined;
}

/** Whose tokens to remove: one of a user's, all of a user's, all made through a client, all. */
export type PatSelector =
  | { readonly owner: PatOwner; readonly id?: PatId }
  | { readonly client: string }
  | { readonly everything: true };

/**
 * Where personal access tokens are kept. Names are unique among an owner's tokens, and the database holds to it: of two
 * who race, one is refused. A change, its row in the audit and what it revokes are one transaction.
 */
export interface PatRepository {
  /** `most`: how many tokens the owner may have. On PostgreSQL those who race at the very bound may both come in. */
  readonly insert: (pat: Pat, by: AuditActor, most?: number) => Promise<'stored' | 'taken' | 'too-many'>;
  /** Newest first. */
  readonly list: (owner: PatOwner) => Promise<readonly Pat[]>;
  readonly byId: (owner: PatOwner, id: PatId) => Promise<Pat | undefined>;
  readonly rename: (
    owner: PatOwner,
    id: PatId,
    name: string,
    by: AuditActor,
  ) => Promise<'renamed' | 'unknown' | 'taken'>;
  /** Puts a new secret in place of the old one, if the old one is still `pat.hash`; what ends thereby is revoked. */
  readonly rotate: (
    pat: Pat,
    next: Pick<Pat, 'hash' | 'jti' | 'issuedAt' | 'expiresAt' | 'former'>,
    ends: readonly NewRevocation[],
    by: AuditActor,
  ) => Promise<boolean>;
  /** Removes tokens and revokes them, with further revocations in the same transaction. Returns what was removed. */
  readonly remove: (selector: PatSelector, by: AuditActor, also?: readonly NewRevocation[]) => Promise<readonly Pat[]>;
  /** Those of the keys that exist; one query however many keys. */
  readonly lookUp: (keys: readonly PatKey[]) => Promise<readonly FoundPat[]>;
  /** One key, where a query costs less than waiting for others to share it; undefined where it does not. */
  readonly lookUpOne: ((key: PatKey) => FoundPat | undefined | Promise<FoundPat | undefined>) | undefined;
  readonly touch: (uses: readonly PatUse[]) => Promise<void>;
  /** Tokens that expire until then and have not been announced; each is given once, to one replica. */
  readonly takeExpiring: (until: EpochSeconds) => Promise<readonly Pat[]>;
  /** Puts a token back among those that have not been announced. */
  readonly announceAgain: (id: PatId) => Promise<void>;
}

export interface PatUse {
  readonly id: PatId;
  readonly at: EpochMilliseconds;
  readonly address: string | undefined;
}

export function openPatRepository(store: Store, log: RevocationLog, clock: () => EpochMilliseconds): PatRepository {
  const db = store.db.withTables<PatTables>();
  const ofOwner = (owner: PatOwner) =>
    db.selectFrom('pats_token').selectAll().where('issuer', '=', owner.issuer).where('subject', '=', owner.subject);
  return {
    insert: (pat, by, most = Number.POSITIVE_INFINITY) =>
      store.transaction(async (tx) => {
        const own = tx.db.withTables<PatTables>();
        const { theirs } = await own
          .selectFrom('pats_token')
          .select((row) => row.fn.countAll<number | string>().as('theirs'))
          .where('issuer', '=', pat.owner.issuer)
          .where('subject', '=', pat.owner.subject)
          .executeTakeFirstOrThrow();
        // PostgreSQL counts in bigints, which come as text.
        if (Number(theirs) >= most) return 'too-many';
        const done = await own
          .insertInto('pats_token')
          .values(rowOfPat(pat))
          .onConflict((conflict) => conflict.columns(['issuer', 'subject', 'name']).doNothing())
          .executeTakeFirst();
        if (done.numInsertedOrUpdatedRows !== 1n) return 'taken';
        tx.audit(patEvent('created', pat, by));
        return 'stored';
      }),
    async list(owner) {
      const rows = await ofOwner(owner).orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
      return rows.map(patOf);
    },
    async byId(owner, id) {
      const row = await ofOwner(owner).where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : patOf(row);
    },
    async rename(owner, id, name, by) {
      const isTaken = async (): Promise<boolean> => {
        const other = ofOwner(owner).where('name', '=', name).where('id', '!=', id);
        return (await other.executeTakeFirst()) !== undefined;
      };
      if (await isTaken()) return 'taken';
      const renamed = await store
        .transaction(async (tx) => {
          const row = await tx.db
            .withTables<PatTables>()
            .updateTable('pats_token')
            .set({ name })
            .where('issuer', '=', owner.issuer)
            .where('subject', '=', owner.subject)
            .where('id', '=', id)
            .returningAll()
            .executeTakeFirst();
          if (row !== undefined) tx.audit(patEvent('renamed', patOf(row), by));
          return row;
        })
        .catch(async (error: unknown) => {
          // Two of one name race for the constraint, and one loses here.
          if (await isTaken()) return 'taken' as const;
          throw error;
        });
      if (renamed === 'taken') return renamed;
      return renamed === undefined ? 'unknown' : 'renamed';
    },
    rotate: (pat, next, ends, by) =>
      store.transaction(async (tx) => {
        const done = await tx.db
          .withTables<PatTables>()
          .updateTable('pats_token')
          .set({
            hash: next.hash,
            jti: next.jti ?? null,
            issued_at: next.issuedAt,
            expires_at: next.expiresAt,
            announced: 0,
            former_hash: next.former?.hash ?? null,
            former_jti: next.former?.jti ?? null,
            former_until: next.former?.until ?? null,
          })
          .where('id', '=', pat.id)
          .where('hash', '=', pat.hash)
          .executeTakeFirst();
        if (done.numUpdatedRows !== 1n) return false;
        await log.append(tx, clock(), ends);
        tx.audit(patEvent('rotated', { ...pat, expiresAt: next.expiresAt }, by));
        return true;
      }),
    remove: (selector, by, also = []) =>
      store.transaction(async (tx) => {
        let query = tx.db.withTables<PatTables>().deleteFrom('pats_token');
        if ('client' in selector) query = query.where('client', '=', selector.client);
        if ('owner' in selector) {
          query = query.where('issuer', '=', selector.owner.issuer).where('subject', '=', selector.owner.subject);
          if (selector.id !== undefined) query = query.where('id', '=', selector.id);
        }
        const removed = (await query.returningAll().execute()).map(patOf);
        await log.append(tx, clock(), [...removed.flatMap(endOf), ...also]);
        for (const pat of removed) tx.audit(patEvent('revoked', pat, by));
        for (const each of also) tx.audit(tokensEvent(each, by));
        return removed;
      }),
    async lookUp(keys) {
      const hashes = keys.flatMap((key) => (key.startsWith('hash:') ? [key.slice(5)] : []));
      const jtis = keys.flatMap((key) => (key.startsWith('jti:') ? [key.slice(4)] : []));
      const rows = await tokensWithOwners(store)
        .select(['hash', 'jti', 'former_hash', 'former_jti'])
        .where((where) =>
          where.or([
            ...(hashes.length === 0 ? [] : [where('hash', 'in', hashes), where('former_hash', 'in', hashes)]),
            ...(jtis.length === 0 ? [] : [where('jti', 'in', jtis), where('former_jti', 'in', jtis)]),
          ]),
        )
        .execute();
      const wanted = new Set<PatKey>(keys);
      return rows.flatMap((row) => {
        const found = { pat: patAtDoorOf(row), owner: ownerStandingOf(row) };
        const named: readonly (readonly [PatKey, boolean])[] = [
          [`hash:${row.hash}`, false],
          [`jti:${row.jti ?? ''}`, false],
          [`hash:${row.former_hash ?? ''}`, true],
          [`jti:${row.former_jti ?? ''}`, true],
        ];
        return named.flatMap(([key, former]) => (wanted.has(key) ? [{ key, former, ...found }] : []));
      });
    },
    lookUpOne: store.dialect === 'sqlite' ? lookUpOneBy(store) : undefined,
    async touch(uses) {
      if (uses.length === 0) return;
      await store.transaction(async (tx) => {
        for (const { id, at, address } of uses) {
          await tx.db
            .withTables<PatTables>()
            .updateTable('pats_token')
            .set({ last_used_at: at, ...(address === undefined ? {} : { last_address: address }) })
            .where('id', '=', id)
            .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', at)]))
            .execute();
        }
      });
    },
    async announceAgain(id) {
      await db.updateTable('pats_token').set({ announced: 0 }).where('id', '=', id).execute();
    },
    async takeExpiring(until) {
      const rows = await db
        .updateTable('pats_token')
        .set({ announced: 1 })
        .where('announced', '=', 0)
        .where('expires_at', '<=', until)
        .returningAll()
        .execute();
      return rows.map(patOf);
    },
  };
}

const ownerColumns = [
  'pats_owner.state',
  'pats_owner.not_before',
  'pats_owner.realm_roles',
  'pats_owner.read_at',
] as const;

type LookedUp = Parameters<typeof patAtDoorOf>[0] & {
  readonly [Member in 'state' | 'not_before' | 'realm_roles' | 'read_at']: OwnerRow[Member] | null;
};

/** What the door wants to know of tokens, and of whoever owns them. */
function tokensWithOwners(store: Store) {
  return store.db
    .withTables<PatTables>()
    .selectFrom('pats_token')
    .leftJoin('pats_owner', (join) =>
      join.onRef('pats_owner.issuer', '=', 'pats_token.issuer').onRef('pats_owner.subject', '=', 'pats_token.subject'),
    )
    .select(doorColumns)
    .select(ownerColumns);
}

/** Queries that are built once: on SQLite building one costs more than running it, and so does waiting for the connection. */
function lookUpOneBy(store: Store): (key: PatKey) => FoundPat | undefined | Promise<FoundPat | undefined> {
  const build = (column: 'hash' | 'jti' | 'former_hash' | 'former_jti') =>
    tokensWithOwners(store).where(column, '=', '').compile();
  const now = { hash: build('hash'), jti: build('jti') };
  const before = { hash: build('former_hash'), jti: build('former_jti') };
  const found = (key: PatKey, row: LookedUp, former: boolean): FoundPat => ({
    key,
    former,
    pat: patAtDoorOf(row),
    owner: ownerStandingOf(row),
  });
  const { readAtOnce } = store;
  if (readAtOnce !== undefined) {
    // The row is that of the query, whose columns Kysely has checked.
    const read = (sql: string, parameter: string) => readAtOnce(sql, parameter) as LookedUp | undefined;
    return (key) => {
      const column = key.startsWith('hash:') ? 'hash' : 'jti';
      const parameter = key.slice(column.length + 1);
      const row = read(now[column].sql, parameter);
      if (row !== undefined) return found(key, row, false);
      const former = read(before[column].sql, parameter);
      return former === undefined ? undefined : found(key, former, true);
    };
  }
  return async (key) => {
    const column = key.startsWith('hash:') ? 'hash' : 'jti';
    const parameters = [key.slice(column.length + 1)];
    const [row] = (await store.db.executeQuery<LookedUp>({ ...now[column], parameters })).rows;
    if (row !== undefined) return found(key, row, false);
    const [former] = (await store.db.executeQuery<LookedUp>({ ...before[column], parameters })).rows;
    return former === undefined ? undefined : found(key, former, true);
  };
}

/** What verifiers are told of a removed token: a JWT by its `jti`, a reference token by its id. */
function endOf(pat: Pat): readonly NewRevocation[] {
  const issuer = pat.owner.issuer;
  const entry = (value: string): NewRevocation => ({
    revocation: { kind: 'pat', value, ...(pat.kind === 'jwt' ? { issuer } : {}) },
    pat: pat.id,
    until: longestLifeOf(pat),
  });
  const own = entry(pat.jti ?? pat.id);
  return pat.former?.jti === undefined ? [own] : [own, entry(pat.former.jti)];
}
