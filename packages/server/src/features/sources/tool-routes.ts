import { ok, type Result, refuse } from '@keyturn/protocol';
import { changerOf } from '../../http/audit-actor.ts';
import type { Answer, Frame } from '../../http/frame.ts';
import type { Done } from '../../http/pass.ts';
import type { Problem } from '../../http/problem.ts';
import { acceptManySchema, acceptSchema, disableSchema } from './body.ts';
import { describePending } from './describe.ts';
import { describeHead, stateOf, type ToolHead } from './kept-tool.ts';
import { acceptTools, listPending, switchTool } from './mark-tools.ts';
import type { SourceParts } from './parts.ts';
import { explainSourceRefusal, type SourceRefusal } from './refusals.ts';
import { aimed, done } from './routes.ts';

/** The inventory of a source, tool by tool, and what waits for a person. Shows what no caller sees, so `adminRole`. */
export function mountSourceTools(frame: Frame, parts: SourceParts, { adminRole }: { adminRole: string }): void {
  const base = '/api/v1/sources/:id/tools';
  const slugOf = async (id: string): Promise<string> => (await parts.repository.byId(id))?.slug ?? '';
  const answerHead = async (id: string, result: Result<ToolHead, SourceRefusal>) => {
    if (!result.ok) return failed(result.refusal);
    const kept = await parts.repository.tool(id, result.value.operation);
    return done({ status: 200, body: describeHead(await slugOf(id), kept?.head ?? result.value) });
  };

  frame.route({
    method: 'GET',
    path: base,
    action: ({ params }) => aimed('source.inventory.list', params, adminRole),
    handle: async ({ params, query }) => {
      const source = await parts.repository.byId(params['id'] ?? '');
      if (source === undefined) return failed({ why: 'unknown-source' });
      const wanted = typeof query['state'] === 'string' ? query['state'].split(',') : undefined;
      const heads = (await parts.repository.heads(source.id)).filter(
        (head) => wanted === undefined || wanted.includes(stateOf(head)),
      );
      const body = {
        inventory_hash: source.inventoryHash,
        tools: heads.map((head) => describeHead(source.slug, head)),
      };
      return done({ status: 200, body });
    },
  });
  frame.route({
    method: 'GET',
    path: '/api/v1/sources/:id/diff',
    action: ({ params }) => aimed('source.inventory.read', params, adminRole),
    handle: async ({ params }) => {
      const listed = await listPending(parts, params['id'] ?? '');
      if (!listed.ok) return failed(listed.refusal);
      const { source, pending } = listed.value;
      const body = {
        inventory_hash: source.inventoryHash,
        tools: pending.map((tool) => describePending(source.slug, tool)),
      };
      return done({ status: 200, body });
    },
  });
  frame.route({
    method: 'GET',
    path: `${base}/:operation`,
    action: ({ params }) => aimed('source.inventory.read', params, adminRole),
    handle: async ({ params }) => {
      const source = await parts.repository.byId(params['id'] ?? '');
      if (source === undefined) return failed({ why: 'unknown-source' });
      const operation = params['operation'] ?? '';
      const kept = await parts.repository.tool(source.id, operation);
      if (kept === undefined) return failed({ why: 'unknown-operation', operation });
      const accepted = kept.accepted === undefined ? null : kept.accepted;
      return done({ status: 200, body: { ...describeHead(source.slug, kept.head), accepted, now: kept.tool } });
    },
  });
  for (const enabled of [true, false]) {
    frame.route({
      method: 'POST',
      path: `${base}/:operation/${enabled ? 'enable' : 'disable'}`,
      body: disableSchema,
      action: ({ params }) => aimed('source.change', params, adminRole),
      handle: async (passage) => {
        const { id = '', operation = '' } = passage.params;
        const changer = changerOf(passage);
        return answerHead(id, await switchTool(parts, id, operation, enabled, changer, passage.body.reason));
      },
    });
  }
  frame.route({
    method: 'POST',
    path: `${base}/:operation/accept`,
    body: acceptSchema,
    action: ({ params }) => aimed('source.accept', params, adminRole),
    handle: async (passage) => {
      const { id = '', operation = '' } = passage.params;
      const which = { operations: [operation], hash: passage.body.hash };
      const accepted = await acceptTools(parts, id, which, changerOf(passage));
      if (!accepted.ok) return failed(accepted.refusal);
      const kept = await parts.repository.tool(id, operation);
      if (kept === undefined) return failed({ why: 'unknown-operation', operation });
      return answerHead(id, ok(kept.head));
    },
  });
  frame.route({
    method: 'POST',
    path: `${base}/accept`,
    body: acceptManySchema,
    action: ({ params }) => aimed('source.accept', params, adminRole),
    handle: async (passage) => {
      const { id = '' } = passage.params;
      const { tools: operations, inventory_hash: inventoryHash } = passage.body;
      const accepted = await acceptTools(parts, id, { operations, inventoryHash }, changerOf(passage));
      if (!accepted.ok) return failed(accepted.refusal);
      const body = { accepted: accepted.value.length, tools: accepted.value.map(({ operation }) => operation) };
      return done({ status: 200, body });
    },
  });
}

function failed(refusal: SourceRefusal): Result<Done<Answer>, Problem> {
  return refuse(explainSourceRefusal(refusal));
}
