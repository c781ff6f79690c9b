import { hash } from 'node:crypto';
import type { EpochMilliseconds } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { Session, SessionId, SessionOwner, SessionTokens } from './session.ts';
import type { LoginTables, SessionRow } from './tables.ts';

/** What seals; two strings in, so that what was sealed for one session does not open for another. */
export interface TokenSeal {
  readonly seal: (text: string, context: string) => string;
  readonly open: (sealed: string, context: string) => string | undefined;
}

/** Which sessions are meant: of an owner, and among them one by its id or by the identity provider's. */
export interface SessionsOf {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly idpSession?: string | undefined;
  readonly id?: SessionId | undefined;
  /** All but this one. */
  readonly except?: SessionId | undefined;
}

/** Sessions in the store, the same for every replica. Nothing is kept in memory, so that an ended one has ended everywhere. */
export interface SessionRepository {
  readonly insert: (tx: Tx, session: Session, secret: string) => Promise<void>;
  /** Whatever it is: limits are the caller's to judge. */
  readonly bySecret: (secret: string) => Promise<Session | undefined>;
  readonly byId: (id: SessionId) => Promise<Session | undefined>;
  /** Last used first. */
  readonly list: (owner: SessionOwner) => Promise<readonly Session[]>;
  readonly touch: (id: SessionId, now: EpochMilliseconds) => Promise<void>;
  /** Ends them, and gives each one that this call has ended: of two that try, one gets it. */
  readonly end: (tx: Tx, which: SessionsOf) => Promise<readonly Session[]>;
  /** Takes the lease to refresh: true for one of all who ask while `seen` is what they saw. */
  readonly lease: (session: Session, until: number) => Promise<boolean>;
  /** Puts the tokens of a refresh in, or gives the lease back without; false if the session has ended meanwhile. */
  readonly refreshed: (id: SessionId, lease: number, change: RefreshedTokens | undefined) => Promise<boolean>;
  readonly prune: (usedBefore: EpochMilliseconds, now: EpochMilliseconds) => Promise<void>;
}

export interface RefreshedTokens {
  readonly tokens: SessionTokens;
  readonly accessExpiresAt: number;
  readonly at: EpochMilliseconds;
}

export function openSessionRepository(store: Store, seal: TokenSeal): SessionRepository {
  const db = store.db.withTables<LoginTables>();

  const read = (row: SessionRow): Session => {
    const opened = row.sealed_tokens === null ? undefined : seal.open(row.sealed_tokens, row.id);
    return {
      // What this file wrote is read back as it was.
      id: row.id as SessionId,
      kind: row.kind === 'break-glass' ? 'break-glass' : 'oidc',
      owner: { issuer: row.issuer, subject: row.subject },
      userId: row.user_id ?? undefined,
      idpSession: row.idp_session ?? undefined,
      tokens: opened === undefined ? undefined : (JSON.parse(opened) as SessionTokens),
      accessExpiresAt: row.access_expires_at,
      createdAt: row.created_at as EpochMilliseconds,
      lastUsedAt: row.last_used_at as EpochMilliseconds,
      endsAt: row.ends_at as EpochMilliseconds,
      refreshedAt: row.refreshed_at as EpochMilliseconds,
      leasedUntil: row.leased_until,
      userAgent: row.user_agent,
      address: row.address,
    };
  };
  const sealed = (id: SessionId, tokens: SessionTokens): string => seal.seal(JSON.stringify(tokens), id);

  return {
    async insert(tx, session, secret) {
      await tx.db
        .withTables<LoginTables>()
        .insertInto('login_session')
        .values({
          id: session.id,
          secret_hash: hashOf(secret),
          kind: session.kind,
          user_id: session.userId ?? null,
          issuer: session.owner.issuer,
          subject: session.owner.subject,
          idp_session: session.idpSession ?? null,
          sealed_tokens: session.tokens === undefined ? null : sealed(session.id, session.tokens),
          access_expires_at: session.accessExpiresAt,
          created_at: session.createdAt,
          last_used_at: session.lastUsedAt,
          ends_at: session.endsAt,
          refreshed_at: session.refreshedAt,
          leased_until: session.leasedUntil,
          user_agent: session.userAgent,
          address: session.address,
        })
        .execute();
    },
    async bySecret(secret) {
      const row = await db
        .selectFrom('login_session')
        .selectAll()
        .where('secret_hash', '=', hashOf(secret))
        .executeTakeFirst();
      return row === undefined ? undefined : read(row);
    },
    async byId(id) {
      const row = await db.selectFrom('login_session').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : read(row);
    },
    async list({ issuer, subject }) {
      const rows = await db
        .selectFrom('login_session')
        .selectAll()
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .orderBy('last_used_at', 'desc')
        .orderBy('id')
        .execute();
      return rows.map(read);
    },
    async touch(id, now) {
      await db
        .updateTable('login_session')
        .set({ last_used_at: now })
        .where('id', '=', id)
        .where('last_used_at', '<', now)
        .execute();
    },
    async end(tx, { issuer, subject, idpSession, id, except }) {
      if (subject === undefined && idpSession === undefined && id === undefined) return [];
      let query = tx.db.withTables<LoginTables>().deleteFrom('login_session').where('issuer', '=', issuer);
      if (subject !== undefined) query = query.where('subject', '=', subject);
      if (idpSession !== undefined) query = query.where('idp_session', '=', idpSession);
      if (id !== undefined) query = query.where('id', '=', id);
      if (except !== undefined) query = query.where('id', '!=', except);
      return (await query.returningAll().execute()).map(read);
    },
    async lease(session, until) {
      const taken = await db
        .updateTable('login_session')
        .set({ leased_until: until })
        .where('id', '=', session.id)
        .where('leased_until', '=', session.leasedUntil)
        .where('refreshed_at', '=', session.refreshedAt)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    async refreshed(id, lease, change) {
      const set =
        change === undefined
          ? { leased_until: 0 }
          : {
              leased_until: 0,
              sealed_tokens: sealed(id, change.tokens),
              access_expires_at: change.accessExpiresAt,
              refreshed_at: change.at,
            };
      const done = await db
        .updateTable('login_session')
        .set(set)
        .where('id', '=', id)
        .where('leased_until', '=', lease)
        .executeTakeFirst();
      return done.numUpdatedRows === 1n;
    },
    async prune(usedBefore, now) {
      await db
        .deleteFrom('login_session')
        .where((where) => where.or([where('last_used_at', '<', usedBefore), where('ends_at', '<=', now)]))
        .execute();
    },
  };
}

function hashOf(secret: string): string {
  return hash('sha256', secret);
}
