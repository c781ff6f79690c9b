import { hashJson, type Tool } from '@keyturn/tools';
import type { Migration } from '@keyturn/store';

// Types and not interfaces: Kysely's tables need an index signature.
export type SourceTables = { sources_registry: SourceRow; sources_tool: ToolRow };

export type SourceRow = {
  id: string;
  slug: string;
  /** JSON: SourceDefinition. Compared as text, so that two changes at once do not lose one of them. */
  definition: string;
  /** JSON: SourceState. */
  state: string;
  /** An uploaded document, gzipped, in base64: read again when the selection changes. */
  document: string | null;
  revision: number;
  /** When the next re-sync by timer is due; null: never. */
  sync_at: number | null;
  created_at: number;
  updated_at: number;
  created_by: string;
};

export type ToolRow = {
  source_id: string;
  operation: string;
  mcp_name: string;
  method: string;
  path: string;
  origin: string;
  hash: string;
  /** JSON: Tool. */
  tool: string;
  accepted_hash: string | null;
  /** JSON: Tool. Only where it differs from `tool`. */
  accepted_tool: string | null;
  enabled: number;
  gone: number;
  first_seen_at: number;
  changed_at: number;
  accepted_at: number | null;
  accepted_by: string | null;
};

/** The table of `sources-001`, from before tools had rows of their own. */
type FormerTables = {
  sources_source: {
    id: string;
    slug: string;
    name: string;
    url: string;
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
  {
    id: 'sources-002',
    up: async (db) => {
      await db.schema
        .createTable('sources_registry')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('slug', 'text', (column) => column.notNull().unique())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('document', 'text')
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('sync_at', 'bigint')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('sources_tool')
        .addColumn('source_id', 'text', (column) =>
          column.notNull().references('sources_registry.id').onDelete('cascade'),
        )
        .addColumn('operation', 'text', (column) => column.notNull())
        .addColumn('mcp_name', 'text', (column) => column.notNull())
        .addColumn('method', 'text', (column) => column.notNull())
        .addColumn('path', 'text', (column) => column.notNull())
        .addColumn('origin', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('tool', 'text', (column) => column.notNull())
        .addColumn('accepted_hash', 'text')
        .addColumn('accepted_tool', 'text')
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('gone', 'integer', (column) => column.notNull())
        .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
        .addColumn('changed_at', 'bigint', (column) => column.notNull())
        .addColumn('accepted_at', 'bigint')
        .addColumn('accepted_by', 'text')
        .addPrimaryKeyConstraint('sources_tool_key', ['source_id', 'operation'])
        .execute();
      await moveFormerSources(db);
      await db.schema.dropTable('sources_source').execute();
    },
  },
];

type MigrationDb = Parameters<Migration['up']>[0];

/** What had been registered stays, and counts as accepted. */
async function moveFormerSources(transaction: MigrationDb): Promise<void> {
  const db = transaction.withTables<FormerTables & SourceTables>();
  for (const former of await db.selectFrom('sources_source').selectAll().execute()) {
    const definition = {
      slug: former.slug,
      name: former.name,
      sourceType: 'openapi',
      url: former.url,
      description: former.description ?? undefined,
      defaultAudience: former.default_audience ?? undefined,
      // What the old table's own code wrote.
      requiredScopes: JSON.parse(former.required_scopes) as string[],
      passthrough: former.passthrough,
      hints: {},
      review: 'auto',
      enabled: former.enabled === 1,
    };
    const state = { failures: 0, warnings: [], inventoryHash: former.inventory_hash };
    await db
      .insertInto('sources_registry')
      .values({
        id: former.id,
        slug: former.slug,
        definition: JSON.stringify(definition),
        state: JSON.stringify(state),
        document: null,
        revision: 1,
        sync_at: null,
        created_at: former.created_at,
        updated_at: former.updated_at,
        created_by: former.created_by,
      })
      .execute();
    for (const kept of JSON.parse(former.tools) as Tool[]) {
      const { hash: _hash, ...tool } = kept;
      const hash = hashJson(tool);
      await db
        .insertInto('sources_tool')
        .values({
          source_id: former.id,
          operation: tool.operationId,
          mcp_name: tool.mcpName,
          method: tool.method,
          path: tool.path,
          origin: tool.server === undefined ? '' : new URL(tool.server).origin,
          hash,
          tool: JSON.stringify({ ...tool, hash }),
          accepted_hash: hash,
          accepted_tool: null,
          enabled: 1,
          gone: 0,
          first_seen_at: former.created_at,
          changed_at: former.updated_at,
          accepted_at: former.created_at,
          accepted_by: former.created_by,
        })
        .execute();
    }
  }
}
