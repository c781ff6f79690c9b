import type { SourceId } from '@keyturn/protocol';
import type { Migration, Store } from '@keyturn/store';
import type { Tool } from '@keyturn/tools';
import type { Source } from './source.ts';

/** The channel on which replicas hear that sources have changed. */
export const sourcesChannel = 'keyturn_sources';

/**
 * Where sources are kept. Each change is one transaction and tells every replica on `sourcesChannel` when it commits.
 * `insert` is false when the slug is taken, `update` and `remove` are false when there is no such source.
 */
export interface SourceRepository {
  /** By slug, so that every replica lists them alike. */
  readonly all: () => Promise<readonly Source[]>;
  readonly byId: (id: string) => Promise<Source | undefined>;
  readonly bySlug: (slug: string) => Promise<Source | undefined>;
  readonly insert: (source: Source) => Promise<boolean>;
  readonly update: (source: Source) => Promise<boolean>;
  readonly remove: (id: string) => Promise<boolean>;
}

// A type and not an interface: Kysely's tables need an index signature.
type SourceTables = { sources_source: SourceRow };

type SourceRow = {
  id: string;
  slug: string;
  name: string;
  url: string;
  source_type: string;
  description: string | null;
  default_audience: string | null;
  required_scopes: string;
  passthrough: string;
  enabled: number;
  tools: string;
  inventory_hash: string;
  created_at: number;
  updated_at: number;
  created_by: string;
};

export const sourceMigrations: readonly Migration[] = [
  {
    id: 'sources-001',
    up: async (db) => {
      await db.schema
        .createTable('sources_source')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('slug', 'text', (column) => column.notNull().unique())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('url', 'text', (column) => column.notNull())
        .addColumn('source_type', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('default_audience', 'text')
        .addColumn('required_scopes', 'text', (column) => column.notNull())
        .addColumn('passthrough', 'text', (column) => column.notNull())
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('tools', 'text', (column) => column.notNull())
        .addColumn('inventory_hash', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute();
    },
  },
];

export function openSourceRepository(store: Store): SourceRepository {
  const db = store.db.withTables<SourceTables>();
  const find = async (column: 'id' | 'slug', value: string): Promise<Source | undefined> => {
    const row = await db.selectFrom('sources_source').selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? undefined : sourceOf(row);
  };
  return {
    async all() {
      const rows = await db.selectFrom('sources_source').selectAll().orderBy('slug').execute();
      return rows.map(sourceOf);
    },
    byId: (id) => find('id', id),
    bySlug: (slug) => find('slug', slug),
    insert: (source) =>
      store.transaction(async (tx) => {
        const inserted = await tx.db
          .withTables<SourceTables>()
          .insertInto('sources_source')
          .values(rowOf(source))
          .onConflict((conflict) => conflict.column('slug').doNothing())
          .executeTakeFirst();
        await tx.notify(sourcesChannel, source.id);
        return inserted.numInsertedOrUpdatedRows === 1n;
      }),
    update: (source) =>
      store.transaction(async (tx) => {
        const updated = await tx.db
          .withTables<SourceTables>()
          .updateTable('sources_source')
          .set(rowOf(source))
          .where('id', '=', source.id)
          .executeTakeFirst();
        await tx.notify(sourcesChannel, source.id);
        return updated.numUpdatedRows === 1n;
      }),
    remove: (id) =>
      store.transaction(async (tx) => {
        const removed = await tx.db
          .withTables<SourceTables>()
          .deleteFrom('sources_source')
          .where('id', '=', id)
          .executeTakeFirst();
        await tx.notify(sourcesChannel, id);
        return removed.numDeletedRows === 1n;
      }),
  };
}

function rowOf(source: Source): SourceRow {
  return {
    id: source.id,
    slug: source.slug,
    name: source.name,
    url: source.url,
    source_type: source.sourceType,
    description: source.description ?? null,
    default_audience: source.defaultAudience ?? null,
    required_scopes: JSON.stringify(source.requiredScopes),
    passthrough: source.passthrough,
    enabled: source.enabled ? 1 : 0,
    tools: JSON.stringify(source.tools),
    inventory_hash: source.inventoryHash,
    created_at: source.createdAt,
    updated_at: source.updatedAt,
    created_by: source.createdBy,
  };
}

/** What this file wrote is read back as it was; the casts below name those shapes. */
function sourceOf(row: SourceRow): Source {
  return {
    id: row.id as SourceId,
    slug: row.slug,
    name: row.name,
    url: row.url,
    sourceType: 'openapi',
    description: row.description ?? undefined,
    defaultAudience: row.default_audience ?? undefined,
    requiredScopes: JSON.parse(row.required_scopes) as string[],
    passthrough: row.passthrough === 'allowed' ? 'allowed' : 'forbidden',
    enabled: row.enabled === 1,
    tools: JSON.parse(row.tools) as Tool[],
    inventoryHash: row.inventory_hash,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
  };
}
