import type { GuardedFetch, NetRefusal } from '@keyturn/net';
import { type Bytes, type Milliseconds, milliseconds, type Result, refuse } from '@keyturn/protocol';
import type { Client, PriorDiscovery } from '@modelcontextprotocol/client';
import type { McpEra, McpEras } from './mcp-eras.ts';

export interface McpConnection {
  readonly url: string;
  readonly fetch: GuardedFetch;
  /** The credential, and whatever else goes with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** For everything together: handshake, request, answer. */
  readonly timeout: Milliseconds;
  /** Of each answer. */
  readonly maxBytes: Bytes;
  readonly version: string;
  readonly signal?: AbortSignal | undefined;
  /** The eras that servers were found to speak. */
  readonly eras: McpEras;
  /** Whether to find out anew which era the server speaks, though it is remembered. Default false. */
  readonly looksAgain?: boolean;
}

/** Why there is no answer of an MCP server. */
export type McpRefusal =
  | { readonly why: 'net'; readonly refusal: NetRefusal }
  /** It answered with an HTTP status that is none of MCP's. */
  | { readonly why: 'status'; readonly status: number }
  /** It answered in MCP's terms, with an error or with what is no answer. */
  | { readonly why: 'protocol'; readonly message: string };

type Ask<Value> = (client: Client, options: { timeout: number; signal: AbortSignal }) => Promise<Value>;

/**
 * Asks an MCP server one thing by the official client, in whichever era it speaks (2026-07-28, else 2025-11-25 and
 * older), over the guarded fetch: no redirect, no private address, nothing without an end. Nothing but the era is kept
 * between two uses, so that no caller meets another's session.
 */
export async function askMcp<Value>(connection: McpConnection, ask: Ask<Value>): Promise<Result<Value, McpRefusal>> {
  const { eras, url } = connection;
  const known = connection.looksAgain === true ? undefined : eras.of(url);
  const first = await askOnce(connection, known, ask);
  if (known === undefined || first === undefined || first.ok || !mayBeOtherEra(first.refusal)) return first ?? unasked;
  // The server may have been replaced by one of the other era. Only if it has is it asked again: what it has refused in
  // the era that it speaks is its answer, and a call is not made twice.
  eras.forget(url);
  const second = await askOnce(connection, undefined, ask, known);
  return second ?? first;
}

const unasked = refuse<McpRefusal>({ why: 'protocol', message: 'the server was not asked' });

/** One connection. Undefined, and nothing asked, where the server turns out to speak the era that is excepted. */
async function askOnce<Value>(
  connection: McpConnection,
  known: McpEra | undefined,
  ask: Ask<Value>,
  except?: McpEra,
): Promise<Result<Value, McpRefusal> | undefined> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const line = openLine(connection);
  const client = new Client({ name: 'keyturn', version: connection.version }, { versionNegotiation: { mode: 'auto' } });
  const transport = new StreamableHTTPClientTransport(new URL(connection.url), { fetch: line.fetch });
  const signals = [
    AbortSignal.timeout(connection.timeout),
    ...(connection.signal === undefined ? [] : [connection.signal]),
  ];
  const options = { timeout: connection.timeout, signal: AbortSignal.any(signals) };
  try {
    await client.connect(transport, { ...options, ...(known === undefined ? {} : { prior: priorOf(known) }) });
    const era = client.getProtocolEra();
    if (era !== undefined) connection.eras.remember(connection.url, era);
    if (except !== undefined && era === except) return undefined;
    return { ok: true, value: await ask(client, options) };
  } catch (error) {
    return refuse(line.failure() ?? { why: 'protocol', message: messageOf(error) });
  } finally {
    // A session of the older era is ended; the newer has none.
    if (transport.sessionId !== undefined) await transport.terminateSession().catch(() => undefined);
    await client.close().catch(() => undefined);
  }
}

/** What the client takes instead of finding out. It says the era alone: what else a server says may be for one caller. */
function priorOf(era: McpEra): PriorDiscovery {
  if (era === 'legacy') return { kind: 'legacy' };
  return { kind: 'modern', discover: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } } };
}

/** Whether a server of the other era would have refused so: it does not know the method, or wants a session. */
function mayBeOtherEra(refusal: McpRefusal): boolean {
  return refusal.why === 'protocol' || (refusal.why === 'status' && [400, 404, 405].includes(refusal.status));
}

/** The client's network: the one endpoint, by the guarded fetch. What went wrong below MCP is remembered. */
function openLine(connection: McpConnection) {
  const deadline = performance.now() + connection.timeout;
  let failed: McpRefusal | undefined;
  const fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET';
    // The stream of the older era on which a server speaks unasked: nobody listens, and it would have no end.
    if (method === 'GET') return new Response(null, { status: 405 });
    if (String(url) !== String(new URL(connection.url))) throw new TypeError('an MCP server has one address');
    const answer = await connection.fetch(url, {
      method,
      headers: { ...Object.fromEntries(new Headers(init.headers)), ...connection.headers },
      ...(typeof init.body === 'string' ? { body: init.body } : {}),
      timeout: milliseconds(Math.max(1, deadline - performance.now())),
      maxBytes: connection.maxBytes,
      ...(init.signal === undefined || init.signal === null ? {} : { signal: init.signal }),
    });
    if (!answer.ok) {
      failed = { why: 'net', refusal: answer.refusal };
      throw new TypeError('fetch failed');
    }
    const { status, headers, body } = answer.value;
    // The newer era is tried first, and 400 or 404 is how an older server says that it does not know it.
    failed = status >= 400 ? { why: 'status', status } : undefined;
    const contentType = headers.get('content-type');
    const session = headers.get('mcp-session-id');
    const empty = status === 204 || status === 205 || status === 304 || body.length === 0;
    return new Response(empty ? null : Buffer.from(body), {
      status,
      headers: {
        ...(contentType === null ? {} : { 'content-type': contentType }),
        ...(session === null ? {} : { 'mcp-session-id': session }),
      },
    });
  };
  return { fetch, failure: () => failed };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
