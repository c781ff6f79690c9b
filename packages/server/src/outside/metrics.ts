import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Attributes } from './traces.ts';

/** Where numbers go beside /metrics: OpenTelemetry's meter where OTEL_* asks for it. */
export interface Meter {
  readonly count: (name: string, description: string) => (attributes: Attributes) => void;
  /** In seconds. */
  readonly measure: (name: string, description: string) => (seconds: number, attributes: Attributes) => void;
  /** Read whenever the meter wants to know. */
  readonly watch: (name: string, description: string, read: () => readonly Watched[]) => void;
}

export interface Watched {
  readonly value: number;
  readonly attributes: Attributes;
}

/** A breaker as metrics show it. */
export interface WatchedBreaker {
  /** `token_endpoint`, or the slug of a source. */
  readonly name: string;
  readonly state: 'closed' | 'half-open' | 'open';
}

/** Everything that is counted. Labels have few values: a route, a source, an audience; never a user. */
export interface Metrics {
  readonly request: (labels: { method: string; route: string; status: string }, durationSeconds: number) => void;
  readonly toolCall: (labels: { source: string; door: string; outcome: string }) => void;
  /** One exchange at the identity provider; `error` is why it failed. */
  readonly exchange: (labels: { audience: string; error?: string }, durationSeconds: number) => void;
  /** A breaker has opened. */
  readonly breakerOpened: (name: string) => void;
  /** One MCP request of this method; of a tool, with its name. */
  readonly mcpOperation: (
    labels: { method: string; tool?: string | undefined; error?: string | undefined },
    durationSeconds: number,
  ) => void;
  readonly exchangeCacheHit: (audience: string) => void;
  readonly tokenRefused: (why: string) => void;
  /** A proxy's question: by which door, and `allowed` or the code of the refusal. */
  readonly edgeCheck: (labels: { door: string; outcome: string }) => void;
  /** A login in the browser: `ok`, `denied`, `refused` or `unreachable`. */
  readonly login: (outcome: string) => void;
  /** An attempt to come in without the identity provider: `ok`, `refused` or `limited`. */
  readonly breakGlass: (outcome: string) => void;
  /** A look at everybody's groups: `ok` or `failed`. */
  readonly groupSync: (outcome: string, durationSeconds: number) => void;
  /** Prometheus text format, with its content type. */
  readonly render: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

/**
 * `breakers` is read at each scrape; the first is the token endpoint's. What seed 003 names has its name in Prometheus'
 * form (`tools_provider_token_exchange_count_total`), and as it stands (`tools_provider.token_exchange.count`) where there
 * is a meter.
 */
export function createMetrics(breakers: () => readonly WatchedBreaker[], meter?: Meter): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const requests = new Histogram({
    name: 'keyturn_http_request_duration_seconds',
    help: 'Requests answered, by route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: seconds,
    registers,
  });
  const calls = new Counter({
    name: 'keyturn_tool_calls_total',
    help: 'Tool calls, by source, door (rest or mcp) and outcome.',
    labelNames: ['source', 'door', 'outcome'] as const,
    registers,
  });
  const exchangeHelp = {
    count: 'Token exchanges at the identity provider. Cache hits are not exchanges.',
    duration: 'How long token exchanges at the identity provider took, in seconds.',
    errors: 'Token exchanges that failed, by type.',
    hits: 'Upstream tokens served from the cache.',
  };
  const exchanges = new Counter({
    name: 'tools_provider_token_exchange_count_total',
    help: exchangeHelp.count,
    labelNames: ['audience'] as const,
    registers,
  });
  const exchangeDurations = new Histogram({
    name: 'tools_provider_token_exchange_duration_seconds',
    help: exchangeHelp.duration,
    labelNames: ['audience'] as const,
    buckets: seconds,
    registers,
  });
  const exchangeErrors = new Counter({
    name: 'tools_provider_token_exchange_errors_total',
    help: exchangeHelp.errors,
    labelNames: ['audience', 'error'] as const,
    registers,
  });
  // Counted by hand, as the edge's checks below: a hit is so short that finding its counter would show.
  const hits = new Map<string, number>();
  registry.registerMetric(
    new Counter({
      name: 'tools_provider_token_exchange_cache_hits_total',
      help: exchangeHelp.hits,
      labelNames: ['audience'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const [audience, count] of hits) this.inc({ audience }, count);
      },
    }),
  );
  const opens = new Counter({
    name: 'tools_provider_circuit_breaker_opens_total',
    help: 'How often a breaker opened: that of the token endpoint, or of a source.',
    labelNames: ['breaker'] as const,
    registers,
  });
  const operations = new Histogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'MCP requests, by method; failed ones with the kind of error.',
    labelNames: ['mcp_method_name', 'error_type'] as const,
    buckets: seconds,
    registers,
  });
  // 1 until it is closed again: half open, it still guards.
  const isOpen = ({ state }: WatchedBreaker): number => (state === 'closed' ? 0 : 1);
  const otel = {
    exchange: meter?.count('tools_provider.token_exchange.count', exchangeHelp.count),
    duration: meter?.measure('tools_provider.token_exchange.duration', exchangeHelp.duration),
    error: meter?.count('tools_provider.token_exchange.errors', exchangeHelp.errors),
    hit: meter?.count('tools_provider.token_exchange.cache_hits', exchangeHelp.hits),
    opened: meter?.count('tools_provider.circuit_breaker.opens', 'How often a breaker opened.'),
    request: meter?.measure('http.server.request.duration', 'Requests answered.'),
    operation: meter?.measure('mcp.server.operation.duration', 'MCP requests, by method and tool.'),
  };
  meter?.watch('tools_provider.circuit_breaker.state', 'Whether a breaker is open: 0 closed, 1 open.', () =>
    breakers().map((breaker) => ({ value: isOpen(breaker), attributes: { breaker: breaker.name } })),
  );
  const refused = new Counter({
    name: 'keyturn_tokens_refused_total',
    help: 'Callers’ tokens refused, by reason.',
    labelNames: ['why'] as const,
    registers,
  });
  const logins = new Counter({
    name: 'keyturn_logins_total',
    help: 'Logins in the browser, by outcome (ok, denied, refused, unreachable).',
    labelNames: ['outcome'] as const,
    registers,
  });
  const breakGlass = new Counter({
    name: 'keyturn_break_glass_total',
    help: 'Attempts to come in without the identity provider, by outcome (ok, refused, limited). Alert on any.',
    labelNames: ['outcome'] as const,
    registers,
  });
  const groupSyncs = new Histogram({
    name: 'keyturn_group_sync_duration_seconds',
    help: 'Looks at the groups of all users through the admin API, by outcome (ok, failed).',
    labelNames: ['outcome'] as const,
    buckets: [0.1, 0.5, 1, 2.5, 5, 10, 20, 60],
    registers,
  });
  // Counted by hand and handed over at each scrape: a proxy's check is so short that finding its counter would show.
  const checks = new Map<string, { readonly labels: { door: string; outcome: string }; count: number }>();
  registry.registerMetric(
    new Counter({
      name: 'keyturn_edge_checks_total',
      help: 'Checks for proxies, by door (grpc, envoy, nginx, traefik, caddy) and outcome.',
      labelNames: ['door', 'outcome'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const { labels, count } of checks.values()) this.inc(labels, count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'keyturn_circuit_breaker_state',
      help: 'Breaker of the token endpoint: 0 closed, 1 half open, 2 open.',
      registers: [],
      collect() {
        this.set(['closed', 'half-open', 'open'].indexOf(breakers()[0]?.state ?? 'closed'));
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'tools_provider_circuit_breaker_state',
      help: 'Whether a breaker is open (0 closed, 1 open): that of the token endpoint, or of a source.',
      labelNames: ['breaker'] as const,
      registers: [],
      collect() {
        this.reset();
        for (const breaker of breakers()) this.set({ breaker: breaker.name }, isOpen(breaker));
      },
    }),
  );
  return {
    request(labels, duration) {
      requests.observe(labels, duration);
      otel.request?.(duration, {
        'http.request.method': labels.method,
        'http.route': labels.route,
        'http.response.status_code': Number(labels.status),
      });
    },
    toolCall: (labels) => calls.inc(labels),
    exchange({ audience, error }, duration) {
      exchanges.inc({ audience });
      exchangeDurations.observe({ audience }, duration);
      otel.exchange?.({ audience });
      otel.duration?.(duration, { audience });
      if (error === undefined) return;
      exchangeErrors.inc({ audience, error });
      otel.error?.({ audience, 'error.type': error });
    },
    exchangeCacheHit(audience) {
      hits.set(audience, (hits.get(audience) ?? 0) + 1);
      otel.hit?.({ audience });
    },
    breakerOpened(breaker) {
      opens.inc({ breaker });
      otel.opened?.({ breaker });
    },
    mcpOperation({ method, tool, error }, duration) {
      operations.observe({ mcp_method_name: method, error_type: error ?? '' }, duration);
      otel.operation?.(duration, {
        'mcp.method.name': method,
        ...(tool === undefined ? {} : { 'gen_ai.tool.name': tool, 'gen_ai.operation.name': 'execute_tool' }),
        ...(error === undefined ? {} : { 'error.type': error }),
      });
    },
    tokenRefused: (why) => refused.inc({ why }),
    edgeCheck({ door, outcome }) {
      const key = `${door} ${outcome}`;
      const seen = checks.get(key);
      if (seen === undefined) checks.set(key, { labels: { door, outcome }, count: 1 });
      else seen.count += 1;
    },
    login: (outcome) => logins.inc({ outcome }),
    breakGlass: (outcome) => breakGlass.inc({ outcome }),
    groupSync: (outcome, duration) => groupSyncs.observe({ outcome }, duration),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
