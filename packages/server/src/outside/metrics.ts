import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Everything that is counted. Labels have few values: a route, a source, an audience; never a user. */
export interface Metrics {
  readonly request: (labels: { method: string; route: string; status: string }, durationSeconds: number) => void;
  readonly toolCall: (labels: { source: string; door: string; outcome: string }) => void;
  readonly exchange: (labels: { audience: string; outcome: string }, durationSeconds: number) => void;
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

/** `breakerState` is read at each scrape: 0 closed, 1 half open, 2 open. */
export function createMetrics(breakerState: () => number): Metrics {
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
  const exchanges = new Histogram({
    name: 'keyturn_token_exchange_duration_seconds',
    help: 'Token exchanges at the identity provider, by audience and outcome. Cache hits are not exchanges.',
    labelNames: ['audience', 'outcome'] as const,
    buckets: seconds,
    registers,
  });
  const hits = new Counter({
    name: 'keyturn_token_exchange_cache_hits_total',
    help: 'Upstream tokens served from the cache, by audience.',
    labelNames: ['audience'] as const,
    registers,
  });
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
        this.set(breakerState());
      },
    }),
  );
  return {
    request: (labels, duration) => requests.observe(labels, duration),
    toolCall: (labels) => calls.inc(labels),
    exchange: (labels, duration) => exchanges.observe(labels, duration),
    exchangeCacheHit: (audience) => hits.inc({ audience }),
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
