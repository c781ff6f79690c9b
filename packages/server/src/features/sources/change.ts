import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { Changer } from '../../http/audit-actor.ts';
import { type SourcePatch, textOfDocument } from './body.ts';
import type { SourceParts } from './parts.ts';
import { packDocument, type Reading, readSource, unpackDocument } from './read-source.ts';
import { eventOf, factsOf } from './record.ts';
import type { SourceRefusal } from './refusals.ts';
import { audienceOf } from './register.ts';
import { keepSecret } from './secret.ts';
import { settleReading } from './settle.ts';
import type { Source, SourceDefinition } from './source.ts';
import { nextSync, policyOf } from './sync.ts';

/**
 * Changes the named members. Another URL, document or selection means that the source is read anew, and what comes of
 * that is judged as in a re-sync; if it cannot be read, nothing changes.
 */
export async function changeSource(
  parts: SourceParts,
  id: string,
  patch: SourcePatch,
  changer: Changer,
  given: { readonly document?: string | JsonObject; readonly reason?: string | undefined } = {},
): Promise<Result<Source, SourceRefusal>> {
  const before = await parts.repository.byId(id);
  if (before === undefined) return refuse({ why: 'unknown-source' });
  const patched = { ...before, ...applyPatch(before, patch) };
  const kept = keepSecret(parts.seal, before, patched, patch.auth);
  if (!kept.ok) return kept;
  const wanted: Source = { ...patched, ...kept.value };

  const packed = await parts.repository.document(id);
  if (packed !== undefined && patch.url !== undefined) {
    return refuse({ why: 'no-document', message: 'This source was uploaded. Register one with a URL instead.' });
  }
  const document = given.document === undefined ? undefined : textOfDocument(given.document);
  let reading: Reading | undefined;
  const heads = await parts.repository.heads(id);
  if (document !== undefined || isReadAnew(before, wanted)) {
    const text = document ?? (packed === undefined ? undefined : await unpackDocument(packed));
    const read = await readSource(parts, wanted, { document: text, heads });
    if (!read.ok) return read;
    reading = read.value;
  }
  const settled = reading === undefined ? undefined : settleReading(heads, reading.tools, policyOf(wanted));
  const now = parts.clock();
  const after: Source = {
    ...wanted,
    ...(reading === undefined
      ? {}
      : {
          lastSync: { at: now, outcome: 'changed' },
          failures: 0,
          warnings: reading.warnings,
          inventoryHash: reading.inventoryHash,
          readFrom: reading.readFrom,
        }),
    updatedAt: now,
  };
  const stored = await parts.repository.change({
    before,
    after,
    document: document === undefined ? undefined : await packDocument(document),
    settled,
    by: changer.actor.identity,
    syncAt: nextSync(parts, after, now),
    events: [
      eventOf(changer, 'changed', after, {
        members: [...Object.keys(patch), ...(document === undefined ? [] : ['document'])],
        ...(settled === undefined ? {} : { tools: factsOf(settled.diff) }),
        ...(given.reason === undefined ? {} : { reason: given.reason }),
      }),
    ],
  });
  if (!stored) return refuse({ why: 'changed-meanwhile' });
  await parts.changed();
  return ok({ ...after, revision: before.revision + 1 });
}

/** Puts a new document in the place of the uploaded one. */
export async function uploadDocument(
  parts: SourceParts,
  id: string,
  document: string | JsonObject,
  changer: Changer,
): Promise<Result<Source, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  if ((await parts.repository.document(id)) === undefined) {
    return refuse({ why: 'no-document', message: 'This source is read from its URL: POST …/refresh reads it again.' });
  }
  return changeSource(parts, id, {}, changer, { document });
}

export async function removeSource(
  parts: SourceParts,
  id: string,
  changer: Changer,
): Promise<Result<undefined, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  const removed = await parts.repository.remove(id, eventOf(changer, 'removed', source, { slug: source.slug }));
  if (!removed) return refuse({ why: 'unknown-source' });
  await parts.changed();
  return ok(undefined);
}

function isReadAnew(before: SourceDefinition, after: SourceDefinition): boolean {
  const partsOf = ({ url, include, exclude }: SourceDefinition) => JSON.stringify([url, include, exclude]);
  return partsOf(before) !== partsOf(after);
}

/** Null takes away, undefined leaves. */
function applyPatch(before: SourceDefinition, patch: SourcePatch): SourceDefinition {
  const orStay = <Value>(given: Value | null | undefined, stays: Value | undefined): Value | undefined =>
    given === undefined ? stays : (given ?? undefined);
  return {
    ...before,
    name: patch.name ?? before.name,
    url: patch.url ?? before.url,
    serverUrl: orStay(patch.server_url, before.serverUrl),
    description: orStay(patch.description, before.description),
    defaultAudience: patch.default_audience === undefined ? before.defaultAudience : audienceOf(patch.default_audience),
    requiredScopes: patch.required_scopes ?? before.requiredScopes,
    passthrough: patch.passthrough ?? before.passthrough,
    include: orStay(patch.include, before.include),
    exclude: orStay(patch.exclude, before.exclude),
    hints: patch.hints ?? before.hints,
    review: patch.review ?? before.review,
    syncInterval: orStay(patch.sync_interval, before.syncInterval),
    enabled: patch.enabled ?? before.enabled,
  };
}
