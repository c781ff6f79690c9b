import { connect } from 'node:net';

export { type Checks, keepChecks } from '../parts/checks.ts';

/** What came back through a proxy; `seen` is what the upstream got, if it was reached. */
export interface Passed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly seen:
    | { readonly method: string; readonly url: string; readonly headers: Record<string, string> }
    | undefined;
}

/**
 * Sends a request exactly as written: header lines twice, in any case, with any bytes, and a path that no client library
 * would send.
 */
export function sendRaw(
  url: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  method = 'GET',
): Promise<Passed> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.setEncoding('utf8');
    socket.setTimeout(10_000, () => socket.destroy(new Error(`${path}: no answer in 10 s`)));
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that refuses a request while it is still being sent closes the connection.
      if (text !== '' || error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(parse(text));
      else reject(error);
    });
    socket.on('end', () => resolve(parse(text)));
    socket.write(`${method} ${path} HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n${lines}\r\n`, 'latin1');
  });
}

function parse(text: string): Passed {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = rest.join('\r\n\r\n');
  const json = /\{.*\}/s.exec(body)?.[0];
  let seen: unknown;
  try {
    seen = json === undefined ? undefined : JSON.parse(json);
  } catch {
    seen = undefined;
  }
  const reached = typeof seen === 'object' && seen !== null && 'url' in seen && 'headers' in seen;
  return {
    status: Number(first.split(' ')[1] ?? 0),
    headers,
    // The upstream of this suite writes exactly that.
    seen: reached ? (seen as NonNullable<Passed['seen']>) : undefined,
  };
}

export const bearer = (token: string): readonly (readonly [string, string])[] => [['Authorization', `Bearer ${token}`]];
