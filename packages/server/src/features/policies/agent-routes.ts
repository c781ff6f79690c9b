import { foldName } from '@keyturn/policy';
import { ok, refuse } from '@keyturn/protocol';
import { z } from 'zod';
import { changerOf } from '../../http/audit-actor.ts';
import type { Frame } from '../../http/frame.ts';
import { invalidRequest } from '../../http/problem.ts';
import type { PolicyKeeper } from './keeper.ts';
import { type KilledAgent, type KillList, namesToStop } from './killed.ts';

const killSchema = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(500)
    .refine((text) => !text.includes('\0'), 'has the character NUL')
    .default('no reason given'),
});

export interface AgentRouteParts {
  readonly kills: KillList;
  readonly keeper: PolicyKeeper;
  readonly adminRole: string;
}

/**
 * The kill switch: `POST /api/v1/agents/{id}/kill` and `…/revive`, `GET /api/v1/agents` for who is dead. The id is the
 * agent's identity, its client or its subject. From the answer on this replica, and within a second on all others,
 * nothing that it asks is allowed, its streams are closed, and what waits for people is void.
 */
export function mountAgents(frame: Frame, { kills, keeper, adminRole: needsRole }: AgentRouteParts): void {
  frame.route({
    method: 'GET',
    path: '/api/v1/agents',
    action: () => ({ kind: 'agent.list', needsRole }),
    handle: async () =>
      ok({ answer: { status: 200, body: { killed: (await kills.all()).map(describe) } }, outcome: 'allowed' }),
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/agents/:id/kill',
    body: killSchema,
    action: ({ params }) => ({ kind: 'agent.kill', ...targetOf(params['id']), needsRole }),
    handle: async (passage) => {
      const id = passage.params['id'] ?? '';
      if (!isAgentId(id)) return refuse(invalidRequest([{ field: 'path.id', message: 'is no name of an agent' }]));
      if (namesToStop(passage.approved.caller.principal).includes(foldName(id))) {
        return refuse(
          invalidRequest([{ field: 'path.id', message: 'is what you are calling with: you could not revive it' }]),
        );
      }
      await kills.kill(id, passage.body.reason, changerOf(passage));
      await keeper.reload();
      const killed = (await kills.all()).find(({ agent }) => agent === id);
      const body = killed === undefined ? { agent: id, state: 'alive' } : describe(killed);
      return ok({ answer: { status: 200, body }, outcome: 'allowed' });
    },
  });
  frame.route({
    method: 'POST',
    path: '/api/v1/agents/:id/revive',
    action: ({ params }) => ({ kind: 'agent.revive', ...targetOf(params['id']), needsRole }),
    handle: async (passage) => {
      const id = passage.params['id'] ?? '';
      if (isAgentId(id)) await kills.revive(id, changerOf(passage));
      await keeper.reload();
      return ok({ answer: { status: 200, body: { agent: id, state: 'alive' } }, outcome: 'allowed' });
    },
  });
}

function describe({ agent, reason, by, at }: KilledAgent): Record<string, string> {
  return { agent, state: 'killed', reason, by, at: new Date(at).toISOString() };
}

/** Clients may be named in any language and with spaces, as subject lists take them; a token is no name. */
function isAgentId(id: string): boolean {
  return /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u.test(id) && !id.startsWith('eyJ') && !id.startsWith('ktn_');
}

function targetOf(id: string | undefined): { target?: string } {
  return id !== undefined && isAgentId(id) ? { target: id } : {};
}
