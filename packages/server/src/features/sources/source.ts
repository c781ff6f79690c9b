import type { SourceId } from '@keyturn/protocol';
import type { Tool } from '@keyturn/tools';
import { z } from 'zod';

/** An upstream API whose operations are tools. Names as in seed 003. */
export interface Source {
  readonly id: SourceId;
  /** First half of its tools' ids; unique. */
  readonly slug: string;
  readonly name: string;
  /** Where its OpenAPI document was fetched. */
  readonly url: string;
  readonly sourceType: 'openapi';
  readonly description: string | undefined;
  /** The upstream's client id at the identity provider; the caller's token is exchanged for it. Undefined: see passthrough. */
  readonly defaultAudience: string | undefined;
  readonly requiredScopes: readonly string[];
  /** Whether the caller's own token may be sent to it where there is no audience. Needs tools.allowPassthrough too. */
  readonly passthrough: 'forbidden' | 'allowed';
  readonly enabled: boolean;
  readonly tools: readonly Tool[];
  /** SHA-256 over the tools; changes when the upstream's document does. */
  readonly inventoryHash: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdBy: string;
}

const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/, 'use 1 to 48 of a-z, 0-9 and hyphens, no hyphen at either end');
const name = z.string().trim().min(1).max(100);
/** Whether a URL carries what looks like a credential, by its user part or the names in its query. */
function carriesSecret(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, searchParams } = new URL(text);
  const named = /token|secret|passw|credential|signature|^sig$|api[-_]?key|^key$|^auth/i;
  return username !== '' || password !== '' || [...searchParams.keys()].some((name) => named.test(name));
}

const audience = z
  .string()
  .max(255)
  .regex(/^[\x21-\x7e]*$/, 'an audience is printable ASCII without spaces')
  .nullable();
const scopes = z
  .array(
    z
      .string()
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'not a scope (RFC 6749 §3.3)')
      .max(100),
  )
  .max(50);
const passthrough = z.enum(['forbidden', 'allowed']);
const description = z.string().max(1000);

/** The body of POST /api/v1/sources. */
export const newSourceSchema = z.strictObject({
  name,
  url: z
    .url({ protocol: /^https?$/, error: 'use an http or https URL of an OpenAPI document' })
    .max(2000)
    .refine((text) => !carriesSecret(text), {
      error:
        'every caller can read this URL, so it must hold no user, token, key or password; serve the document without',
    })
    .transform((text) => text.replace(/#.*$/s, '')),
  source_type: z.literal('openapi', { error: 'only "openapi" is understood' }).default('openapi'),
  slug: slug.optional(),
  description: description.optional(),
  default_audience: audience.optional(),
  required_scopes: scopes.default([]),
  passthrough: passthrough.default('forbidden'),
});
export type NewSource = z.infer<typeof newSourceSchema>;

/** The body of PATCH /api/v1/sources/{id}: what is absent stays. */
export const sourcePatchSchema = z
  .strictObject({
    name: name.optional(),
    description: description.optional(),
    default_audience: audience.optional(),
    required_scopes: scopes.optional(),
    passthrough: passthrough.optional(),
    enabled: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one member to change');
export type SourcePatch = z.infer<typeof sourcePatchSchema>;

/** The slug of a source: the given one, else its audience, else its name (SEAMS: source and tool names). */
export function slugOf(source: Pick<NewSource, 'slug' | 'default_audience' | 'name'>): string {
  if (source.slug !== undefined) return source.slug;
  const from = source.default_audience === null || source.default_audience === '' ? undefined : source.default_audience;
  const text = (from ?? source.name)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 48)
    .replaceAll(/^-+|-+$/g, '');
  return text === '' ? 'source' : text;
}

/** A source as the API shows it; member names as in seed 003. */
export function describeSource(source: Source): Record<string, unknown> {
  return {
    id: source.id,
    slug: source.slug,
    name: source.name,
    url: source.url,
    source_type: source.sourceType,
    description: source.description ?? null,
    default_audience: source.defaultAudience ?? null,
    required_scopes: source.requiredScopes,
    passthrough: source.passthrough,
    is_enabled: source.enabled,
    inventory_count: source.tools.length,
    inventory_hash: source.inventoryHash,
    created_at: new Date(source.createdAt).toISOString(),
    updated_at: new Date(source.updatedAt).toISOString(),
    created_by: source.createdBy,
  };
}
