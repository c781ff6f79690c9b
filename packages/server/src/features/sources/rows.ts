import type { SourceId } from '@keyturn/protocol';
import type { Tool } from '@keyturn/tools';
import type { ToolHead } from './kept-tool.ts';
import type { Source, SourceDefinition, SourceState } from './source.ts';
import type { SourceRow, ToolRow } from './tables.ts';

/** Of a tool, without the two readings of it. */
export const headColumns = [
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

/** What decides whether a tool is offered. */
export function standingOf(row: Pick<ToolRow, 'hash' | 'accepted_hash' | 'enabled' | 'gone'>) {
  return {
    hash: row.hash,
    acceptedHash: row.accepted_hash ?? undefined,
    enabled: row.enabled === 1,
    gone: row.gone === 1,
  };
}

export function headOf(row: Pick<ToolRow, (typeof headColumns)[number]>): ToolHead {
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

/** Members in a fixed order, so that two definitions are the same exactly if their texts are. */
export function definitionText(source: SourceDefinition): string {
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

export function rowOf(source: Source): Omit<SourceRow, 'document' | 'sync_at'> {
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
export function sourceOf(row: SourceRow): Source {
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

export function readTool(text: string): Tool {
  return JSON.parse(text) as Tool;
}
