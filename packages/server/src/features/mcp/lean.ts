import type { IncomingHttpHeaders } from 'node:http';
import { isJsonObject, type JsonObject } from '@keyturn/protocol';

/** A request that is in every part what most requests are, so that there is nothing for the SDK to judge. */
export type PlainRequest = { readonly id: string | number; readonly era: 'modern' | 'legacy' } & (
  | { readonly method: 'tools/list' }
  | {
      readonly method: 'tools/call';
      readonly name: string;
      readonly given: JsonObject | undefined;
      readonly capabilities: JsonObject;
    }
);

/**
 * Reads `tools/list` and `tools/call` where each member is known and of its plain form, and nothing else is there; all
 * else is undefined and goes to the SDK, which is the judge. So this may refuse to read what the SDK would accept, never
 * the other way round. `knownEnvelope` says whether the SDK has accepted this client's declarations before: what is
 * allowed in them is long, and the same in all its requests.
 */
export function readPlain(
  headers: IncomingHttpHeaders,
  body: unknown,
  knownEnvelope: (text: string) => boolean,
): PlainRequest | undefined {
  if (headers['content-type'] !== 'application/json' || !isJsonObject(body)) return undefined;
  const { id, method, params } = body;
  if (body['jsonrpc'] !== '2.0' || !hasOnly(body, messageKeys)) return undefined;
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return undefined;
  if (method !== 'tools/list' && method !== 'tools/call') return undefined;
  if (params !== undefined && !isJsonObject(params)) return undefined;
  const meta = params?.['_meta'];
  if (meta !== undefined && !isJsonObject(meta)) return undefined;
  const era = eraOf(headers, method, params, meta, knownEnvelope);
  if (era === undefined) return undefined;
  // Both kinds were looked at above.
  const common = { id: id as string | number, era };
  if (method === 'tools/list') {
    return params === undefined || hasOnly(params, listKeys) ? { ...common, method } : undefined;
  }
  const { name, arguments: given } = params ?? {};
  if (params === undefined || !hasOnly(params, callKeys) || typeof name !== 'string') return undefined;
  if (given !== undefined && !isJsonObject(given)) return undefined;
  const declared = meta?.[capabilitiesKey];
  return { ...common, method, name, given, capabilities: isJsonObject(declared) ? declared : {} };
}

function eraOf(
  headers: IncomingHttpHeaders,
  method: string,
  params: JsonObject | undefined,
  meta: JsonObject | undefined,
  knownEnvelope: (text: string) => boolean,
): PlainRequest['era'] | undefined {
  const version = headers['mcp-protocol-version'];
  if (version === modernVersion) {
    if (meta === undefined || meta[versionKey] !== version || !hasOnly(meta, modernMetaKeys)) return undefined;
    if (headers['mcp-method'] !== method || !hasPlainTags(meta)) return undefined;
    if (method === 'tools/call' && headers['mcp-name'] !== params?.['name']) return undefined;
    return knownEnvelope(envelopeText(meta)) ? 'modern' : undefined;
  }
  if (typeof version !== 'string' || !legacyVersions.has(version)) return undefined;
  const { accept } = headers;
  if (accept?.includes('application/json') !== true || !accept.includes('text/event-stream')) return undefined;
  return meta === undefined || (hasOnly(meta, legacyMetaKeys) && hasPlainTags(meta)) ? 'legacy' : undefined;
}

/** What a client declares of itself in each request: the part of `_meta` whose form the SDK judges once. */
export function envelopeText(meta: JsonObject): string {
  return JSON.stringify([meta[clientKey], meta[capabilitiesKey]]);
}

function hasPlainTags(meta: JsonObject): boolean {
  const { progressToken, traceparent, tracestate, baggage } = meta;
  return (
    (progressToken === undefined || typeof progressToken === 'string' || Number.isSafeInteger(progressToken)) &&
    [traceparent, tracestate, baggage].every((tag) => tag === undefined || typeof tag === 'string')
  );
}

function hasOnly(object: JsonObject, keys: ReadonlySet<string>): boolean {
  for (const key in object) if (!keys.has(key)) return false;
  return true;
}

const modernVersion = '2026-07-28';
const legacyVersions = new Set(['2025-11-25', '2025-06-18', '2025-03-26']);
const versionKey = 'io.modelcontextprotocol/protocolVersion';
const clientKey = 'io.modelcontextprotocol/clientInfo';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
const tags = ['progressToken', 'traceparent', 'tracestate', 'baggage'];
const messageKeys = new Set(['jsonrpc', 'id', 'method', 'params']);
const listKeys = new Set(['_meta']);
const callKeys = new Set(['_meta', 'name', 'arguments']);
const modernMetaKeys = new Set([versionKey, clientKey, capabilitiesKey, ...tags]);
const legacyMetaKeys = new Set(tags);
