import { createServer, type IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Checks } from '../edge/checks.ts';
import { freePorts } from '../parts/ports.ts';
import { serveKeyturn } from './serve.ts';
import { soon } from './soon.ts';
import type { Stage } from './stage.ts';

/** OpenTelemetry's own packages, which are no part of Keyturn. */
export const telemetryVersions = { '@opentelemetry/api': '1.10.0', '@opentelemetry/sdk-node': '0.301.0' };

/** The part of OTLP's JSON that is looked at. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events: readonly { readonly name: string }[];
}

/**
 * Keyturn with the real OpenTelemetry SDK beside it (`fetched`: where it is installed) and OTEL_* set: what arrives at a
 * collector, by OTLP over HTTP, is named as the seed names it.
 */
export async function tryTelemetry(checks: Checks, stage: Stage, fetched: string): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const collector = await openCollector();
  cleanup.defer(collector.close);
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-telemetry-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const ports = await freePorts('keyturn', 'management');
  const running = await serveKeyturn({
    issuer: stage.issuer,
    port: ports.keyturn,
    management: ports.management,
    // The packages are looked for in the folder that it runs in.
    folder: fetched,
    store: `sqlite:${join(folder, 'keyturn.db')}`,
    settings: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_METRIC_EXPORT_TIMEOUT: '400',
    },
  });
  cleanup.defer(() => running.stop('SIGKILL').then(() => undefined));
  const keyturn = `http://localhost:${ports.keyturn}`;
  const document = { url: `${stage.fixtureUrl}/openapi.json` };
  await stage.register(keyturn, { ...document, name: 'fixture', default_audience: 'fixture' });
  await stage.register(keyturn, { ...document, name: 'unknown', slug: 'unknown', default_audience: 'nobody' });
  await stage.register(keyturn, {
    ...document,
    name: 'gone',
    slug: 'gone',
    auth: { kind: 'none' },
    server_url: 'http://127.0.0.1:1',
  });

  const token = await stage.tokenOf('john');
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const call = async (source: string): Promise<void> => {
    await fetch(`${keyturn}/api/v1/tools/execute`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
      body: JSON.stringify({ tool_id: `${source}/test_simple_text`, arguments: {} }),
    });
  };
  for (const source of ['fixture', 'fixture', 'unknown', ...Array.from({ length: 6 }, () => 'gone')])
    await call(source);

  const exchanges = () => collector.spans().filter(({ name }) => name === 'exchange_token');
  const of = (audience: string, hit: boolean) =>
    exchanges().find(
      (span) =>
        valueOf(span, 'token_exchange.audience') === audience && valueOf(span, 'token_exchange.cache_hit') === hit,
    );
  await soon(() => of('fixture', true) !== undefined && of('nobody', false) !== undefined, 10);
  const asked = of('fixture', false);
  checks.that('OTLP: a span exchange_token with the audience, from the endpoint', asked !== undefined, exchanges());
  const said = asked?.events.map(({ name }) => name).join();
  checks.that('OTLP: … with the event of the seed', said === 'Performing token exchange', said);
  checks.that('OTLP: … in the trace of whoever called', asked?.traceId === traceId, asked?.traceId);
  const kept = of('fixture', true);
  checks.that('OTLP: … and one from the cache, with no such event', kept?.events.length === 0, kept);
  checks.that('OTLP: a refused exchange has its span too', of('nobody', false) !== undefined, exchanges());
  const text = JSON.stringify(collector.spans());
  checks.that('OTLP: no span holds a token', !text.includes(token) && !text.includes('eyJ'));

  const names = [
    'token_exchange.count',
    'token_exchange.duration',
    'token_exchange.errors',
    'token_exchange.cache_hits',
  ];
  for (const name of [...names, 'circuit_breaker.state', 'circuit_breaker.opens']) {
    const arrived = await soon(() => collector.metrics().has(`tools_provider.${name}`), 10);
    checks.that(`OTLP: the metric tools_provider.${name}`, arrived, [...collector.metrics()]);
  }
}

function valueOf({ attributes }: Span, key: string): unknown {
  const found = attributes.find((attribute) => attribute.key === key);
  return found === undefined ? undefined : Object.values(found.value)[0];
}

async function openCollector() {
  const spans: Span[] = [];
  const metrics = new Set<string>();
  const server = createServer((request, response) => {
    void (async () => {
      const { resourceSpans = [], resourceMetrics = [] } = await readJson(request);
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      for (const { scopeMetrics } of resourceMetrics) {
        for (const { name } of scopeMetrics.flatMap((scope) => scope.metrics)) metrics.add(name);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans: (): readonly Span[] => spans,
    metrics: (): ReadonlySet<string> => metrics,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Otlp {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

async function readJson(request: IncomingMessage): Promise<Otlp> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Otlp;
}
