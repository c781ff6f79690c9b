import type { GuardedFetch } from '@keyturn/net';
import {
  type Bytes,
  isJsonObject,
  type Json,
  type JsonObject,
  milliseconds,
  ok,
  type Result,
  refuse,
} from '@keyturn/protocol';
import { hashJson, nameForMcp, selects, type Tool } from '@keyturn/tools';
import { readToolOf } from './document-job.ts';
import { askMcp, type McpRefusal } from './mcp-client.ts';
import type { McpEras } from './mcp-eras.ts';
import type { OwnCredential, OwnCredentialRefusal, OwnedSource } from './own-credential.ts';
import type { McpReading, McpToRead } from './parts.ts';
import type { SourceRefusal } from './refusals.ts';
import { readForeignSchema, readForeignText } from './foreign-schema.ts';

export interface McpReadingParts {
  readonly fetch: GuardedFetch;
  readonly ownCredential: (source: OwnedSource) => Promise<Result<OwnCredential, OwnCredentialRefusal>>;
  readonly limit: Bytes;
  readonly version: string;
  readonly eras: McpEras;
}

/** The most tools of one MCP server. */
const maxTools = 1000;
const patience = milliseconds(20_000);

/**
 * Lists the tools of an MCP server, as Keyturn itself. What it says of them is foreign text that a model will read, so
 * it is cut and freed of what cannot be seen; and what it says of itself (`readOnlyHint`) counts only where it warns.
 */
export async function readMcpTools(
  parts: McpReadingParts,
  source: McpToRead,
): Promise<Result<McpReading, SourceRefusal>> {
  const url = source.url ?? '';
  const failed = (message: string) => refuse<SourceRefusal>({ why: 'mcp-unreachable', url, message });
  const credential = await parts.ownCredential(source);
  if (!credential.ok) return failed(explainCredential(credential.refusal));
  const listed = await askMcp(
    {
      url,
      fetch: parts.fetch,
      headers: credential.value.headers,
      timeout: patience,
      maxBytes: parts.limit,
      version: parts.version,
      eras: parts.eras,
      looksAgain: true,
    },
    async (client, options) => (await client.listTools(undefined, options)).tools,
  );
  if (!listed.ok) {
    const { refusal } = listed;
    if (refusal.why === 'net') return refuse({ why: 'document-unreachable', url, refusal: refusal.refusal });
    return failed(explainMcp(refusal));
  }
  // What the client has parsed is JSON.
  return ok(buildMcpTools(listed.value as unknown as readonly JsonObject[], source));
}

/** The tools of a list, those left out that cannot be offered, each with the reason. */
export function buildMcpTools(
  listed: readonly JsonObject[],
  source: Pick<McpToRead, 'slug' | 'url' | 'include' | 'exclude'>,
): McpReading {
  const warnings: string[] = [];
  if (listed.length > maxTools)
    warnings.push(`It lists ${listed.length} tools, of which the first ${maxTools} are read.`);
  const usable = new Map<string, JsonObject>();
  for (const given of listed.slice(0, maxTools)) {
    const name = given['name'];
    const problem = typeof name === 'string' ? problemOf(name, given, usable) : 'it has no name';
    if (problem !== undefined) {
      warnings.push(`The tool ${JSON.stringify(name)?.slice(0, 80) ?? ''} is left out: ${problem}.`);
    } else if (typeof name === 'string') usable.set(name, given);
  }
  const mcpNames = nameForMcp(source.slug, [...usable.keys()]);
  const tools = [...usable].map(([name, given], index) => buildTool(name, given, source, mcpNames[index] ?? ''));
  const selected = tools.filter(
    (tool) =>
      source.include?.some((selector) => selects(selector, tool)) !== false &&
      source.exclude?.some((selector) => selects(selector, tool)) !== true,
  );
  return { tools: selected.map(readToolOf), warnings: warnings.slice(0, 50) };
}

/** The name that the server itself knows the tool by. */
export function wireNameOf(tool: Pick<Tool, 'path'>): string {
  return tool.path.slice('/tools/'.length);
}

function problemOf(name: string, given: JsonObject, known: ReadonlyMap<string, JsonObject>): string | undefined {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name)) return 'its name is not one that MCP allows';
  if (known.has(name)) return 'another tool has its name';
  const schema = readForeignSchema(given['inputSchema']);
  return schema.ok ? undefined : `its inputSchema ${schema.refusal}`;
}

function buildTool(
  name: string,
  given: JsonObject,
  source: { readonly slug: string; readonly url: string | undefined },
  mcpName: string,
): Tool {
  const input = readForeignSchema(given['inputSchema']);
  const output = given['outputSchema'] === undefined ? undefined : readForeignSchema(given['outputSchema']);
  const annotations: JsonObject = isJsonObject(given['annotations']) ? given['annotations'] : {};
  const title = textOf(given['title']) ?? textOf(annotations['title']);
  const tool = {
    id: `${source.slug}/${name}`,
    mcpName,
    sourceSlug: source.slug,
    operationId: name,
    title: title === undefined ? undefined : readForeignText(title, 200),
    description: readForeignText(textOf(given['description']) ?? name, 2000),
    tags: [],
    deprecated: false,
    method: 'POST',
    path: `/tools/${name}`,
    server: source.url,
    parameters: [],
    inputSchema: input.ok ? input.value : {},
    ...(output?.ok === true ? { outputSchema: output.value } : {}),
    wrapsResult: false,
    accept: 'application/json',
    hints: { readOnly: false, destructive: annotations['destructiveHint'] !== false, idempotent: false },
    security: [],
    ignored: [],
  };
  return { ...tool, hash: hashJson(tool) };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function explainCredential(refusal: OwnCredentialRefusal): string {
  switch (refusal.why) {
    case 'unreadable':
      return 'the secret of this source cannot be opened with seal.key';
    case 'not-configured':
      return 'its tools are listed with a token of Keyturn’s own, and exchange.clientId and exchange.clientSecret are not set';
    case 'refused':
      return 'the token endpoint gave Keyturn no token of its own to list the tools with';
  }
}

function explainMcp(refusal: Exclude<McpRefusal, { why: 'net' }>): string {
  switch (refusal.why) {
    case 'status':
      return `the MCP server answered ${refusal.status}`;
    case 'protocol':
      return `the MCP server did not answer as one: ${refusal.message}`;
  }
}
