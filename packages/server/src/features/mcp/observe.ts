import { type Clock, isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { Problem } from '../../http/problem.ts';
import type { Metrics } from '../../outside/metrics.ts';
import { parseTraceContext, type Traces } from '../../outside/traces.ts';
import type { McpCallContext } from './context.ts';
import type { Answer } from './web.ts';

export interface Observing {
  readonly clock: Clock;
  readonly traces: Traces;
  readonly count: Metrics['mcpOperation'];
}

type Note = Parameters<McpCallContext['note']>[0];

/**
 * Answers one MCP request in a span named `{method} {tool}`, under the client's own trace if `_meta` names one, and counts
 * it. Names by OpenTelemetry's semantic conventions for MCP (in development there; they stand in this file only).
 */
export async function observe<Answered extends Problem | Answer>(
  body: unknown,
  { clock, traces, count }: Observing,
  work: (note: McpCallContext['note']) => Promise<Answered>,
): Promise<Answered> {
  const message = isJsonObject(body) ? body : {};
  const { method: given } = message;
  const method = typeof given === 'string' && knownMethods.has(given) ? given : 'other';
  const params = isJsonObject(message['params']) ? message['params'] : {};
  const startedAt = clock();
  const attributes = { 'mcp.method.name': method, 'network.protocol.name': 'http' };
  return traces.step({ name: method, kind: 'server', attributes, parent: contextOf(params) }, async (span) => {
    let noted: Note = {};
    const answered = await work((facts) => (noted = facts));
    const { tool } = noted;
    const error = noted.error ?? ('code' in answered ? answered.code : undefined);
    if (tool !== undefined)
      span.set({ 'gen_ai.tool.name': tool, 'gen_ai.operation.name': 'execute_tool' }, `${method} ${tool}`);
    if (error !== undefined) {
      span.set({ 'error.type': error });
      span.fail(error);
    }
    count({ method, tool, error }, (clock() - startedAt) / 1000);
    return answered;
  });
}

function contextOf(params: JsonObject) {
  const meta = isJsonObject(params['_meta']) ? params['_meta'] : undefined;
  return meta === undefined ? undefined : parseTraceContext(meta['traceparent'], meta['tracestate']);
}

const knownMethods: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tasks/cancel',
  'tasks/get',
  'tasks/update',
  'tools/call',
  'tools/list',
]);
