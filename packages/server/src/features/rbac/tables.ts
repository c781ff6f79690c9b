import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type RbacTables = {
  rbac_head: { one: number; version: number };
  rbac_change: ChangeRow;
  rbac_role: RoleRow;
  rbac_grant: { role: string; permission: string };
  rbac_inheritance: { senior: string; junior: string };
  rbac_set: { kind: string; name: string; cardinality: number };
  rbac_set_role: { kind: string; name: string; role: string };
  rbac_user: UserRow;
  rbac_assignment: AssignmentRow;
  rbac_denial: DenialRow;
  rbac_session: SessionRow;
  rbac_review: ReviewRow;
  rbac_review_item: ReviewItemRow;
};

/** What made each version of the model out of the one before, for replicas to follow. */
export type ChangeRow = {
  version: number;
  at: number;
  /** JSON. */
  delta: string;
};

export type RoleRow = {
  name: string;
  description: string;
  tier: number;
  staff: number;
  superuser: number;
};

export type UserRow = {
  issuer: string;
  subject: string;
  /** As last heard of, for people to read. */
  name: string | null;
  synced_at: number | null;
  /** JSON: roles that the last sync refused, and why. */
  refused: string | null;
};

export type AssignmentRow = {
  issuer: string;
  subject: string;
  role: string;
  manual: number;
  synced: number;
  /** JSON: groups. */
  via: string;
};

/** A role that an access review took away and groups would give again. */
export type DenialRow = {
  issuer: string;
  subject: string;
  role: string;
  review: string;
};

/** Roles that a user has chosen to be active in one session. */
export type SessionRow = {
  id: string;
  issuer: string;
  subject: string;
  /** JSON. */
  roles: string;
};

export type ReviewRow = {
  id: string;
  name: string;
  /** JSON: roles that are looked at; null for all. */
  roles: string | null;
  /** JSON: who decides. */
  reviewers: string;
  deadline: number;
  /** What becomes of what nobody decided: keep or revoke. */
  undecided: string;
  created_at: number;
  created_by: string;
  /** open, then closed. */
  state: string;
  closed_at: number | null;
  closed_by: string | null;
};

export type ReviewItemRow = {
  id: string;
  review: string;
  issuer: string;
  subject: string;
  user_name: string | null;
  role: string;
  manual: number;
  synced: number;
  via: string;
  /** JSON: what the role permits, when the review began. */
  permissions: string;
  decision: string | null;
  decided_by: string | null;
  decided_at: number | null;
  comment: string | null;
  /** kept, revoked or gone; null until the review is closed. */
  outcome: string | null;
};

export const rbacMigrations: readonly Migration[] = [
  {
    id: 'rbac-001',
    up: async (db) => {
      await db.schema
        .createTable('rbac_head')
        .addColumn('one', 'integer', (column) => column.primaryKey())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .execute();
      await db.withTables<RbacTables>().insertInto('rbac_head').values({ one: 1, version: 0 }).execute();
      await db.schema
        .createTable('rbac_change')
        .addColumn('version', 'bigint', (column) => column.primaryKey())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('delta', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('rbac_role')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('tier', 'integer', (column) => column.notNull())
        .addColumn('staff', 'integer', (column) => column.notNull())
        .addColumn('superuser', 'integer', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('rbac_grant')
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('permission', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('rbac_grant_pk', ['role', 'permission'])
        .execute();
      await db.schema
        .createTable('rbac_inheritance')
        .addColumn('senior', 'text', (column) => column.notNull())
        .addColumn('junior', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('rbac_inheritance_pk', ['senior', 'junior'])
        .execute();
      await db.schema
        .createTable('rbac_set')
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('cardinality', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('rbac_set_pk', ['kind', 'name'])
        .execute();
      await db.schema
        .createTable('rbac_set_role')
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('rbac_set_role_pk', ['kind', 'name', 'role'])
        .execute();
      await db.schema
        .createTable('rbac_user')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('name', 'text')
        .addColumn('synced_at', 'bigint')
        .addColumn('refused', 'text')
        .addPrimaryKeyConstraint('rbac_user_pk', ['issuer', 'subject'])
        .execute();
      await db.schema
        .createTable('rbac_assignment')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('manual', 'integer', (column) => column.notNull())
        .addColumn('synced', 'integer', (column) => column.notNull())
        .addColumn('via', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('rbac_assignment_pk', ['issuer', 'subject', 'role'])
        .execute();
      await db.schema
        .createTable('rbac_denial')
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('review', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('rbac_denial_pk', ['issuer', 'subject', 'role'])
        .execute();
      await db.schema
        .createTable('rbac_session')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('roles', 'text', (column) => column.notNull())
        .execute();
    },
  },
  {
    id: 'rbac-002',
    up: async (db) => {
      await db.schema
        .createTable('rbac_review')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('roles', 'text')
        .addColumn('reviewers', 'text', (column) => column.notNull())
        .addColumn('deadline', 'bigint', (column) => column.notNull())
        .addColumn('undecided', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('closed_at', 'bigint')
        .addColumn('closed_by', 'text')
        .execute();
      await db.schema
        .createTable('rbac_review_item')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('review', 'text', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('user_name', 'text')
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('manual', 'integer', (column) => column.notNull())
        .addColumn('synced', 'integer', (column) => column.notNull())
        .addColumn('via', 'text', (column) => column.notNull())
        .addColumn('permissions', 'text', (column) => column.notNull())
        .addColumn('decision', 'text')
        .addColumn('decided_by', 'text')
        .addColumn('decided_at', 'bigint')
        .addColumn('comment', 'text')
        .addColumn('outcome', 'text')
        .execute();
      await db.schema.createIndex('rbac_review_item_review').on('rbac_review_item').column('review').execute();
    },
  },
];
