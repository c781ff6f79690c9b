import type { Breaker } from '@keyturn/exchange';
import type { GuardedFetch, NetRefusal } from '@keyturn/net';
import { type Bytes, type JsonObject, type Milliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import { type BuildRefusal, buildRequest, readResponse, type Tool, type ToolResult } from '@keyturn/tools';
import type { Approved, Resource } from '../../http/rooms.ts';
import type { CatalogueEntry, ToolSource } from './catalogue.ts';
import { type Credential, type CredentialParts, showCredential } from './credential.ts';
import type { ToolRefusal } from './refusals.ts';

export interface ToolCallParts extends CredentialParts {
  readonly fetch: GuardedFetch;
  /** Bytes of an upstream's answer that are read. */
  readonly responseLimit: Bytes;
  readonly timeout: Milliseconds;
  /** Of the upstream of this source. */
  readonly breakerOf: (source: ToolSource) => Breaker;
  /** Calls a tool of an MCP server, once. */
  readonly callMcp: McpCall;
}

/** What an upstream answered. `content` is given by MCP servers: their own blocks, for whoever speaks MCP too. */
export interface UpstreamResult extends ToolResult {
  readonly content?: readonly JsonObject[];
}

/** A call of a tool of an MCP server. 401 is told apart, so that a token which the server no longer takes is replaced. */
export type McpCall = (
  url: string,
  tool: Tool,
  args: JsonObject,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly timeout: Milliseconds;
    readonly maxBytes: Bytes;
    readonly signal: AbortSignal | undefined;
  },
) => Promise<Result<UpstreamResult, NetRefusal>>;

/** One answer of the upstream, or none. */
type Attempt = Result<UpstreamResult, NetRefusal>;

/** Calls one tool as an approved caller, with arguments that were checked: a credential for the source, one request, one answer. */
export async function callTool(
  parts: ToolCallParts,
  approved: Approved,
  entry: CatalogueEntry,
  args: JsonObject,
  door: Resource,
  signal?: AbortSignal,
): Promise<Result<UpstreamResult, ToolRefusal>> {
  const { source } = entry;
  const prepared = prepare(parts, entry, args, signal);
  if (!prepared.ok) return prepared;

  const shown = showCredential(parts, approved, source, door);
  const credential = shown instanceof Promise ? await shown : shown;
  if (!credential.ok) return credential;
  const first = await attempt(parts, source, () => prepared.value(credential.value));
  const { renew } = credential.value;
  if (!first.ok || first.value.status !== 401 || renew === undefined) return first;

  // The upstream no longer takes what was kept from earlier (keys rotated, session ended): one fresh try.
  const fresh = await renew();
  return fresh.ok ? attempt(parts, source, () => prepared.value(fresh.value)) : fresh;
}

/** The request, ready to be sent once there is a credential. Everything in it that the caller chose has been checked. */
function prepare(
  parts: ToolCallParts,
  { tool, source }: CatalogueEntry,
  args: JsonObject,
  signal: AbortSignal | undefined,
): Result<(credential: Credential) => Promise<Attempt>, ToolRefusal> {
  const limits = { maxBytes: parts.responseLimit, timeout: parts.timeout };
  if (source.sourceType === 'mcp') {
    const { url = '' } = source;
    return ok(({ headers }) => parts.callMcp(url, tool, args, { ...limits, headers, signal }));
  }
  const outbound = buildRequest(tool, args);
  if (!outbound.ok) return refuse(refusedRequest(outbound.refusal, source.slug));
  const { method, url, headers, body } = outbound.value;
  return ok(async (credential) => {
    const answer = await parts.fetch(withKey(url, credential), {
      method,
      // What Keyturn shows is not for an argument to say, whatever headers the document declares.
      headers: { ...headers, ...credential.headers },
      ...(body === undefined ? {} : { body }),
      ...limits,
      oversize: 'cut',
      ...(signal === undefined ? {} : { signal }),
    });
    return answer.ok ? ok(readResponse(tool, answer.value)) : answer;
  });
}

/** The address with an API key in its query, in the place of what an argument put there. */
function withKey(address: string, { query }: Credential): string {
  if (query === undefined) return address;
  const url = new URL(address);
  const others = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && decodeURIComponent(pair.split('=')[0]?.replaceAll('+', ' ') ?? '') !== query.name);
  url.search = [...others, `${encodeURIComponent(query.name)}=${encodeURIComponent(query.value)}`].join('&');
  return url.href;
}

/** Asks the upstream unless its breaker is open. */
async function attempt(
  parts: ToolCallParts,
  source: ToolSource,
  send: () => Promise<Attempt>,
): Promise<Result<UpstreamResult, ToolRefusal>> {
  const asked = await parts.breakerOf(source).run<UpstreamResult, Exclude<Attempt, { ok: true }>['refusal'] | Faulty>(
    async () => {
      const answer = await send();
      return answer.ok && isGatewayFault(answer.value.status)
        ? refuse({ why: 'faulty', answer: answer.value })
        : answer;
    },
    (refusal) => refusal.why === 'faulty' || isUpstreamFault(refusal),
  );
  if (asked.ok) return asked;
  const { refusal } = asked;
  if (refusal.why === 'faulty') return ok(refusal.answer);
  if (refusal.why === 'breaker-open') {
    return refuse({ why: 'upstream-resting', source: source.slug, retryAfter: refusal.retryAfter });
  }
  return refuse({ why: 'upstream-unreachable', source: source.slug, refusal });
}

/** An answer that says that the upstream is not there. The caller gets it as it is. */
interface Faulty {
  readonly why: 'faulty';
  readonly answer: UpstreamResult;
}

function isGatewayFault(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** What the upstream did or did not do; a caller who gives up or asks for too much is no fault of it. */
function isUpstreamFault(refusal: NetRefusal): boolean {
  return ['dns', 'connect', 'tls', 'timeout', 'bad-answer'].includes(refusal.why);
}

function refusedRequest(refusal: BuildRefusal, source: string): ToolRefusal {
  return refusal.why === 'arguments'
    ? { why: 'bad-arguments', faults: refusal.faults }
    : { why: 'no-server', source, message: refusal.message };
}
