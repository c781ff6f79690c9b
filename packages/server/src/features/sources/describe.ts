import { describeAuth } from './auth.ts';
import { describeHead } from './kept-tool.ts';
import type { PendingTool } from './mark-tools.ts';
import type { SyncDiff } from './settle.ts';
import type { Source, ToolCounts } from './source.ts';

/** A source as the API shows it; member names as in seed 003. */
export function describeSource(
  source: Source,
  counts: ToolCounts | undefined,
  warnings: readonly string[] = [],
): Record<string, unknown> {
  const { lastSync } = source;
  return {
    id: source.id,
    slug: source.slug,
    name: source.name,
    url: source.url ?? null,
    source_type: source.sourceType,
    description: source.description ?? null,
    default_audience: source.defaultAudience ?? null,
    required_scopes: source.requiredScopes,
    passthrough: source.passthrough,
    auth: describeAuth(source),
    server_url: source.serverUrl ?? null,
    include: source.include ?? null,
    exclude: source.exclude ?? null,
    hints: source.hints,
    review: source.review,
    sync_interval: source.syncInterval ?? null,
    is_enabled: source.enabled,
    health_status: healthOf(source),
    inventory_count: counts?.inventory ?? 0,
    inventory_hash: source.inventoryHash,
    tool_counts: describeCounts(counts),
    last_sync_at: lastSync === undefined ? null : new Date(lastSync.at).toISOString(),
    last_sync_outcome: lastSync?.outcome ?? null,
    last_sync_error: lastSync?.detail ?? null,
    consecutive_failures: source.failures,
    warnings: [...warnings, ...source.warnings],
    created_at: new Date(source.createdAt).toISOString(),
    updated_at: new Date(source.updatedAt).toISOString(),
    created_by: source.createdBy,
  };
}

/** Seed 003's word for how the last syncs went; `GET …/health` asks the upstream itself. */
export function healthOf(source: Source): 'unknown' | 'healthy' | 'degraded' | 'unhealthy' {
  if (source.lastSync === undefined) return 'unknown';
  if (source.failures === 0) return 'healthy';
  return source.failures < 3 ? 'degraded' : 'unhealthy';
}

export function describeCounts(counts: ToolCounts | undefined): Record<string, number> {
  return {
    offered: counts?.offered ?? 0,
    disabled: counts?.disabled ?? 0,
    added: counts?.added ?? 0,
    changed: counts?.changed ?? 0,
    gone: counts?.gone ?? 0,
  };
}

export function describeDiff(diff: SyncDiff): Record<string, unknown> {
  return { added: diff.added, changed: diff.changed, removed: diff.removed, pending: diff.pending };
}

/** What waits, with both readings: what a person needs to decide. */
export function describePending(slug: string, pending: PendingTool): Record<string, unknown> {
  return {
    ...describeHead(slug, pending.head),
    changed_parts: pending.parts,
    accepted: pending.accepted ?? null,
    now: pending.now,
  };
}
