import { newId, ok, type Result, refuse } from '@keyturn/protocol';
import type { Changer } from '../../http/audit-actor.ts';
import { type NewSource, slugOf, textOfDocument } from './body.ts';
import type { SourceParts } from './parts.ts';
import { packDocument, readSource } from './read-source.ts';
import { eventOf } from './record.ts';
import type { SourceRefusal } from './refusals.ts';
import { keepSecret } from './secret.ts';
import { settleReading } from './settle.ts';
import type { Source } from './source.ts';
import { nextSync, policyOf } from './sync.ts';

/**
 * Reads the source, makes its tools and stores both; all of it or nothing. What is there at that moment is accepted by
 * whoever registers it.
 */
export async function registerSource(
  parts: SourceParts,
  body: NewSource,
  changer: Changer,
): Promise<Result<Source, SourceRefusal>> {
  const slug = slugOf(body);
  if ((await parts.repository.bySlug(slug)) !== undefined) return refuse({ why: 'slug-taken', slug });
  const now = parts.clock();
  const id = newId('src', parts.random);
  const described = {
    id,
    slug,
    name: body.name,
    sourceType: body.source_type,
    url: body.url,
    serverUrl: body.server_url,
    description: body.description,
    defaultAudience: audienceOf(body.default_audience),
    requiredScopes: body.required_scopes,
    passthrough: body.passthrough,
    auth: undefined,
    include: body.include,
    exclude: body.exclude,
    hints: body.hints,
    review: body.review,
    syncInterval: body.sync_interval ?? undefined,
    enabled: body.enabled,
    sealedSecret: undefined,
  } as const;
  const kept = keepSecret(parts.seal, undefined, described, body.auth);
  if (!kept.ok) return kept;
  const definition = { ...described, ...kept.value };
  const document = body.document === undefined ? undefined : textOfDocument(body.document);
  const reading = await readSource(parts, definition, { document, heads: [] });
  if (!reading.ok) return reading;
  const { tools, warnings, inventoryHash, readFrom } = reading.value;
  const settled = settleReading([], tools, { ...policyOf(definition), first: true });
  const source: Source = {
    ...definition,
    lastSync: { at: now, outcome: 'changed' },
    failures: 0,
    warnings,
    inventoryHash,
    readFrom,
    createdAt: now,
    updatedAt: now,
    createdBy: changer.actor.identity,
    revision: 1,
  };
  // Two registrations of one slug race for the unique index, and one loses here.
  const stored = await parts.repository.insert(source, {
    document: document === undefined ? undefined : await packDocument(document),
    settled,
    by: changer.actor.identity,
    syncAt: nextSync(parts, source, now),
    events: [eventOf(changer, 'registered', source, { slug, tools: tools.length, inventory_hash: inventoryHash })],
  });
  if (!stored) return refuse({ why: 'slug-taken', slug });
  await parts.changed();
  return ok(source);
}

/** Seed 003: an empty string and null both mean that there is no audience. */
export function audienceOf(given: string | null | undefined): string | undefined {
  return given === undefined || given === null || given === '' ? undefined : given;
}
