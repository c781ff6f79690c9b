import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ok, type Result, refuse } from '@keyturn/protocol';
import { hashJson } from '@keyturn/tools';
import { readInThread } from './document-reader.ts';
import type { ToolHead } from './kept-tool.ts';
import type { SourceParts } from './parts.ts';
import type { SourceRefusal } from './refusals.ts';
import type { ReadTool } from './settle.ts';
import type { Source, SourceDefinition } from './source.ts';

/** A source as it is now: its tools, and what is to be said of it. */
export interface Reading {
  readonly tools: readonly ReadTool[];
  readonly warnings: readonly string[];
  readonly inventoryHash: string;
}

/**
 * Reads what a source offers: its document from its URL, or the one that was uploaded; or the list of an MCP server.
 * Touches nothing that is kept.
 */
export async function readSource(
  parts: SourceParts,
  source: SourceDefinition & Pick<Source, 'id'>,
  given: { readonly document: string | undefined; readonly heads: readonly ToolHead[] },
): Promise<Result<Reading, SourceRefusal>> {
  const read = source.sourceType === 'mcp' ? await parts.readMcp(source) : await readOpenApi(parts, source, given);
  if (!read.ok) return read;
  const { tools, warnings } = read.value;
  if (tools.length === 0) return refuse({ why: 'no-operations' });
  const hashes = tools.map(({ operation, hash }) => [operation, hash]);
  return ok({ tools, warnings, inventoryHash: hashJson(Object.fromEntries(hashes)) });
}

async function readOpenApi(
  parts: SourceParts,
  source: SourceDefinition,
  { document, heads }: { readonly document: string | undefined; readonly heads: readonly ToolHead[] },
): Promise<Result<Omit<Reading, 'inventoryHash'>, SourceRefusal>> {
  const bytes = document === undefined ? 0 : Buffer.byteLength(document);
  if (bytes > parts.documentLimit) {
    const message = `${bytes} bytes, where ${parts.documentLimit} are the limit (tools.documentLimit)`;
    return refuse({ why: 'document-invalid', refusal: { why: 'too-large', message, limit: parts.documentLimit } });
  }
  const text = document === undefined ? await fetchDocument(parts, source.url ?? '') : ok({ text: document });
  if (!text.ok) return text;
  const read = await readInThread(
    {
      contentType: undefined,
      location: source.url,
      ...text.value,
      sourceSlug: source.slug,
      include: source.include,
      exclude: source.exclude,
      known: heads.map(({ operation, mcpName, method, path }) => ({ operationId: operation, mcpName, method, path })),
    },
    parts.fetch,
    parts.documentCosts,
  );
  return read.ok ? read : refuse({ why: 'document-invalid', refusal: read.refusal });
}

async function fetchDocument(
  parts: SourceParts,
  url: string,
): Promise<Result<{ text: string; contentType: string | undefined; location: string }, SourceRefusal>> {
  const fetched = await parts.fetch(url, {
    headers: { accept: 'application/json, application/yaml;q=0.9, */*;q=0.1' },
    maxBytes: parts.documentLimit,
  });
  if (!fetched.ok) return refuse({ why: 'document-unreachable', url, refusal: fetched.refusal });
  if (fetched.value.status !== 200) return refuse({ why: 'document-status', url, status: fetched.value.status });
  const contentType = fetched.value.headers.get('content-type') ?? undefined;
  return ok({ text: fetched.value.text(), contentType, location: fetched.value.url });
}

/** An uploaded document as it is stored: a large one is mostly repetition. */
export async function packDocument(text: string): Promise<string> {
  return (await promisify(gzip)(text)).toString('base64');
}

export async function unpackDocument(packed: string): Promise<string> {
  return (await promisify(gunzip)(Buffer.from(packed, 'base64'))).toString('utf8');
}
