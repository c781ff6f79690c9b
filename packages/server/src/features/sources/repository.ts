import type { SourceId } from '@keyturn/protocol';
import type { AuditEvent, Store, Tx } from '@keyturn/store';
import type { Tool } from '@keyturn/tools';
import { countTools, type ToolHead } from './kept-tool.ts';
import type { ReadTool, Settled } from './settle.ts';
import type { Source, SourceDefinition, SourceState, ToolCounts } from './source.ts';
import type { SourceRow, SourceTables, ToolRow } from './tables.ts';

/** The channel on which replicas hear that sources have changed. */
export const sourcesChannel = 'keyturn_sources';

/** A change of one source, with the audit row that goes with it, or neither. */
export interface SourceChange {
  readonly before: Source;
  readonly after: Source;
  /** An uploaded document; undefined leaves what is there. */
  readonly document?: string | undefined;
  /** What a reading did to the tools, and who is noted as having accepted what it accepts. */
  readonly settled?: Settled | undefined;
  readonly by: string;
  /** When the next re-sync by timer is due; undefined: never. */
  readonly syncAt: number | undefined;
  readonly events: readonly AuditEvent[];
}

/**
 * Where sources and their tools are kept. Each change is one transaction with its audit rows, and tells every replica on
 * `sourcesChannel` when it commits, except where nothing changed that a caller could see.
 */
export interface SourceRepository {
  /** By slug, so that every replica lists them alike. */
  readonly all: () => Promise<readonly Source[]>;
  readonly byId: (id: string) => Promise<Source | undefined>;
  readonly bySlug: (slug: string) => Promise<Source | undefined>;
  readonly counts: () => Promise<ReadonlyMap<string, ToolCounts>>;
  /** By operation id, the gone ones among them. */
  readonly heads: (id: string) => Promise<readonly ToolHead[]>;
  /** One tool as the source has it, and as it was accepted. */
  readonly tool: (id: string, operation: string) => Promise<KeptTool | undefined>;
  /** The tools that are offered, read in slices: the event loop is not held by a large source. */
  readonly offered: (id: string) => Promise<readonly Tool[]>;
  readonly document: (id: string) => Promise<string | undefined>;
  /** False when the slug is taken. */
  readonly insert: (source: Source, change: Omit<SourceChange, 'before' | 'after'>) => Promise<boolean>;
  /** False when the source is no longer as it was in `before`: removed, or changed by another meanwhile. */
  readonly change: (change: SourceChange) => Promise<boolean>;
  /** Changes what is said of some tools; `gone` ones are never among them. False when there is no such source. */
  readonly mark: (id: string, marks: readonly ToolMark[], event: AuditEvent) => Promise<boolean>;
  readonly remove: (id: string, event: AuditEvent) => Promise<boolean>;
  /** Sources whose re-sync is due, each taken for `lease` milliseconds so that no other replica takes it too. */
  readonly takeDue: (now: number, lease: number) => Promise<readonly string[]>;
  /** For sources that have no date yet, such as those from before there was a timer. */
  readonly scheduleMissing: (syncAt: (source: Source) => number | undefined) => Promise<void>;
}

export interface KeptTool {
  readonly head: ToolHead;
  readonly tool: Tool;
  readonly accepted: Tool | undefined;
}

/** What a person says of one tool. With `accept` it is offered as the source has it now. */
export interface ToolMark {
  readonly operation: string;
  readonly enabled?: boolean;
  /** Only while the tool still has this hash: what is accepted is what was looked at. */
  readonly accept?: { readonly hash: string; readonly at: number; readonly by: string };
}

const slice = 200;

export function openSourceRepository(store: Store): SourceRepository {
  const db = store.db.withTables<SourceTables>();
  const find = async (column: 'id' | 'slug', value: string): Promise<Source | undefined> => {
    const row = await db.selectFrom('sources_registry').selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? undefined : sourceOf(row);
  };
  return {
    async all() {
      const rows = await db.selectFrom('sources_registry').selectAll().orderBy('slug').execute();
      return rows.map(sourceOf);
    },
    byId: (id) => find('id', id),
    bySlug: (slug) => find('slug', slug),
    async counts() {
      const rows = await db
        .selectFrom('sources_tool')
        .select(['source_id', 'hash', 'accepted_hash', 'enabled', 'gone'])
        .execute();
      const bySource = Map.groupBy(rows, (row) => row.source_id);
      return new Map([...bySource].map(([id, tools]) => [id, countTools(tools.map(standingOf))]));
    },
    async heads(id) {
      const rows = await db
        .selectFrom('sources_tool')
        .select(headColumns)
        .where('source_id', '=', id)
        .orderBy('operation')
        .execute();
      return rows.map(headOf);
    },
    async tool(id, operation) {
      const row = await db
        .selectFrom('sources_tool')
        .selectAll()
        .where('source_id', '=', id)
        .where('operation', '=', operation)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const tool = readTool(row.tool);
      const accepted = row.accepted_tool === null ? undefined : readTool(row.accepted_tool);
      return { head: headOf(row), tool, accepted: row.accepted_hash === row.hash ? tool : accepted };
    },
    async offered(id) {
      const tools: Tool[] = [];
      for (let after = ''; ; ) {
        const rows = await db
          .selectFrom('sources_tool')
          .select(['operation', 'tool'])
          .where('source_id', '=', id)
          .where('operation', '>', after)
          .where('enabled', '=', 1)
          .where('gone', '=', 0)
          .whereRef('accepted_hash', '=', 'hash')
          .orderBy('operation')
          .limit(slice)
          .execute();
        for (const row of rows) tools.push(readTool(row.tool));
        const last = rows.at(-1);
        if (last === undefined || rows.length < slice) return tools;
        after = last.operation;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async document(id) {
      const row = await db.selectFrom('sources_registry').select('document').where('id', '=', id).executeTakeFirst();
      return row?.document ?? undefined;
    },
    insert: (source, { document, settled, by, syncAt, events }) =>
      store.transaction(async (tx) => {
        const inserted = await tx.db
          .withTables<SourceTables>()
          .insertInto('sources_registry')
          .values({ ...rowOf(source), document: document ?? null, sync_at: syncAt ?? null })
          .onConflict((conflict) => conflict.column('slug').doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows !== 1n) return false;
        if (settled !== undefined) await writeSettled(tx, source, settled, by);
        for (const event of events) tx.audit(event);
        await tx.notify(sourcesChannel, source.id);
        return true;
      }),
    change: ({ before, after, document, settled, by, syncAt, events }) =>
      store.transaction(async (tx) => {
        const { definition, state, updated_at } = rowOf(after);
        const isVisible = definition !== definitionText(before) || hasWork(settled);
        const updated = await tx.db
          .withTables<SourceTables>()
          .updateTable('sources_registry')
          .set((eb) => ({
            definition,
            state,
            updated_at,
            sync_at: syncAt ?? null,
            ...(isVisible ? { revision: eb('revision', '+', 1) } : {}),
            ...(document === undefined ? {} : { document }),
          }))
          .where('id', '=', before.id)
          // Tools were compared as they stood at this revision; whoever came in between has changed it.
          .where('revision', '=', before.revision)
          .executeTakeFirst();
        if (updated.numUpdatedRows !== 1n) return false;
        if (settled !== undefined) await writeSettled(tx, after, settled, by);
        for (const event of events) tx.audit(event);
        if (isVisible) await tx.notify(sourcesChannel, after.id);
        return true;
      }),
    mark: (id, marks, event) =>
      store.transaction(async (tx) => {
        const tables = tx.db.withTables<SourceTables>();
        const updated = await tables
          .updateTable('sources_registry')
          .set((eb) => ({ revision: eb('revision', '+', 1) }))
          .where('id', '=', id)
          .executeTakeFirst();
        if (updated.numUpdatedRows !== 1n) return false;
        for (const { operation, enabled, accept } of marks) {
          const one = tables.updateTable('sources_tool').where('source_id', '=', id).where('operation', '=', operation);
          if (enabled !== undefined) await one.set({ enabled: enabled ? 1 : 0 }).execute();
          if (accept === undefined) continue;
          const { hash, at, by } = accept;
          await one
            .set({ accepted_hash: hash, accepted_tool: null, accepted_at: at, accepted_by: by })
            .where('hash', '=', hash)
            .where('gone', '=', 0)
            .execute();
        }
        tx.audit(event);
        await tx.notify(sourcesChannel, id);
        return true;
      }),
    remove: (id, event) =>
      store.transaction(async (tx) => {
        const tables = tx.db.withTables<SourceTables>();
        await tables.deleteFrom('sources_tool').where('source_id', '=', id).execute();
        const removed = await tables.deleteFrom('sources_registry').where('id', '=', id).executeTakeFirst();
        if (removed.numDeletedRows !== 1n) return false;
        tx.audit(event);
        await tx.notify(sourcesChannel, id);
        return true;
      }),
    takeDue: (now, lease) =>
      store.transaction(async (tx) => {
        const taken = await tx.db
          .withTables<SourceTables>()
          .updateTable('sources_registry')
          .set({ sync_at: now + lease })
          .where('sync_at', '<=', now)
          .returning('id')
          .execute();
        return taken.map(({ id }) => id);
      }),
    async scheduleMissing(syncAt) {
      const rows = await db.selectFrom('sources_registry').selectAll().where('sync_at', 'is', null).execute();
      for (const row of rows) {
        const at = syncAt(sourceOf(row));
        if (at === undefined) continue;
        await db
          .updateTable('sources_registry')
          .set({ sync_at: at })
          .where('id', '=', row.id)
          .where('sync_at', 'is', null)
          .execute();
      }
    },
  };
}

function hasWork(settled: Settled | undefined): boolean {
  return settled !== undefined && settled.inserts.length + settled.updates.length + settled.gone.length > 0;
}

async function writeSettled(tx: Tx, source: Source, settled: Settled, by: string): Promise<void> {
  const db = tx.db.withTables<SourceTables>();
  const at = source.updatedAt;
  const acceptance = (read: ReadTool, accepted: boolean) =>
    accepted ? { accepted_hash: read.hash, accepted_tool: null, accepted_at: at, accepted_by: by } : {};
  const partsOf = ({ mcpName, method, path, origin, hash, json }: ReadTool) => ({
    mcp_name: mcpName,
    method,
    path,
    origin,
    hash,
    tool: json,
  });
  const rows = settled.inserts.map(
    ({ read, accepted }): ToolRow => ({
      source_id: source.id,
      operation: read.operation,
      ...partsOf(read),
      accepted_hash: null,
      accepted_tool: null,
      enabled: 1,
      gone: 0,
      first_seen_at: at,
      changed_at: at,
      accepted_at: null,
      accepted_by: null,
      ...acceptance(read, accepted),
    }),
  );
  for (let from = 0; from < rows.length; from += 50) {
    await db
      .insertInto('sources_tool')
      .values(rows.slice(from, from + 50))
      .execute();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { head, read, accepted } of settled.updates) {
    const isOther = head.hash !== read.hash;
    await db
      .updateTable('sources_tool')
      .set((eb) => ({
        ...partsOf(read),
        gone: 0,
        ...(isOther ? { changed_at: at } : {}),
        // The reading that was accepted is kept while another waits, so that the two can be compared.
        ...(isOther && head.acceptedHash === head.hash ? { accepted_tool: eb.ref('tool') } : {}),
        ...acceptance(read, accepted && head.acceptedHash !== read.hash),
        ...(accepted ? { accepted_tool: null } : {}),
      }))
      .where('source_id', '=', source.id)
      .where('operation', '=', head.operation)
      .execute();
  }
  for (const { operation } of settled.gone) {
    await db
      .updateTable('sources_tool')
      .set({ gone: 1, changed_at: at })
      .where('source_id', '=', source.id)
      .where('operation', '=', operation)
      .execute();
  }
}

const headColumns = [
  'operation',
  'mcp_name',
  'method',
  'path',
  'origin',
  'hash',
  'accepted_hash',
  'enabled',
  'gone',
  'first_seen_at',
  'changed_at',
  'accepted_at',
  'accepted_by',
] as const;

function standingOf(row: Pick<ToolRow, 'hash' | 'accepted_hash' | 'enabled' | 'gone'>) {
  return {
    hash: row.hash,
    acceptedHash: row.accepted_hash ?? undefined,
    enabled: row.enabled === 1,
    gone: row.gone === 1,
  };
}

function headOf(row: Pick<ToolRow, (typeof headColumns)[number]>): ToolHead {
  return {
    ...standingOf(row),
    operation: row.operation,
    mcpName: row.mcp_name,
    method: row.method,
    path: row.path,
    origin: row.origin,
    firstSeenAt: row.first_seen_at,
    changedAt: row.changed_at,
    acceptedAt: row.accepted_at ?? undefined,
    acceptedBy: row.accepted_by ?? undefined,
  };
}

function definitionText(source: SourceDefinition): string {
  const definition: SourceDefinition = {
    slug: source.slug,
    name: source.name,
    sourceType: source.sourceType,
    url: source.url,
    serverUrl: source.serverUrl,
    description: source.description,
    defaultAudience: source.defaultAudience,
    requiredScopes: source.requiredScopes,
    passthrough: source.passthrough,
    auth: source.auth,
    include: source.include,
    exclude: source.exclude,
    hints: source.hints,
    review: source.review,
    syncInterval: source.syncInterval,
    enabled: source.enabled,
    sealedSecret: source.sealedSecret,
  };
  return JSON.stringify(definition);
}

function rowOf(source: Source): Omit<SourceRow, 'document' | 'sync_at'> {
  const state: SourceState = {
    lastSync: source.lastSync,
    failures: source.failures,
    warnings: source.warnings,
    inventoryHash: source.inventoryHash,
    readFrom: source.readFrom,
  };
  return {
    id: source.id,
    slug: source.slug,
    definition: definitionText(source),
    state: JSON.stringify(state),
    revision: source.revision,
    created_at: source.createdAt,
    updated_at: source.updatedAt,
    created_by: source.createdBy,
  };
}

/** What this file wrote is read back as it was; the casts here and below name those shapes. */
function sourceOf(row: SourceRow): Source {
  const definition = JSON.parse(row.definition) as SourceDefinition;
  const state = JSON.parse(row.state) as SourceState;
  return {
    ...definition,
    ...state,
    id: row.id as SourceId,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
    revision: row.revision,
  };
}

function readTool(text: string): Tool {
  return JSON.parse(text) as Tool;
}
