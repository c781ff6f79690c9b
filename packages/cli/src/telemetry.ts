import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Attributes, Meter, Settings, Telemetry, TraceContext, Tracer } from '@keyturn/server';
import { CommandFailure, type Io } from './io.ts';

// As much of OpenTelemetry's API as is used. Its packages are no dependency: they are loaded where they are wanted.
interface OtelSpan {
  spanContext(): { traceId: string; spanId: string; traceFlags: number; traceState?: { serialize(): string } };
  setAttributes(attributes: Attributes): void;
  updateName(name: string): void;
  addEvent(name: string): void;
  setStatus(status: { code: number; message?: string }): void;
  end(): void;
}
interface Instrument {
  add(value: number, attributes: Attributes): void;
  record(value: number, attributes: Attributes): void;
  addCallback(read: (result: { observe(value: number, attributes: Attributes): void }) => void): void;
}
type MakeInstrument = (name: string, options: { description: string; unit?: string }) => Instrument;
interface OtelApi {
  readonly ROOT_CONTEXT: object;
  readonly trace: {
    getTracer(name: string): { startSpan(name: string, options: object, context: object): OtelSpan };
    setSpanContext(context: object, span: object): object;
  };
  readonly metrics: {
    getMeter(name: string): {
      createCounter: MakeInstrument;
      createHistogram: MakeInstrument;
      createObservableGauge: MakeInstrument;
    };
  };
  readonly createTraceState: (raw: string) => object;
}
interface OtelSdk {
  readonly NodeSDK: new (options: { serviceName: string }) => { start(): void; shutdown(): Promise<void> };
}

/** Environment names that ask for traces or metrics, beside the endpoint that is a setting too. */
const asking = [
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
  'OTEL_TRACES_EXPORTER',
  'OTEL_METRICS_EXPORTER',
];

/**
 * OpenTelemetry, where the settings or OTEL_* ask for it; undefined, and nothing loaded, where they do not. The packages
 * are looked for beside Keyturn and then in the folder it runs in; where they are missing the start fails and says how to
 * add them: silence would look like an upstream that is never called.
 */
export async function openTelemetry(
  settings: Settings['telemetry'],
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
): Promise<Telemetry | undefined> {
  const asked = settings.endpoint !== undefined || asking.some((name) => (env[name] ?? 'none') !== 'none');
  if (!asked || env['OTEL_SDK_DISABLED'] === 'true') return undefined;
  const [api, sdk] = [
    await load<OtelApi>('@opentelemetry/api', cwd),
    await load<OtelSdk>('@opentelemetry/sdk-node', cwd),
  ];
  // The SDK reads the environment of its process and takes its settings from nowhere else: so what the file says, and
  // what Keyturn does not use (logs), is written there. What is there already stays.
  const defaults: Record<string, string | undefined> = {
    OTEL_EXPORTER_OTLP_ENDPOINT: settings.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'none',
  };
  for (const [name, value] of Object.entries(defaults)) if (value !== undefined) process.env[name] ??= value;
  const running = new sdk.NodeSDK({ serviceName: settings.serviceName });
  running.start();
  return { tracer: tracerOf(api), meter: meterOf(api), close: () => running.shutdown() };
}

async function load<Module>(name: string, cwd: string): Promise<Module> {
  const places = [import.meta.url, pathToFileURL(join(cwd, 'package.json')).href];
  for (const place of places) {
    try {
      const path = createRequire(place).resolve(name);
      // Foreign, and not there to be typed; the interfaces above say what is used of it.
      const found = (await import(pathToFileURL(path).href)) as Module & { default?: Module };
      return { ...found.default, ...found };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error;
    }
  }
  throw new CommandFailure(
    `telemetry is asked for (OTEL_*), and ${name} is not installed. It is no part of Keyturn: npm install @opentelemetry/api @opentelemetry/sdk-node, here or beside Keyturn, or take the OTEL_* settings away.`,
    2,
  );
}

function tracerOf({ trace, ROOT_CONTEXT, createTraceState }: OtelApi): Tracer {
  const tracer = trace.getTracer('keyturn');
  const kinds = { internal: 0, server: 1, client: 2 };
  return {
    start(name, { kind, attributes, parent }) {
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, context);
      return {
        context: contextOf(span),
        set(more, renamed) {
          span.setAttributes(more);
          if (renamed !== undefined) span.updateName(renamed);
        },
        event: (what) => span.addEvent(what),
        fail: (message) => span.setStatus({ code: 2, ...(message === '' ? {} : { message }) }),
        end: () => span.end(),
      };
    },
  };
  function remote({ traceparent, tracestate }: TraceContext): object {
    const [, traceId, spanId, flags = '00'] = traceparent.split('-');
    const traceState = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) };
    return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, ...traceState };
  }
}

function contextOf(span: OtelSpan): TraceContext {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  return traceState === undefined ? { traceparent } : { traceparent, tracestate: traceState.serialize() };
}

function meterOf({ metrics }: OtelApi): Meter {
  const meter = metrics.getMeter('keyturn');
  return {
    count(name, description) {
      const counter = meter.createCounter(name, { description });
      return (attributes) => counter.add(1, attributes);
    },
    measure(name, description) {
      const histogram = meter.createHistogram(name, { description, unit: 's' });
      return (seconds, attributes) => histogram.record(seconds, attributes);
    },
    watch(name, description, read) {
      const gauge = meter.createObservableGauge(name, { description });
      gauge.addCallback((result) => {
        for (const { value, attributes } of read()) result.observe(value, attributes);
      });
    },
  };
}
