import { type JsonObject, ok, type Result, refuse } from '@keyturn/protocol';
import type { FieldFault } from '../../http/problem.ts';
import { bind } from './binding.ts';
import { canonicalArguments } from './body.ts';
import { differenceOf } from './difference.ts';
import type { EditedCall } from './life.ts';
import type { RequestRefusal } from './refusals.ts';
import type { AgentRequest } from './request.ts';

/** What an edit makes of a call: other arguments, so another digest; and the difference, for all to see. */
export function editOf(
  request: AgentRequest,
  parameters: JsonObject,
  check: (tool: string, args: JsonObject) => readonly FieldFault[],
): Result<EditedCall | undefined, RequestRefusal> {
  const args = canonicalArguments(parameters);
  if (args === undefined) {
    return refuse({ why: 'bad-edit', faults: [{ field: '/parameters', message: 'has no canonical form (RFC 8785)' }] });
  }
  const changes = differenceOf(request.call.args, args);
  if (changes.length === 0) return ok(undefined);
  const faults = request.call.tool === undefined ? [] : check(request.call.tool, args);
  if (faults.length > 0) return refuse({ why: 'bad-edit', faults });
  const { spec } = request.call;
  const call = { ...request.call, args, ...(spec === undefined ? {} : { spec: { ...spec, parameters: args } }) };
  const { digest, callKey } = bind(request.requester, call, request.policyVersion);
  return ok({ call, digest, callKey: request.via === 'api' ? request.callKey : callKey, changes });
}
