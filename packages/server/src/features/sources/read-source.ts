import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { hashJson } from '@keyturn/tools';
import { readInThread } from './document-reader.ts';
import type { ToolHead } from './kept-tool.ts';
import type { McpReading, SourceParts } from './parts.ts';
import type { SourceRefusal } from './refusals.ts';
import type { ReadTool } from './settle.ts';
import type { ReadDocument, Source, SourceDefinition } from './source.ts';

/** A source as it is now: its tools, and what is to be said of it. */
export interface Reading {
  readonly tools: readonly ReadTool[];
  readonly warnings: readonly string[];
  readonly inventoryHash: string;
  readonly readFrom: ReadDocument | undefined;
}

/**
 * Reads what a source offers: its document from its URL, or the one that was uploaded; or the list of an MCP server.
 * Touches nothing that is kept. With an `etag` the document is asked for only if it is another by now; if it is not, the
 * refusal is `document-status` with 304.
 */
export async function readSource(
  parts: SourceParts,
  source: SourceDefinition & Pick<Source, 'id'>,
  given: Given,
): Promise<Result<Reading, SourceRefusal>> {
  const read: Result<McpReading & { readonly readFrom?: ReadDocument | undefined }, SourceRefusal> =
    source.sourceType === 'mcp' ? await parts.readMcp(source) : await readOpenApi(parts, source, given);
  if (!read.ok) return read;
  const { tools, warnings, readFrom } = read.value;
  if (tools.length === 0) return refuse({ why: 'no-operations' });
  const hashes = tools.map(({ operation, hash }) => [operation, hash]);
  return ok({ tools, warnings, inventoryHash: hashJson(Object.fromEntries(hashes)), readFrom });
}

interface Given {
  readonly document: string | undefined;
  readonly heads: readonly ToolHead[];
  readonly etag?: string | undefined;
}

async function readOpenApi(
  parts: SourceParts,
  source: SourceDefinition,
  { document, heads, etag }: Given,
): Promise<Result<Omit<Reading, 'inventoryHash'>, SourceRefusal>> {
  const uploaded = document === undefined ? undefined : Buffer.from(document);
  if (uploaded !== undefined && uploaded.length > parts.documentLimit) {
    const message = `${uploaded.length} bytes, where ${parts.documentLimit} are the limit (tools.documentLimit)`;
    return refuse({ why: 'document-invalid', refusal: { why: 'too-large', message, limit: parts.documentLimit } });
  }
  const fetched =
    uploaded === undefined ? await fetchDocument(parts, source.url ?? '', etag) : ok({ content: uploaded });
  if (!fetched.ok) return fetched;
  const { etag: found, ...content }: Partial<Fetched> & Pick<Fetched, 'content'> = fetched.value;
  let isWhole = true;
  const read = await readInThread(
    {
      contentType: undefined,
      location: source.url,
      ...content,
      sourceSlug: source.slug,
      include: source.include,
      exclude: source.exclude,
      known: heads.map(({ operation, mcpName, method, path }) => ({ operationId: operation, mcpName, method, path })),
    },
    (...asked) => {
      isWhole = false;
      return parts.fetch(...asked);
    },
    parts.documentCosts,
  );
  if (!read.ok) return refuse({ why: 'document-invalid', refusal: read.refusal });
  // Of a document in several files, the ETag of the first says nothing of the others.
  const readFrom = found === undefined || !isWhole ? undefined : { etag: found, by: parts.version };
  return ok({ ...read.value, readFrom });
}

interface Fetched {
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
  readonly location: string;
  readonly etag: string | undefined;
}

/** An entity tag as RFC 9110 §8.8.3 writes it, of a length that is worth keeping. */
const entityTag = /^(?:W\/)?"[\x21\x23-\x7e]{0,250}"$/;

async function fetchDocument(
  parts: SourceParts,
  url: string,
  etag: string | undefined,
): Promise<Result<Fetched, SourceRefusal>> {
  const fetched = await parts.fetch(url, {
    headers: {
      accept: 'application/json, application/yaml;q=0.9, */*;q=0.1',
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    },
    maxBytes: parts.documentLimit,
  });
  if (!fetched.ok) return refuse({ why: 'document-unreachable', url, refusal: fetched.refusal });
  if (fetched.value.status !== 200) return refuse({ why: 'document-status', url, status: fetched.value.status });
  const { headers } = fetched.value;
  const found = headers.get('etag') ?? '';
  return ok({
    content: fetched.value.body,
    contentType: headers.get('content-type') ?? undefined,
    location: fetched.value.url,
    etag: entityTag.test(found) ? found : undefined,
  });
}

/** An uploaded document as it is stored: a large one is mostly repetition. */
export async function packDocument(text: string): Promise<string> {
  return (await promisify(gzip)(text)).toString('base64');
}

export async function unpackDocument(packed: string): Promise<string> {
  return (await promisify(gunzip)(Buffer.from(packed, 'base64'))).toString('utf8');
}
