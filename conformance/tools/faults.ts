import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Checks } from '../edge/checks.ts';
import type { Stage } from './stage.ts';

/** What an upstream can do wrong, by the path that does it. */
const faults: Readonly<Record<string, (response: ServerResponse, elsewhere: string) => void>> = {
  never_ends: (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const drip = setInterval(() => response.write('.'), 100);
    response.once('close', () => clearInterval(drip));
  },
  ten_gigabytes: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(10 * 1024 ** 3) });
    const chunk = Buffer.alloc(64 * 1024, 32);
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pour);
    pour();
  },
  endless_without_length: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(64 * 1024, 32);
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pour);
    pour();
  },
  redirects: (response, elsewhere) => void response.writeHead(307, { location: `${elsewhere}/stolen` }).end(),
  resets: (response) => void response.socket?.resetAndDestroy(),
  breaks_off: (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"half":');
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  },
  lies: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('<html>not JSON</html>'),
  fails: (response) => void response.writeHead(500, { 'content-type': 'text/plain' }).end('broken'),
};

/** Puts each fault behind a tool and calls it by REST: each has a clear answer, in time, and disturbs nobody else. */
export async function tryFaults(checks: Checks, stage: Stage, say: (text: string) => void): Promise<void> {
  const [{ keyturn }] = stage.served;
  const stolen: string[] = [];
  const elsewhere = createServer((request, response) => {
    stolen.push(request.headers.authorization ?? '');
    response.end('{}');
  });
  const upstream = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    if (name === 'openapi.json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    } else faults[name]?.(response, originOf(elsewhere));
  });
  for (const server of [elsewhere, upstream]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  try {
    await stage.register(keyturn, {
      name: 'faults',
      url: `${originOf(upstream)}/openapi.json`,
      default_audience: 'fixture',
      slug: 'faults',
    });
    const token = await stage.tokenOf('john');
    const call = async (tool: string): Promise<{ status: number; body: Record<string, unknown>; seconds: number }> => {
      const startedAt = performance.now();
      const answer = await fetch(`${keyturn}/api/v1/tools/execute`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tool_id: tool, arguments: {} }),
      });
      const body = (await answer.json()) as Record<string, unknown>;
      return { status: answer.status, body, seconds: (performance.now() - startedAt) / 1000 };
    };
    const expected: Readonly<Record<string, readonly [number, string | undefined]>> = {
      never_ends: [504, 'upstream_timeout'],
      ten_gigabytes: [200, undefined],
      endless_without_length: [200, undefined],
      redirects: [502, 'upstream_unreachable'],
      resets: [502, 'upstream_unreachable'],
      breaks_off: [502, 'upstream_unreachable'],
      lies: [200, undefined],
      fails: [200, undefined],
    };
    for (const [name, [status, code]] of Object.entries(expected)) {
      const answer = await call(`faults/${name}`);
      const asExpected = answer.status === status && answer.body['code'] === code && answer.seconds < 10;
      checks.that(`an upstream that ${name} has a clear answer (${status} ${code ?? ''})`, asExpected, answer);
      say(
        `  ${name}: ${answer.status} ${String(answer.body['code'] ?? answer.body['status'])} after ${answer.seconds.toFixed(1)} s`,
      );
    }
    for (const [name, size] of [
      ['ten_gigabytes', `${10 * 1024 ** 3}`],
      ['endless_without_length', `more than ${1024 ** 2}`],
    ] as const) {
      const { body } = await call(`faults/${name}`);
      const { truncated, result } = body as { truncated?: { kept: number; note: string }; result?: string };
      const isCut = truncated?.note === `[Cut: the first ${truncated?.kept} of ${size} bytes are shown.]`;
      checks.that(
        `what an upstream that ${name} sends is cut, with a note of how much`,
        isCut && (result?.length ?? 0) < 1024 ** 2,
        truncated,
      );
    }
    checks.that('nobody else got the upstream token by a redirect', stolen.length === 0, stolen.length);
    const lies = await call('faults/lies');
    for (let i = 0; i < 5; i++) await call('faults/resets');
    const rested = await call('faults/resets');
    const isLeftAlone = rested.status === 503 && rested.body['code'] === 'upstream_breaker_open';
    checks.that('an upstream that resets five times in a row is left alone', isLeftAlone, rested);
    checks.that(
      'JSON that is none is handed on as the text that it is',
      lies.body['result'] === '<html>not JSON</html>',
      lies,
    );
    const other = await call('fixture/test_simple_text');
    checks.that('another source answers as before', other.body['status'] === 'completed', other);
  } finally {
    for (const server of [elsewhere, upstream]) {
      server.close();
      server.closeAllConnections();
    }
  }
}

const document = {
  openapi: '3.1.0',
  info: { title: 'Faults', version: '1' },
  paths: Object.fromEntries(
    Object.keys(faults).map((name) => [
      `/${name}`,
      { get: { operationId: name, responses: { '200': { description: '' } } } },
    ]),
  ),
};

function originOf(server: ReturnType<typeof createServer>): string {
  // A TCP server has an address with a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
