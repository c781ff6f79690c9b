import type { AuditEvent, Store } from '@keyturn/store';
import type { AccessPolicy, ToolGroup } from './access.ts';
import type { AccessRow, AccessTables } from './tables.ts';

/** The channel on which replicas hear that groups or access policies have changed. */
export const accessChannel = 'keyturn_access';

export interface Named<Definition> {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly definition: Definition;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdBy: string;
}

export interface Definitions {
  readonly group: ToolGroup;
  readonly policy: AccessPolicy;
}
export type Kind = keyof Definitions;

/**
 * Where groups and access policies are kept. Each change is one transaction with its audit row, and tells every replica
 * on `accessChannel`. Names are unique among their kind; `put` and `replace` are false where another has the name.
 */
export interface AccessRepository {
  /** By name. */
  readonly all: <K extends Kind>(kind: K) => Promise<readonly Named<Definitions[K]>[]>;
  readonly byId: <K extends Kind>(kind: K, id: string) => Promise<Named<Definitions[K]> | undefined>;
  readonly insert: <K extends Kind>(kind: K, one: Named<Definitions[K]>, event: AuditEvent) => Promise<boolean>;
  readonly replace: <K extends Kind>(
    kind: K,
    one: Named<Definitions[K]>,
    event: AuditEvent,
  ) => Promise<'replaced' | 'unknown' | 'name-taken'>;
  /** False when there is no such one. Of a group: `in-use` while a policy names it, decided in the same transaction. */
  readonly remove: (kind: Kind, id: string, event: AuditEvent) => Promise<'removed' | 'unknown' | 'in-use'>;
}

export function openAccessRepository(store: Store): AccessRepository {
  const db = store.db.withTables<AccessTables>();
  return {
    async all<K extends Kind>(kind: K) {
      const rows = await db.selectFrom('tools_access').selectAll().where('kind', '=', kind).orderBy('name').execute();
      return rows.map((row) => namedOf<K>(row));
    },
    async byId<K extends Kind>(kind: K, id: string) {
      const row = await db
        .selectFrom('tools_access')
        .selectAll()
        .where('kind', '=', kind)
        .where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : namedOf<K>(row);
    },
    insert: (kind, one, event) =>
      store.transaction(async (tx) => {
        const inserted = await tx.db
          .withTables<AccessTables>()
          .insertInto('tools_access')
          .values(rowOf(kind, one))
          .onConflict((conflict) => conflict.columns(['kind', 'name']).doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
        tx.audit(event);
        await tx.notify(accessChannel, one.id);
        return true;
      }),
    replace: (kind, one, event) =>
      store.transaction(async (tx) => {
        const tables = tx.db.withTables<AccessTables>();
        const taken = await tables
          .selectFrom('tools_access')
          .select('id')
          .where('kind', '=', kind)
          .where('name', '=', one.name)
          .where('id', '<>', one.id)
          .executeTakeFirst();
        if (taken !== undefined) return 'name-taken';
        const replaced = await tables
          .updateTable('tools_access')
          .set(rowOf(kind, one))
          .where('kind', '=', kind)
          .where('id', '=', one.id)
          .executeTakeFirst();
        if (replaced.numUpdatedRows !== 1n) return 'unknown';
        tx.audit(event);
        await tx.notify(accessChannel, one.id);
        return 'replaced';
      }),
    remove: (kind, id, event) =>
      store.transaction(async (tx) => {
        const tables = tx.db.withTables<AccessTables>();
        if (kind === 'group') {
          const policies = await tables.selectFrom('tools_access').selectAll().where('kind', '=', 'policy').execute();
          const isUsed = policies.some((row) => namedOf<'policy'>(row).definition.allowed_group_ids.includes(id));
          if (isUsed) return 'in-use';
        }
        const removed = await tables
          .deleteFrom('tools_access')
          .where('kind', '=', kind)
          .where('id', '=', id)
          .executeTakeFirst();
        if (removed.numDeletedRows !== 1n) return 'unknown';
        tx.audit(event);
        await tx.notify(accessChannel, id);
        return 'removed';
      }),
  };
}

function rowOf<K extends Kind>(kind: K, one: Named<Definitions[K]>): AccessRow {
  return {
    id: one.id,
    kind,
    name: one.name,
    definition: JSON.stringify({ ...one.definition, description: one.description }),
    created_at: one.createdAt,
    updated_at: one.updatedAt,
    created_by: one.createdBy,
  };
}

/** What this file wrote is read back as it was. */
function namedOf<K extends Kind>(row: AccessRow): Named<Definitions[K]> {
  const { description, ...definition } = JSON.parse(row.definition) as Definitions[K] & { description?: string };
  return {
    id: row.id,
    name: row.name,
    description,
    definition: definition as Definitions[K],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
  };
}
