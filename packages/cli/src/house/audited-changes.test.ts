import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';
import type { Reply } from './open-service.ts';

let house: House;
let admin: string;
let agent: string;
beforeAll(async () => {
  house = await openHouse({
    settings: {
      policies: { default: 'allow' },
      requests: { agentSubjects: ['aip-agent-1'], reviewerSubjects: ['aip-reviewer-1'] },
    },
  });
  [admin, agent] = [await house.tokenOf('admin'), await house.tokenOfClient('aip-agent-1')];
});
afterAll(() => house[Symbol.asyncDispose]());

const put = (path: string, body: object) =>
  house.send(path, { method: 'PUT', token: admin, body: JSON.stringify(body) });
const rule = { name: 'r', type: 'StateEvaluation', action: 'Log', expression: 'true' };
const policy = {
  apiVersion: 'keyturn.dev/v1alpha1',
  kind: 'SafetyPolicy',
  metadata: { name: 'p' },
  spec: { rules: [rule] },
};
const lists = { agentSubjects: ['aip-agent-1', 'aip-agent-2'], reviewerSubjects: ['aip-reviewer-1'] };

interface Change {
  readonly what: string;
  /** Where it is kept. */
  readonly table: string;
  readonly make: () => Promise<Reply>;
  /** What there is, as the service says it. */
  readonly read: () => Promise<Reply>;
}

const changes: readonly Change[] = [
  {
    what: 'a policy',
    table: 'policies_version',
    make: () => house.post('/api/v1/policies', admin, policy),
    read: () => house.get('/api/v1/policies', admin),
  },
  {
    what: 'an agent that is stopped',
    table: 'policies_killed',
    make: () => house.post('/api/v1/agents/rogue/kill', admin, { reason: 'it went wild' }),
    read: () => house.get('/api/v1/agents', admin),
  },
  {
    what: 'a role',
    table: 'rbac_change',
    make: () => house.post('/api/v1/rbac/roles', admin, { name: 'Editor' }),
    read: () => house.get('/api/v1/rbac/roles', admin),
  },
  {
    what: 'an assignment',
    table: 'rbac_change',
    make: () => house.post('/api/v1/rbac/assignments', admin, { user: 'john', role: 'Editor' }),
    read: () => house.get('/api/v1/rbac/assignments', admin),
  },
  {
    what: 'a source',
    table: 'sources_registry',
    make: () =>
      house.post('/api/v1/sources', admin, {
        name: 'Pizzeria',
        url: `${house.pizzeria}/openapi.json`,
        default_audience: 'pizzeria-backend',
      }),
    read: () => house.get('/api/v1/sources', admin),
  },
  {
    what: 'a group of tools',
    table: 'tools_access',
    make: () =>
      house.post('/api/v1/tool-groups', admin, {
        name: 'menu',
        explicit_tool_ids: ['pizzeria-backend/get_menu_items'],
      }),
    read: () => house.get('/api/v1/tool-groups', admin),
  },
  {
    what: 'the subject lists',
    table: 'requests_subjects',
    make: () => put('/api/v1/gateway/subjects', lists),
    read: () => house.get('/api/v1/gateway/subjects', admin),
  },
  {
    what: 'an agent request',
    table: 'requests_request',
    make: () => house.post('/agent-requests', agent, { action: 'look', targetURI: 'k8s://x', reason: 'to see' }),
    read: () => house.get('/agent-requests', agent),
  },
];

/** Does something while the database takes no new row of a table. */
async function without<Value>(table: string, work: () => Promise<Value>): Promise<Value> {
  house.tamper(`create trigger closed before insert on ${table} begin select raise(abort, 'no room'); end`);
  try {
    return await work();
  } finally {
    house.tamper('drop trigger closed');
  }
}

describe('what an administrator or an agent changes, and its row in the audit', () => {
  it.each(changes)('are both there or neither: $what', async ({ table, make, read }) => {
    const before = (await read()).text;
    const unrecorded = await without('audit_events', make);
    expect(unrecorded.status, unrecorded.text).toBeGreaterThanOrEqual(500);
    expect((await read()).text, 'a row that cannot be written undoes the change').toBe(before);

    const rows = (await house.audit()).length;
    const unkept = await without(table, make);
    expect(unkept.status, unkept.text).toBeGreaterThanOrEqual(500);
    const added = (await house.audit()).slice(rows);
    expect(added, 'a change that cannot be made leaves no row that says it was').not.toContainEqual(
      expect.objectContaining({ outcome: 'allowed' }),
    );

    const made = await make();
    expect([200, 201], made.text).toContain(made.status);
    expect((await read()).text).not.toBe(before);
    // The change's own row and the call's.
    expect((await house.audit()).length).toBeGreaterThanOrEqual(rows + 2);
  });
});
