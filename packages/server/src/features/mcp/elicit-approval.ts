import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import type { Problem } from '../../http/problem.ts';

/**
 * Shows the person at the client the page of the request that waits for people, where the client can open pages (URL
 * mode elicitation, MCP 2026-07-28); undefined where it cannot. The page asks who is there: opening it approves nothing.
 * The client then sends the same call again, which is all the state there is.
 */
export function elicitApproval(problem: Problem, capabilities: JsonObject, publicUrl: string): JsonObject | undefined {
  const { elicitation } = capabilities;
  const url = problem.headers?.['location'];
  const request = problem.facts?.['request'];
  if (!isJsonObject(elicitation) || elicitation['url'] === undefined) return undefined;
  if (url === undefined || !URL.canParse(url, publicUrl) || typeof request !== 'string') return undefined;
  const params = { mode: 'url', url: new URL(url, publicUrl).href, elicitationId: request, message: problem.detail };
  return { resultType: 'input_required', inputRequests: { approval: { method: 'elicitation/create', params } } };
}
