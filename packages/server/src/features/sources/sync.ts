import { ok, type Result, refuse } from '@keyturn/protocol';
import type { Changer } from '../../http/audit-actor.ts';
import { isPending, type ToolHead } from './kept-tool.ts';
import type { SourceParts } from './parts.ts';
import { readSource, unpackDocument } from './read-source.ts';
import { eventOf, factsOf } from './record.ts';
import { explainSourceRefusal, type SourceRefusal } from './refusals.ts';
import { type Settled, settleReading, type SyncDiff } from './settle.ts';
import type { Source } from './source.ts';

export interface Synced {
  readonly source: Source;
  readonly diff: SyncDiff;
}

/**
 * Reads a source again and takes over what is new, by the source's policy. A document that cannot be read or used
 * disturbs nothing that is there; that it could not is kept with the source. With `dryRun` nothing is stored. A document that
 * is still the one that was read (its ETag says so) leaves all as it is, unless `force` has it read all the same.
 */
export async function syncSource(
  parts: SourceParts,
  id: string,
  changer: Changer,
  options: { readonly dryRun?: boolean; readonly force?: boolean | undefined } = {},
): Promise<Result<Synced, SourceRefusal>> {
  // Whoever accepts a tool or changes the source during the reading wins, and what was read is compared anew.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const before = await parts.repository.byId(id);
    if (before === undefined) return refuse({ why: 'unknown-source' });
    const heads = await parts.repository.heads(id);
    const packed = await parts.repository.document(id);
    const document = packed === undefined ? undefined : await unpackDocument(packed);
    const etag = options.force === true ? undefined : etagOf(parts, before, heads);
    const reading = await readSource(parts, before, { document, heads, etag });
    if (etag !== undefined && isNotModified(reading)) {
      const diff: SyncDiff = { added: [], changed: [], removed: [], pending: [] };
      const source = options.dryRun === true ? before : await noteUnchanged(parts, before, changer);
      if (source !== undefined) return ok({ source, diff });
      continue;
    }
    if (!reading.ok) {
      if (options.dryRun !== true) await noteFailure(parts, before, changer, reading.refusal);
      return reading;
    }
    const settled = settleReading(heads, reading.value.tools, policyOf(before));
    if (options.dryRun === true) return ok({ source: before, diff: settled.diff });
    const now = parts.clock();
    const after: Source = {
      ...before,
      lastSync: { at: now, outcome: hasChanged(settled) ? 'changed' : 'unchanged' },
      failures: 0,
      warnings: reading.value.warnings,
      inventoryHash: reading.value.inventoryHash,
      readFrom: reading.value.readFrom,
      updatedAt: hasChanged(settled) ? now : before.updatedAt,
    };
    const stored = await parts.repository.change({
      before,
      after,
      settled,
      by: changer.actor.identity,
      syncAt: nextSync(parts, after, now),
      events: hasChanged(settled) ? [eventOf(changer, 'synced', after, factsOf(settled.diff))] : [],
    });
    if (!stored) continue;
    if (hasChanged(settled)) await parts.changed();
    return ok({ source: after, diff: settled.diff });
  }
  return refuse({ why: 'changed-meanwhile' });
}

/** What may be accepted without a person. */
export function policyOf(source: Pick<Source, 'review' | 'serverUrl' | 'url'>): Parameters<typeof settleReading>[2] {
  return {
    review: source.review,
    first: false,
    serverGiven: source.serverUrl !== undefined,
    origin: source.url === undefined ? undefined : new URL(source.url).origin,
  };
}

export function hasChanged(settled: Settled): boolean {
  return settled.inserts.length + settled.updates.length + settled.gone.length > 0;
}

/** When the timer reads a source again. An upload has nothing to be read again; after failures it waits longer. */
export function nextSync(
  { resyncInterval }: Pick<SourceParts, 'resyncInterval'>,
  source: Source,
  now: number,
): number | undefined {
  const interval = source.syncInterval ?? resyncInterval;
  if (interval === 0 || source.url === undefined || !source.enabled) return undefined;
  return now + interval * 1000 * 2 ** Math.min(source.failures, 5);
}

/**
 * By which a document is asked for only if it has changed. Not where tools wait for a person: another policy may take
 * them over; nor where another version of Keyturn has read it.
 */
function etagOf(parts: SourceParts, { readFrom }: Source, heads: readonly ToolHead[]): string | undefined {
  return readFrom?.by === parts.version && !heads.some(isPending) ? readFrom.etag : undefined;
}

function isNotModified(reading: Result<unknown, SourceRefusal>): boolean {
  return !reading.ok && reading.refusal.why === 'document-status' && reading.refusal.status === 304;
}

/** Undefined where the source is another by now. */
async function noteUnchanged(parts: SourceParts, before: Source, changer: Changer): Promise<Source | undefined> {
  const now = parts.clock();
  const after: Source = { ...before, lastSync: { at: now, outcome: 'unchanged' }, failures: 0 };
  const stored = await parts.repository.change({
    before,
    after,
    by: changer.actor.identity,
    syncAt: nextSync(parts, after, now),
    events: [],
  });
  return stored ? after : undefined;
}

async function noteFailure(
  parts: SourceParts,
  before: Source,
  changer: Changer,
  refusal: SourceRefusal,
): Promise<void> {
  const now = parts.clock();
  const { code, detail } = explainSourceRefusal(refusal);
  const after: Source = {
    ...before,
    lastSync: { at: now, outcome: 'failed', code, detail: detail.slice(0, 1000) },
    failures: before.failures + 1,
  };
  await parts.repository.change({
    before,
    after,
    by: changer.actor.identity,
    syncAt: nextSync(parts, after, now),
    // The first failure is news; the same one every hour is not.
    events:
      before.lastSync?.outcome === 'failed'
        ? []
        : [{ ...eventOf(changer, 'synced', after, {}), outcome: 'failed', reason: code }],
  });
}
