import { type EpochMilliseconds, newId, type Random } from '@keyturn/protocol';
import type { Store, Tx } from '@keyturn/store';
import type { UserRow, UserTables } from './tables.ts';
import { emailKey, type Profile, type User, type UserId } from './user.ts';

/** Who somebody is at an identity provider: nothing else tells two people apart. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

/** A user with the mapping under which their groups became roles. */
export interface KnownUser {
  readonly user: User;
  readonly identity: Identity;
  readonly mapping: string;
  /** Whether their last token had the admin role in it. */
  readonly isAdmin: boolean;
}

export interface GroupChange {
  readonly groups: readonly string[];
  readonly mapping: string;
  readonly staff: boolean;
  readonly superuser: boolean;
  readonly isAdmin: boolean;
}

/** How a login found its user. */
export type Found = 'known' | 'linked' | 'created';

export interface UserRepository {
  readonly byIdentity: (identity: Identity) => Promise<User | undefined>;
  readonly byId: (id: string) => Promise<User | undefined>;
  /**
   * The user of an identity: known, or linked by a verified address to the one user who has it verified too and is nobody
   * at this issuer yet, or created. Of two logins at once, one creates and the other finds.
   */
  readonly findOrCreate: (
    tx: Tx,
    identity: Identity,
    profile: Profile,
    now: EpochMilliseconds,
  ) => Promise<{ readonly user: User; readonly found: Found }>;
  /** Somebody who may log in later: linked by the address, which whoever creates them vouches for. */
  readonly create: (tx: Tx, profile: Profile, now: EpochMilliseconds) => Promise<User>;
  readonly saveLogin: (tx: Tx, id: UserId, profile: Profile, now: EpochMilliseconds) => Promise<void>;
  readonly saveGroups: (tx: Tx, id: UserId, change: GroupChange) => Promise<void>;
  readonly identitiesOf: (ids: readonly UserId[]) => Promise<readonly (Identity & { readonly userId: string })[]>;
  /** Ordered by id; `after` is the last id of the page before. */
  readonly page: (after: string, limit: number, query?: string) => Promise<readonly User[]>;
  /** Everybody of an issuer, ordered by id, in pages. */
  readonly pageOf: (issuer: string, after: string, limit: number) => Promise<readonly KnownUser[]>;
  readonly known: (identity: Identity) => Promise<KnownUser | undefined>;
}

export function openUserRepository(store: Store, random: Random): UserRepository {
  const db = tablesOf(store.db);

  const insert = async (tx: Tx, profile: Profile, now: EpochMilliseconds): Promise<User> => {
    const id: UserId = newId('usr', random);
    await tablesOf(tx.db)
      .insertInto('users_user')
      .values({
        id,
        ...columnsOf(profile),
        is_staff: 0,
        is_superuser: 0,
        token_admin: 0,
        created_at: now,
        last_login_at: null,
        groups: null,
        mapping: '',
      })
      .execute();
    return {
      id,
      profile,
      isStaff: false,
      isSuperuser: false,
      createdAt: now,
      lastLoginAt: undefined,
      groups: undefined,
    };
  };

  const rowOf = (tables: Tables, { issuer, subject }: Identity): Promise<UserRow | undefined> =>
    tables
      .selectFrom('users_identity')
      .innerJoin('users_user', 'users_user.id', 'users_identity.user_id')
      .selectAll('users_user')
      .where('users_identity.issuer', '=', issuer)
      .where('users_identity.subject', '=', subject)
      .executeTakeFirst();

  /** The one user with this verified address who is nobody at the issuer yet. */
  const linkable = async (tx: Tx, issuer: string, profile: Profile): Promise<User | undefined> => {
    const key = emailKey(profile.email);
    if (!profile.emailVerified || key === null) return undefined;
    const rows = await tablesOf(tx.db)
      .selectFrom('users_user')
      .selectAll()
      .where('email_key', '=', key)
      .where('email_verified', '=', 1)
      .limit(2)
      .execute();
    const [row, another] = rows;
    if (row === undefined || another !== undefined) return undefined;
    const taken = await tablesOf(tx.db)
      .selectFrom('users_identity')
      .select('user_id')
      .where('user_id', '=', row.id)
      .where('issuer', '=', issuer)
      .executeTakeFirst();
    return taken === undefined ? read(row) : undefined;
  };

  return {
    async byIdentity(identity) {
      const row = await rowOf(db, identity);
      return row === undefined ? undefined : read(row);
    },
    async byId(id) {
      const row = await db.selectFrom('users_user').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : read(row);
    },
    async findOrCreate(tx, identity, profile, now) {
      const known = await rowOf(tablesOf(tx.db), identity);
      if (known !== undefined) return { user: read(known), found: 'known' };
      const linked = await linkable(tx, identity.issuer, profile);
      const user = linked ?? (await insert(tx, profile, now));
      const tables = tablesOf(tx.db);
      const done = await tables
        .insertInto('users_identity')
        .values({ issuer: identity.issuer, subject: identity.subject, user_id: user.id, linked_at: now })
        .onConflict((conflict) => conflict.columns(['issuer', 'subject']).doNothing())
        .executeTakeFirst();
      if (done.numInsertedOrUpdatedRows === 1n) return { user, found: linked === undefined ? 'created' : 'linked' };
      // Another login of the same person was first.
      if (linked === undefined) await tables.deleteFrom('users_user').where('id', '=', user.id).execute();
      const first = await rowOf(tables, identity);
      if (first === undefined) throw new Error('an identity is there and has no user');
      return { user: read(first), found: 'known' };
    },
    create: insert,
    async saveLogin(tx, id, profile, now) {
      await tablesOf(tx.db)
        .updateTable('users_user')
        .set({ ...columnsOf(profile), last_login_at: now })
        .where('id', '=', id)
        .execute();
    },
    async saveGroups(tx, id, { groups, mapping, staff, superuser, isAdmin }) {
      await tablesOf(tx.db)
        .updateTable('users_user')
        .set({
          groups: JSON.stringify(groups),
          mapping,
          is_staff: staff ? 1 : 0,
          is_superuser: superuser ? 1 : 0,
          token_admin: isAdmin ? 1 : 0,
        })
        .where('id', '=', id)
        .execute();
    },
    async identitiesOf(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('users_identity').selectAll().where('user_id', 'in', ids).execute();
      return rows.map(({ issuer, subject, user_id: userId }) => ({ issuer, subject, userId }));
    },
    async page(after, limit, query) {
      let select = db.selectFrom('users_user').selectAll().where('id', '>', after);
      if (query !== undefined && query !== '') {
        const like = `%${query.toLowerCase()}%`;
        select = select.where((where) =>
          where.or(
            (['username', 'email', 'name'] as const).map((column) =>
              where(where.fn<string>('lower', [column]), 'like', like),
            ),
          ),
        );
      }
      return (await select.orderBy('id').limit(limit).execute()).map(read);
    },
    async pageOf(issuer, after, limit) {
      const rows = await db
        .selectFrom('users_identity')
        .innerJoin('users_user', 'users_user.id', 'users_identity.user_id')
        .selectAll('users_user')
        .select('users_identity.subject as subject')
        .where('users_identity.issuer', '=', issuer)
        .where('users_user.id', '>', after)
        .orderBy('users_user.id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ user: read(row), identity: { issuer, subject: row.subject }, ...restOf(row) }));
    },
    async known(identity) {
      const row = await rowOf(db, identity);
      return row === undefined ? undefined : { user: read(row), identity, ...restOf(row) };
    },
  };
}

const tablesOf = (db: Store['db']) => db.withTables<UserTables>();
type Tables = ReturnType<typeof tablesOf>;

function columnsOf(profile: Profile) {
  return {
    username: profile.username,
    email: profile.email ?? null,
    email_key: emailKey(profile.email),
    email_verified: profile.emailVerified ? 1 : 0,
    name: profile.name,
    given_name: profile.givenName,
    family_name: profile.familyName,
  };
}

function restOf(row: UserRow): { readonly mapping: string; readonly isAdmin: boolean } {
  return { mapping: row.mapping, isAdmin: row.token_admin === 1 };
}

function read(row: UserRow): User {
  return {
    // What this file wrote is read back as it was.
    id: row.id as UserId,
    profile: {
      username: row.username,
      email: row.email ?? undefined,
      emailVerified: row.email_verified === 1,
      name: row.name,
      givenName: row.given_name,
      familyName: row.family_name,
    },
    isStaff: row.is_staff === 1,
    isSuperuser: row.is_superuser === 1,
    createdAt: row.created_at as EpochMilliseconds,
    lastLoginAt: row.last_login_at === null ? undefined : (row.last_login_at as EpochMilliseconds),
    groups: row.groups === null ? undefined : (JSON.parse(row.groups) as readonly string[]),
  };
}
