import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { z } from 'zod';
import { authSchema } from './auth.ts';

/** The bodies of the source API. Names as in seed 003; what the seed does not have is Keyturn's own. */

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

const url = z
  .url({ protocol: /^https?$/, error: 'use an http or https URL' })
  .max(2000)
  .refine((text) => !carriesSecret(text), {
    error: 'every caller can read this URL, so it must hold no user, token, key or password; see the member auth',
  })
  .transform((text) => text.replace(/#.*$/s, ''));
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
const texts = z.array(z.string().min(1).max(500)).min(1).max(200);
const selectors = z
  .array(
    z
      .strictObject({
        tags: texts.exactOptional(),
        methods: texts.exactOptional(),
        paths: texts.exactOptional(),
        operations: texts.exactOptional(),
      })
      .refine((selector) => Object.keys(selector).length > 0, 'name tags, methods, paths or operations'),
  )
  .max(100);
const hints = z
  .record(
    z.string().min(1).max(300),
    z.strictObject({
      readOnly: z.boolean().exactOptional(),
      destructive: z.boolean().exactOptional(),
      idempotent: z.boolean().exactOptional(),
    }),
  )
  .refine((byOperation) => Object.keys(byOperation).length <= 5000, 'at most 5000');
const review = z.enum(['auto', 'review']);
const syncInterval = z
  .int()
  .min(0)
  .max(86_400 * 30)
  .refine((seconds) => seconds === 0 || seconds >= 30, 'is 0 (never) or at least 30 s')
  .nullable();

/** An OpenAPI document itself: its text (JSON or YAML), or the JSON as an object. */
const document = z.union([z.string().min(1), z.custom<JsonObject>((value) => isJsonObject(value))], {
  error: 'give the text of the document, or the document as an object',
});

/** The body of POST /api/v1/sources. */
export const newSourceSchema = z
  .strictObject({
    name,
    url: url.optional(),
    document: document.optional(),
    source_type: z.enum(['openapi', 'mcp'], { error: 'use "openapi" or "mcp"' }).default('openapi'),
    slug: slug.optional(),
    description: description.optional(),
    default_audience: audience.optional(),
    required_scopes: scopes.default([]),
    passthrough: passthrough.default('forbidden'),
    auth: authSchema.optional(),
    server_url: url.optional(),
    include: selectors.optional(),
    exclude: selectors.optional(),
    hints: hints.default({}),
    review: review.default('auto'),
    sync_interval: syncInterval.optional(),
    enabled: z.boolean().default(true),
  })
  .superRefine((source, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (source.url === undefined && source.document === undefined) {
      fault('url', 'give the URL of the document, or the document itself as the member document');
    }
    if (source.source_type === 'mcp') {
      if (source.url === undefined) fault('url', 'an MCP server has a URL');
      if (source.document !== undefined) fault('document', 'an MCP server has no document');
      if (source.server_url !== undefined) fault('server_url', 'an MCP server is called at its URL');
    }
    if (source.auth?.kind === 'exchange' && !source.default_audience) {
      fault('default_audience', 'an exchange is for an audience: the upstream’s client id');
    }
    if (
      (source.auth?.kind === 'api-key' || (source.auth?.kind === 'client-credentials' && source.auth.client_id)) &&
      source.auth.secret === undefined
    ) {
      context.addIssue({ code: 'custom', path: ['auth', 'secret'], message: 'is needed' });
    }
  });
export type NewSource = z.infer<typeof newSourceSchema>;

/** The body of PATCH /api/v1/sources/{id}: what is absent stays, and null takes away. */
export const sourcePatchSchema = z
  .strictObject({
    name: name.optional(),
    url: url.optional(),
    description: description.nullable().optional(),
    default_audience: audience.optional(),
    required_scopes: scopes.optional(),
    passthrough: passthrough.optional(),
    auth: authSchema.nullable().optional(),
    server_url: url.nullable().optional(),
    include: selectors.nullable().optional(),
    exclude: selectors.nullable().optional(),
    hints: hints.optional(),
    review: review.optional(),
    sync_interval: syncInterval.optional(),
    enabled: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'name at least one member to change');
export type SourcePatch = z.infer<typeof sourcePatchSchema>;

/** The body of PUT /api/v1/sources/{id}/document. */
export const documentSchema = z.strictObject({ document });

/** The body of POST /api/v1/sources/{id}/refresh. */
export const refreshSchema = z.strictObject({
  dry_run: z.boolean().default(false),
  /** Read the document anew even if its ETag says that it has not changed. */
  force: z.boolean().optional(),
});

/** The body of POST /api/v1/sources/{id}/disable and of a tool's. */
export const disableSchema = z.strictObject({ reason: z.string().max(500).optional() });

/** The body of POST /api/v1/sources/{id}/tools/{operation}/accept. */
export const acceptSchema = z.strictObject({ hash: z.string().max(64).optional() });

/** The body of POST /api/v1/sources/{id}/tools/accept: which, or all that wait. */
export const acceptManySchema = z
  .strictObject({
    all: z.literal(true).optional(),
    tools: z.array(z.string().min(1).max(300)).min(1).max(5000).optional(),
    /** What `inventory_hash` was when the person looked; if it is another by now, nothing is accepted. */
    inventory_hash: z.string().max(64).optional(),
  })
  .refine((body) => (body.all === undefined) !== (body.tools === undefined), 'give tools, or all: true');

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

/** The text of a document that came in a body. */
export function textOfDocument(given: string | JsonObject): string {
  return typeof given === 'string' ? given : JSON.stringify(given);
}
