import type { Breaker } from '@keyturn/exchange';
import { explainNetRefusal, type GuardedFetch } from '@keyturn/net';
import { milliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import { describeCounts, healthOf } from './describe.ts';
import type { SourceParts } from './parts.ts';
import type { SourceRefusal } from './refusals.ts';
import type { Source } from './source.ts';

/** How long each address has to answer. */
const patience = milliseconds(5000);

/** Whether something answers at an address, whatever it answers. */
interface Reached {
  readonly reachable: boolean;
  readonly address: string;
  readonly status?: number;
  readonly error?: string;
}

/**
 * How a source is, asked now: whether its document can be fetched and its upstream answers (any answer will do, and no
 * credential is sent), what its breaker does, and how the last sync went.
 */
export async function checkHealth(
  parts: SourceParts,
  id: string,
  breakerOf: (id: string) => Breaker,
): Promise<Result<Record<string, unknown>, SourceRefusal>> {
  const source = await parts.repository.byId(id);
  if (source === undefined) return refuse({ why: 'unknown-source' });
  const counts = (await parts.repository.counts()).get(id);
  const upstreams = await upstreamsOf(parts, source);
  const [document, ...reached] = await Promise.all([
    source.url === undefined ? undefined : reach(parts.fetch, source.url),
    ...upstreams.map((address) => reach(parts.fetch, address)),
  ]);
  const breaker = breakerOf(id);
  const faults = [
    ...(document?.reachable === false ? ['document'] : []),
    ...(reached.some((upstream) => upstream !== undefined && !upstream.reachable) ? ['upstream'] : []),
    ...(breaker.state === 'closed' ? [] : ['breaker']),
    ...(source.failures === 0 ? [] : ['sync']),
  ];
  const isDown = faults.includes('upstream') || breaker.state === 'open';
  return ok({
    id: source.id,
    slug: source.slug,
    status: faults.length === 0 ? 'healthy' : isDown ? 'unhealthy' : 'degraded',
    faults,
    is_enabled: source.enabled,
    document: document ?? null,
    upstream: reached.filter((upstream) => upstream !== undefined),
    breaker: { state: breaker.state, retry_after: breaker.retryAfter },
    last_sync: describeSync(source),
    tool_counts: describeCounts(counts),
  });
}

function describeSync(source: Source): Record<string, unknown> | null {
  const { lastSync, failures } = source;
  if (lastSync === undefined) return null;
  return {
    at: new Date(lastSync.at).toISOString(),
    outcome: lastSync.outcome,
    code: lastSync.code ?? null,
    error: lastSync.detail ?? null,
    consecutive_failures: failures,
    health_status: healthOf(source),
  };
}

/** The origins at which tools of this source are called; a few, or else a document could make Keyturn knock at many doors. */
async function upstreamsOf(parts: SourceParts, source: Source): Promise<readonly string[]> {
  if (source.sourceType === 'mcp') return [];
  if (source.serverUrl !== undefined) return [new URL(source.serverUrl).origin];
  const heads = await parts.repository.heads(source.id);
  const origins = heads.filter(({ gone, origin }) => !gone && origin !== '').map(({ origin }) => origin);
  return [...new Set(origins)].slice(0, 5);
}

async function reach(fetch: GuardedFetch, address: string): Promise<Reached> {
  const origin = new URL(address).origin;
  const answer = await fetch(address, { method: 'HEAD', timeout: patience });
  if (answer.ok) return { reachable: true, address: origin, status: answer.value.status };
  // It answers, and says to look elsewhere.
  if (answer.refusal.why === 'redirect') return { reachable: true, address: origin, status: answer.refusal.status };
  return { reachable: false, address: origin, error: explainNetRefusal(answer.refusal) };
}
