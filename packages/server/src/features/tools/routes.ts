import { ok } from '@keyturn/protocol';
import { z } from 'zod';
import type { Frame } from '../../http/frame.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { type Toolbox, toolCall } from './toolbox.ts';

const executeSchema = z.strictObject({
  tool_id: z.string().min(1).max(300),
  arguments: z.record(z.string(), z.json()).optional(),
});

/** The tool API of seed 003: GET /api/v1/tools and POST /api/v1/tools/execute. */
export function mountTools(frame: Frame, toolbox: Toolbox): void {
  frame.route({
    method: 'GET',
    path: '/api/v1/tools',
    action: () => ({ kind: 'tool.list' }),
    handle: async ({ approved }) =>
      ok({
        outcome: 'allowed',
        answer: { status: 200, body: { tools: toolbox.list(approved.caller).map(describeTool) } },
      }),
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/tools/execute',
    body: executeSchema,
    action: ({ caller, body }) => toolCall(toolbox.find(caller, body.tool_id, 'rest'), body.arguments),
    check: ({ caller, body, action }) =>
      toolbox.check(caller, toolbox.find(caller, body.tool_id, 'rest'), action, body.arguments, 'rest'),
    handle: async ({ approved, body, signal }) => {
      const entry = toolbox.find(approved.caller, body.tool_id, 'rest');
      const called = await toolbox.call(approved, entry, body.tool_id, { door: 'rest', signal });
      if (!called.ok) return called;
      const { answer, outcome, reason } = called.value;
      const { result } = answer;
      return ok({
        outcome,
        ...(reason === undefined ? {} : { reason }),
        answer: {
          status: 200,
          body: {
            tool_id: answer.entry.tool.id,
            status: outcome === 'allowed' ? 'completed' : 'failed',
            upstream_status: result.status,
            result: result.value ?? result.text ?? result.binary ?? null,
            error: outcome === 'failed' ? `The upstream ${answer.entry.source.slug} answered ${result.status}.` : null,
            ...(result.truncated === undefined ? {} : { truncated: result.truncated }),
            execution_time_ms: answer.milliseconds,
          },
        },
      });
    },
  });
}

/** A tool as the API lists it; member names as in seed 003. */
function describeTool({ tool, source }: CatalogueEntry): Record<string, unknown> {
  return {
    tool_id: tool.id,
    mcp_name: tool.mcpName,
    name: tool.operationId,
    description: tool.description,
    method: tool.method,
    path: tool.path,
    source: source.slug,
    required_audience: source.defaultAudience ?? null,
    input_schema: tool.inputSchema,
  };
}
