import type { GuardedFetch } from '@keyturn/net';
import { type Bytes, type Clock, newId, ok, type Random, type Result, refuse } from '@keyturn/protocol';
import { buildTools, hashJson, parseDocument, type Tool } from '@keyturn/tools';
import type { SourceRefusal } from './refusals.ts';
import type { SourceRepository } from './repository.ts';
import { type NewSource, type Source, type SourcePatch, slugOf } from './source.ts';

/** What the rules of this feature need from outside. */
export interface SourceParts {
  readonly repository: SourceRepository;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes of the largest document that is read. */
  readonly documentLimit: Bytes;
  /** Called after a source has changed: this replica's catalogue is read again before the answer leaves. */
  readonly changed: () => Promise<void>;
}

/** Fetches the document, makes its tools and stores the source; all of it or nothing. */
export async function registerSource(
  parts: SourceParts,
  body: NewSource,
  createdBy: string,
): Promise<Result<Source, SourceRefusal>> {
  const slug = slugOf(body);
  if ((await parts.repository.bySlug(slug)) !== undefined) return refuse({ why: 'slug-taken', slug });
  const inventory = await readInventory(parts, body.url, slug);
  if (!inventory.ok) return inventory;
  const now = parts.clock();
  const source: Source = {
    id: newId('src', parts.random),
    slug,
    name: body.name,
    url: body.url,
    sourceType: body.source_type,
    description: body.description,
    defaultAudience: audienceOf(body.default_audience),
    requiredScopes: body.required_scopes,
    passthrough: body.passthrough,
    enabled: true,
    ...inventory.value,
    createdAt: now,
    updatedAt: now,
    createdBy,
  };
  // Two registrations of one slug race for the unique index, and one loses here.
  const stored = await parts.repository.insert(source);
  if (!stored) return refuse({ why: 'slug-taken', slug });
  await parts.changed();
  return ok(source);
}

/** Changes the named members; an empty or null default_audience takes the audience away. */
export async function patchSource(
  parts: SourceParts,
  id: string,
  patch: SourcePatch,
): Promise<Result<Source, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  const next: Source = {
    ...source,
    name: patch.name ?? source.name,
    description: patch.description ?? source.description,
    defaultAudience: patch.default_audience === undefined ? source.defaultAudience : audienceOf(patch.default_audience),
    requiredScopes: patch.required_scopes ?? source.requiredScopes,
    passthrough: patch.passthrough ?? source.passthrough,
    enabled: patch.enabled ?? source.enabled,
    updatedAt: parts.clock(),
  };
  if (!(await parts.repository.update(next))) return refuse({ why: 'unknown-source' });
  await parts.changed();
  return ok(next);
}

/** Fetches the document again; a bad one disturbs nothing that is there. */
export async function refreshSource(parts: SourceParts, id: string): Promise<Result<Source, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  const inventory = await readInventory(parts, source.url, source.slug);
  if (!inventory.ok) return inventory;
  const next: Source = { ...source, ...inventory.value, updatedAt: parts.clock() };
  if (!(await parts.repository.update(next))) return refuse({ why: 'unknown-source' });
  await parts.changed();
  return ok(next);
}

export async function removeSource(parts: SourceParts, id: string): Promise<Result<undefined, SourceRefusal>> {
  if (!(await parts.repository.remove(id))) return refuse({ why: 'unknown-source' });
  await parts.changed();
  return ok(undefined);
}

/** Seed 003: an empty string and null both mean that there is no audience. */
function audienceOf(given: string | null | undefined): string | undefined {
  return given === undefined || given === null || given === '' ? undefined : given;
}

async function readInventory(
  parts: SourceParts,
  url: string,
  slug: string,
): Promise<Result<{ readonly tools: readonly Tool[]; readonly inventoryHash: string }, SourceRefusal>> {
  const fetched = await parts.fetch(url, {
    headers: { accept: 'application/json, application/yaml;q=0.9, */*;q=0.1' },
    maxBytes: parts.documentLimit,
  });
  if (!fetched.ok) return refuse({ why: 'document-unreachable', url, refusal: fetched.refusal });
  if (fetched.value.status !== 200) return refuse({ why: 'document-status', url, status: fetched.value.status });
  const contentType = fetched.value.headers.get('content-type');
  const document = await parseDocument({
    text: fetched.value.text(),
    location: fetched.value.url,
    fetch: parts.fetch,
    ...(contentType === null ? {} : { contentType }),
  });
  if (!document.ok) return refuse({ why: 'document-invalid', refusal: document.refusal });
  const tools = buildTools(document.value, { sourceSlug: slug });
  if (tools.length === 0) return refuse({ why: 'no-operations' });
  return ok({ tools, inventoryHash: hashJson(tools.map((tool) => tool.hash)) });
}
