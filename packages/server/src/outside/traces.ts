import { AsyncLocalStorage } from 'node:async_hooks';

/** W3C Trace Context, as it comes in a request's headers or in an MCP request's `_meta`, and goes on to upstreams. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span that is being recorded, as OpenTelemetry sees it. */
export interface RecordedSpan {
  readonly context: TraceContext;
  /** Adds attributes; with a name, the span has it from now on. */
  readonly set: (attributes: Attributes, name?: string) => void;
  readonly event: (name: string) => void;
  readonly fail: (message: string) => void;
  readonly end: () => void;
}

/** What records spans: OpenTelemetry where OTEL_* asks for it, and nothing otherwise. */
export interface Tracer {
  readonly start: (
    name: string,
    options: {
      readonly kind: 'server' | 'client' | 'internal';
      readonly attributes: Attributes;
      readonly parent: TraceContext | undefined;
    },
  ) => RecordedSpan;
}

/** What a request leaves in traces. Where nothing is recorded, a caller's context is still handed on to upstreams. */
export interface Traces {
  readonly recording: boolean;
  /** Begins the trace of a request, under the context that its caller sent. `request` is any object that stands for it. */
  readonly begin: (request: object, incoming: TraceContext | undefined, name: string) => void;
  /** Runs what answers the request, so that the steps below belong to it. */
  readonly within: (request: object, work: () => void) => void;
  /** Ends it. */
  readonly served: (request: object, attributes: Attributes, failed: boolean) => void;
  /**
   * A step of the present request, or of the caller's own trace if one is given. `work` may write on its span. What is at
   * hand comes back at once where nothing is recorded.
   */
  readonly step: <Found>(options: Step, work: (span: StepSpan) => Found) => Found | Promise<Awaited<Found>>;
  /** The headers by which an upstream joins the trace. */
  readonly outgoing: () => Readonly<Record<string, string>>;
}

export interface Step {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes: Attributes;
  readonly parent?: TraceContext | undefined;
}

export type StepSpan = Pick<RecordedSpan, 'set' | 'event' | 'fail'>;

interface Scope {
  readonly parent: TraceContext | undefined;
  readonly span: RecordedSpan | undefined;
}

const nothing: StepSpan = { set: () => {}, event: () => {}, fail: () => {} };

export function createTraces(tracer: Tracer | undefined): Traces {
  const present = new AsyncLocalStorage<Scope>();
  const requests = new WeakMap<object, Scope>();
  const record = async <Found>(
    recorder: Tracer,
    { name, kind, attributes, parent }: Step,
    work: (span: StepSpan) => Found,
  ): Promise<Awaited<Found>> => {
    const scope = present.getStore();
    const span = recorder.start(name, { kind, attributes, parent: parent ?? scope?.span?.context ?? scope?.parent });
    try {
      return await present.run({ parent: undefined, span }, () => work(span));
    } catch (error) {
      span.fail(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      span.end();
    }
  };
  return {
    recording: tracer !== undefined,
    begin(request, parent, name) {
      // Without a recorder and without a context there is nothing to carry.
      if (tracer === undefined && parent === undefined) return;
      const span = tracer?.start(name, { kind: 'server', attributes: {}, parent });
      requests.set(request, { parent, span });
    },
    within(request, work) {
      const scope = requests.get(request);
      if (scope === undefined) work();
      else present.run(scope, work);
    },
    served(request, attributes, failed) {
      const span = requests.get(request)?.span;
      span?.set(attributes);
      if (failed) span?.fail('');
      span?.end();
    },
    step(options, work) {
      const { parent } = options;
      if (tracer !== undefined) return record(tracer, options, work);
      return parent === undefined ? work(nothing) : present.run({ parent, span: undefined }, () => work(nothing));
    },
    outgoing() {
      const scope = present.getStore();
      const context = scope?.span?.context ?? scope?.parent;
      if (context === undefined) return {};
      const { traceparent, tracestate } = context;
      return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
    },
  };
}

/**
 * A trace context as it came from outside; undefined where it is none. W3C Trace Context §3.2, §3.3: a traceparent that
 * cannot be read takes its tracestate with it.
 */
export function parseTraceContext(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || !/^(?!ff)[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent)) {
    return undefined;
  }
  const [, traceId = '', spanId = ''] = traceparent.split('-');
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const readable = typeof tracestate === 'string' && tracestate.length <= 512 && /^[\x20-\x7e]+$/.test(tracestate);
  return readable ? { traceparent, tracestate } : { traceparent };
}
