import { type SafetyPolicy, safetyPolicySchema, writeCanonical } from '@keyturn/policy';
import { type Clock, type EpochMilliseconds, epochMilliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import type { AuditEvent, Store, Tx } from '@keyturn/store';
import type { Changer } from '../../http/audit-actor.ts';
import type { PolicyRow, PolicyTables } from './tables.ts';

/** The channel on which replicas hear that policies or killed agents have changed. */
export const policiesChannel = 'keyturn_policies';

export interface StoredPolicy {
  readonly policy: SafetyPolicy;
  readonly version: number;
  readonly createdAt: EpochMilliseconds;
  readonly updatedAt: EpochMilliseconds;
  readonly updatedBy: string;
}

export interface PolicyVersion {
  readonly version: number;
  /** Undefined where this version is the deletion. */
  readonly policy: SafetyPolicy | undefined;
  readonly createdAt: EpochMilliseconds;
  readonly createdBy: string;
}

export type SaveRefusal =
  | { readonly why: 'policy-exists' }
  | { readonly why: 'unknown-policy' }
  | { readonly why: 'policy-changed'; readonly version: number };

/** `create` wants none there, `replace` one, `apply` takes either and changes nothing where it is the same already. */
export interface Saving {
  readonly as: 'create' | 'replace' | 'apply';
  /** The version that the author has seen, or `any` that is there. Where it is another, and always with `none`, nothing is changed. */
  readonly expected?: number | 'any' | 'none' | undefined;
}

/**
 * Where policies are kept, with every version of each. A change, its version, its audit row and its notification on
 * `policiesChannel` are one transaction.
 */
export interface PolicyRepository {
  /** By name. */
  readonly all: () => Promise<readonly StoredPolicy[]>;
  readonly byName: (name: string) => Promise<StoredPolicy | undefined>;
  /** Newest first; of deleted ones too. */
  readonly versions: (name: string) => Promise<readonly PolicyVersion[]>;
  readonly save: (
    policy: SafetyPolicy,
    saving: Saving,
    by: Changer,
  ) => Promise<Result<StoredPolicy & { readonly created: boolean; readonly changed: boolean }, SaveRefusal>>;
  readonly remove: (
    name: string,
    expected: Saving['expected'],
    by: Changer,
  ) => Promise<Result<undefined, Exclude<SaveRefusal, { readonly why: 'policy-exists' }>>>;
}

export function openPolicyRepository(store: Store, clock: Clock): PolicyRepository {
  const db = store.db.withTables<PolicyTables>();
  return {
    async all() {
      const rows = await db
        .selectFrom('policies_policy')
        .selectAll()
        .where('deleted', '=', 0)
        .orderBy('name')
        .execute();
      return rows.map(readRow);
    },
    async byName(name) {
      const row = await db
        .selectFrom('policies_policy')
        .selectAll()
        .where('name', '=', name)
        .where('deleted', '=', 0)
        .executeTakeFirst();
      return row === undefined ? undefined : readRow(row);
    },
    async versions(name) {
      const rows = await db
        .selectFrom('policies_version')
        .selectAll()
        .where('name', '=', name)
        .orderBy('version', 'desc')
        .execute();
      return rows.map((row) => ({
        version: row.version,
        policy: row.document === null ? undefined : readDocument(row.document),
        createdAt: epochMilliseconds(row.created_at),
        createdBy: row.created_by,
      }));
    },
    save: (policy, saving, by) =>
      store.transaction(async (tx) => {
        const { name } = policy.metadata;
        const before = await lockRow(tx, name, clock());
        const there = before.deleted === 0;
        if (saving.as === 'create' && there) return refuse({ why: 'policy-exists' });
        if (saving.as === 'replace' && !there) return refuse({ why: 'unknown-policy' });
        if (!isExpected(before, saving.expected)) {
          return refuse({ why: 'policy-changed', version: there ? before.version : 0 });
        }
        const document = documentOf(policy);
        if (there && before.document === document) return ok({ ...readRow(before), created: false, changed: false });
        const row = await writeVersion(tx, { ...before, document, deleted: 0 }, document, by, clock());
        const kind = there ? 'policy.change' : 'policy.create';
        tx.audit({
          ...auditOf(kind, name, by, clock()),
          facts: { version: row.version, mode: policy.spec.mode, ...(there ? { former_version: before.version } : {}) },
        });
        return ok({ ...readRow(row), created: !there, changed: true });
      }),
    remove: (name, expected, by) =>
      store.transaction(async (tx) => {
        const before = await lockRow(tx, name, clock());
        if (before.deleted === 1) return refuse({ why: 'unknown-policy' });
        if (!isExpected(before, expected)) return refuse({ why: 'policy-changed', version: before.version });
        const row = await writeVersion(tx, { ...before, deleted: 1 }, null, by, clock());
        tx.audit({ ...auditOf('policy.remove', name, by, clock()), facts: { version: row.version } });
        return ok(undefined);
      }),
  };
}

function isExpected({ deleted, version }: PolicyRow, expected: Saving['expected']): boolean {
  if (expected === undefined) return true;
  return deleted === 0 && (expected === 'any' || expected === version);
}

/** The row of a policy, made if it was never there; held until the commit, so that versions have no gaps and no doubles. */
async function lockRow(tx: Tx, name: string, now: number): Promise<PolicyRow> {
  const fresh = { name, version: 0, document: '', deleted: 1, created_at: now, updated_at: now, updated_by: '' };
  return tx.db
    .withTables<PolicyTables>()
    .insertInto('policies_policy')
    .values(fresh)
    .onConflict((conflict) => conflict.column('name').doUpdateSet((eb) => ({ name: eb.ref('policies_policy.name') })))
    .returningAll()
    .executeTakeFirstOrThrow();
}

async function writeVersion(
  tx: Tx,
  before: PolicyRow,
  document: string | null,
  by: Changer,
  now: number,
): Promise<PolicyRow> {
  const db = tx.db.withTables<PolicyTables>();
  const created_by = by.actor.identity;
  const row = { ...before, version: before.version + 1, updated_at: now, updated_by: created_by };
  const { name, version } = row;
  await db.updateTable('policies_policy').set(row).where('name', '=', name).execute();
  await db.insertInto('policies_version').values({ name, version, document, created_at: now, created_by }).execute();
  await tx.notify(policiesChannel, `policy:${name}`);
  return row;
}

export function auditOf(
  kind: string,
  target: string,
  { actor, requestId }: Changer,
  at: EpochMilliseconds,
): AuditEvent {
  return { at, kind, actor, action: kind.slice(kind.indexOf('.') + 1), target, outcome: 'allowed', requestId };
}

/** In one spelling, so that the same policy is the same text; without what others have written into `metadata`. */
function documentOf({ apiVersion, kind, metadata, spec }: SafetyPolicy): string {
  const { name, labels, annotations } = metadata;
  const written = writeCanonical({ apiVersion, kind, metadata: { name, labels, annotations }, spec });
  if (!written.ok)
    throw new TypeError(`a policy has no canonical JSON: ${written.refusal.why} at ${written.refusal.at}`);
  return written.value;
}

/** What an older build has stored is read by the schema of this one: defaults that were added since are put in. */
function readDocument(document: string): SafetyPolicy {
  return safetyPolicySchema.parse(JSON.parse(document));
}

function readRow(row: PolicyRow): StoredPolicy {
  return {
    policy: readDocument(row.document),
    version: row.version,
    createdAt: epochMilliseconds(row.created_at),
    updatedAt: epochMilliseconds(row.updated_at),
    updatedBy: row.updated_by,
  };
}
