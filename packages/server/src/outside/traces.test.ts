import { ok } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import { traceFetch } from './traced-fetch.ts';
import { createTraces, parseTraceContext, type RecordedSpan, type Tracer } from './traces.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Keeps what is written, as OpenTelemetry would. */
function recorder() {
  const spans: { name: string; parent: string | undefined; events: string[]; failed: boolean; ended: boolean }[] = [];
  const tracer: Tracer = {
    start(name, { parent }) {
      const span = { name, parent: parent?.traceparent, events: [] as string[], failed: false, ended: false };
      spans.push(span);
      const id = String(spans.length).padStart(16, '0');
      const recorded: RecordedSpan = {
        context: { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${id}-01` },
        set: (_attributes, renamed) => void (span.name = renamed ?? span.name),
        event: (what) => void span.events.push(what),
        fail: () => void (span.failed = true),
        end: () => void (span.ended = true),
      };
      return recorded;
    },
  };
  return { spans, tracer };
}

describe('a trace context', () => {
  it('is read by its form and by nothing else', () => {
    expect(parseTraceContext(traceparent, 'a=1')).toEqual({ traceparent, tracestate: 'a=1' });
    expect(parseTraceContext(traceparent, 'a=\n')).toEqual({ traceparent });
    const wrong = [
      undefined,
      '',
      'x',
      traceparent.toUpperCase(),
      `ff${traceparent.slice(2)}`,
      `${traceparent}-x`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
      `${traceparent}\r\nx: y`,
    ];
    for (const text of wrong) expect(parseTraceContext(text, 'a=1'), text).toBeUndefined();
  });

  it('goes on to the upstream as it came where nothing is recorded', async () => {
    const traces = createTraces(undefined);
    const request = {};
    traces.begin(request, parseTraceContext(traceparent, 'a=1'), 'POST /x');
    const sent = Promise.withResolvers<Readonly<Record<string, string>>>();
    traces.within(request, () => void Promise.resolve().then(() => sent.resolve(traces.outgoing())));
    expect(await sent.promise).toEqual({ traceparent, tracestate: 'a=1' });
    expect(traces.outgoing()).toEqual({});
  });
});

describe('a recorded trace', () => {
  it('holds a span for the request, its steps and its calls, each below the other', async () => {
    const { spans, tracer } = recorder();
    const traces = createTraces(tracer);
    const headers: Readonly<Record<string, string>>[] = [];
    const fetch = traceFetch(
      Object.assign(
        async (_url: string | URL, request?: { headers?: Readonly<Record<string, string>> }) => {
          headers.push(request?.headers ?? {});
          return ok({ status: 500 } as never);
        },
        { close: async () => {}, [Symbol.asyncDispose]: async () => {} },
      ),
      traces,
    );
    const request = {};
    const done = Promise.withResolvers<void>();
    traces.begin(request, { traceparent }, 'POST /mcp');
    traces.within(request, () => {
      void traces
        .step({ name: 'exchange_token', kind: 'internal', attributes: {} }, async (span) => {
          span.event('Performing token exchange');
          return fetch('https://upstream.example/secret/path', { headers: { accept: '*/*' } });
        })
        .then(() => done.resolve());
    });
    await done.promise;
    traces.served(request, {}, false);
    expect(spans).toMatchObject([
      { name: 'POST /mcp', parent: traceparent, ended: true, failed: false },
      { name: 'exchange_token', parent: expect.stringContaining('0001-01'), events: ['Performing token exchange'] },
      { name: 'GET', parent: expect.stringContaining('0002-01'), failed: true, ended: true },
    ]);
    expect(headers).toEqual([{ accept: '*/*', traceparent: expect.stringContaining('0003-01') }]);
  });

  it('belongs to the client’s own trace where a step is told which', async () => {
    const { spans, tracer } = recorder();
    const parent = { traceparent };
    const failing = createTraces(tracer).step(
      { name: 'tools/call', kind: 'server', attributes: {}, parent },
      async () => {
        throw new Error('broken');
      },
    );
    await expect(failing).rejects.toThrow('broken');
    expect(spans).toMatchObject([{ parent: traceparent, failed: true, ended: true }]);
  });
});
