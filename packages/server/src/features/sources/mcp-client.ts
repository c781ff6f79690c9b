import type { GuardedFetch, NetRefusal } from '@keyturn/net';
import { type Bytes, type Milliseconds, milliseconds, type Result, refuse } from '@keyturn/protocol';
import type { Client } from '@modelcontextprotocol/client';

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
}

/** Why there is no answer of an MCP server. */
export type McpRefusal =
  | { readonly why: 'net'; readonly refusal: NetRefusal }
  /** It answered with an HTTP status that is none of MCP's. */
  | { readonly why: 'status'; readonly status: number }
  /** It answered in MCP's terms, with an error or with what is no answer. */
  | { readonly why: 'protocol'; readonly message: string };

/**
 * Asks an MCP server one thing by the official client, in whichever era it speaks (2026-07-28, else 2025-11-25 and
 * older), over the guarded fetch: no redirect, no private address, nothing without an end. Nothing is kept between two
 * uses, so that no caller meets another's session.
 */
export async function askMcp<Value>(
  connection: McpConnection,
  ask: (client: Client, options: { timeout: number; signal: AbortSignal }) => Promise<Value>,
): Promise<Result<Value, McpRefusal>> {
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
    await client.connect(transport, options);
    return { ok: true, value: await ask(client, options) };
  } catch (error) {
    return refuse(line.failure() ?? { why: 'protocol', message: messageOf(error) });
  } finally {
    // A session of the older era is ended; the newer has none.
    if (transport.sessionId !== undefined) await transport.terminateSession().catch(() => undefined);
    await client.close().catch(() => undefined);
  }
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
