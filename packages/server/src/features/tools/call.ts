import type { GuardedFetch } from '@keyturn/net';
import { type Bytes, type Json, type Milliseconds, ok, type Result, refuse } from '@keyturn/protocol';
import { type BuildRefusal, buildRequest, checkArguments, readResponse, type ToolResult } from '@keyturn/tools';
import type { Bearer } from '../../http/bearer.ts';
import type { House } from '../../http/pass.ts';
import type { Approved, HopTarget, Resource } from '../../http/rooms.ts';
import type { CatalogueEntry, ToolSource } from './catalogue.ts';
import type { ToolRefusal } from './refusals.ts';

export interface ToolCallParts {
  readonly house: Pick<House, 'nextHop' | 'forgetHop'>;
  readonly fetch: GuardedFetch;
  readonly allowPassthrough: boolean;
  /** Bytes of an upstream's answer that are read. */
  readonly responseLimit: Bytes;
  readonly timeout: Milliseconds;
}

/**
 * Calls one tool as an approved caller: arguments checked, a token for the source's audience, one request, one answer.
 * The caller's own token goes no further than the exchange, unless passthrough was allowed three times over.
 */
export async function callTool(
  parts: ToolCallParts,
  approved: Approved,
  entry: CatalogueEntry,
  given: Json | undefined,
  door: Resource,
  signal?: AbortSignal,
): Promise<Result<ToolResult, ToolRefusal>> {
  const { tool, source } = entry;
  const checked = checkArguments(tool, given ?? {});
  if (!checked.ok) return refuse({ why: 'bad-arguments', faults: checked.refusal });
  const outbound = buildRequest(tool, checked.value);
  if (!outbound.ok) return refuse(refusedRequest(outbound.refusal, source.slug));

  const send = async (bearer: Bearer) =>
    parts.fetch(outbound.value.url, {
      method: outbound.value.method,
      headers: { ...outbound.value.headers, authorization: `Bearer ${bearer.reveal()}` },
      ...(outbound.value.body === undefined ? {} : { body: outbound.value.body }),
      maxBytes: parts.responseLimit,
      timeout: parts.timeout,
      ...(signal === undefined ? {} : { signal }),
    });

  const target = hopTarget(source);
  if (target === undefined) {
    const missing = missingForPassthrough(source, parts.allowPassthrough, door);
    if (missing !== undefined) return refuse({ why: 'passthrough-not-allowed', source: source.slug, missing });
    return read(entry, await send(approved.caller.bearer));
  }
  const token = await parts.house.nextHop(approved, target);
  if (!token.ok) return refuse({ why: 'house', refusal: token.refusal });
  const answer = await send(token.value.bearer);
  if (!answer.ok || answer.value.status !== 401 || !token.value.fromCache) return read(entry, answer);

  // The upstream no longer takes a token that the cache still had (keys rotated, session ended): one fresh try. A token
  // that was fresh is not asked for again, or an upstream that refuses everybody would cost an exchange a call.
  parts.house.forgetHop(approved, target);
  const fresh = await parts.house.nextHop(approved, target);
  if (!fresh.ok) return refuse({ why: 'house', refusal: fresh.refusal });
  return read(entry, await send(fresh.value.bearer));
}

function refusedRequest(refusal: BuildRefusal, source: string): ToolRefusal {
  return refusal.why === 'arguments'
    ? { why: 'bad-arguments', faults: refusal.faults }
    : { why: 'no-server', source, message: refusal.message };
}

function read(entry: CatalogueEntry, answer: Awaited<ReturnType<GuardedFetch>>): Result<ToolResult, ToolRefusal> {
  if (!answer.ok) return refuse({ why: 'upstream-unreachable', source: entry.source.slug, refusal: answer.refusal });
  const { status, headers, body } = answer.value;
  return ok(readResponse(entry.tool, { status, headers, body }));
}

function hopTarget(source: ToolSource): HopTarget | undefined {
  const { defaultAudience, requiredScopes } = source;
  return defaultAudience === undefined ? undefined : { audience: defaultAudience, scopes: requiredScopes };
}

/** MCP forbids token passthrough outright; REST allows it where both the source and the operator say so. */
function missingForPassthrough(
  source: ToolSource,
  allowedByOperator: boolean,
  door: Resource,
): 'door' | 'source' | 'operator' | undefined {
  if (door === 'mcp') return 'door';
  if (source.passthrough !== 'allowed') return 'source';
  return allowedByOperator ? undefined : 'operator';
}
