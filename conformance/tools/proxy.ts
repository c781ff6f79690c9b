import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The official suite sends no token and calls fixtures by their bare names: the proxy before Keyturn adds both. */
export interface Proxy {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Hands every request on as it is, except that it adds the token, and names tools `slug__name` on the way in and `name`
 * on the way out, in body and `Mcp-Name`. `Host` and `Origin` stay those of the client, so that Keyturn judges them; the
 * proxy's own loopback address is one of Keyturn's names.
 */
export async function openProxy(options: {
  readonly target: string;
  /** The fixtures by their bare names, each with the slug of the source that has it. */
  readonly tools: ReadonlyMap<string, string>;
  /** Operations whose arguments are a body, which the tool takes as its one argument `body`. */
  readonly bodies: ReadonlySet<string>;
  readonly token: () => Promise<string>;
}): Promise<Proxy> {
  const { target, tools } = options;
  const inward = (name: string): string => (tools.has(name) ? `${tools.get(name) ?? ''}__${name}` : name);
  const prefixes = new RegExp(`"(?:${[...new Set(tools.values())].join('|')})__`, 'g');
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = rename(Buffer.concat(chunks).toString(), inward, options.bodies);
      const name = incoming.headers['mcp-name'];
      const headers: Record<string, string | string[] | undefined> = {
        ...incoming.headers,
        ...(typeof name === 'string' ? { 'mcp-name': inward(name) } : {}),
        authorization: `Bearer ${await options.token()}`,
        ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      };
      const forwarded = send(
        `${target}${incoming.url ?? ''}`,
        { method: incoming.method ?? 'GET', headers },
        (answer) => {
          const { 'content-length': _length, ...rest } = answer.headers;
          outgoing.writeHead(answer.statusCode ?? 502, rest);
          answer.setEncoding('utf8');
          // A name may be cut by a chunk's end; the suite's answers are small enough to come whole, streams line by line.
          answer.on('data', (text: string) => outgoing.write(text.replaceAll(prefixes, '"')));
          answer.on('end', () => outgoing.end());
        },
      );
      forwarded.on('error', () => outgoing.destroy());
      outgoing.on('close', () => forwarded.destroy());
      forwarded.end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function rename(body: string, inward: (name: string) => string, bodies: ReadonlySet<string>): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return body;
  }
  const params = (parsed as { method?: unknown; params?: { name?: unknown; arguments?: unknown } } | null)?.params;
  if (typeof params?.name !== 'string') return body;
  if (bodies.has(params.name)) params.arguments = { body: params.arguments ?? {} };
  params.name = inward(params.name);
  return JSON.stringify(parsed);
}
