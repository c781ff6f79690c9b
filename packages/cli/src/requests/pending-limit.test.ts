import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';

let house: House;
let agent: string;
let reviewer: string;
beforeAll(async () => {
  house = await openHouse({
    settings: {
      policies: { default: 'allow' },
      requests: { agentSubjects: ['aip-agent-1', 'aip-reviewer-1'], reviewerRoles: ['chef'], maxPendingPerAgent: 5 },
    },
  });
  await house.registerPizzeria();
  [agent, reviewer] = [await house.tokenOfClient('aip-agent-1'), await house.tokenOfClient('aip-reviewer-1')];
  const rule = (name: string, expression: string) => ({
    name,
    type: 'StateEvaluation',
    action: 'RequireApproval',
    expression,
    message: 'Ask.',
  });
  const rules = [rule('pay', 'request.spec.action == "pay"'), rule('orders', 'tool != null && !tool.readOnly')];
  const made = await house.post('/api/v1/policies', await house.tokenOf('admin'), {
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'ask' },
    spec: { rules },
  });
  if (made.status !== 201) throw new Error(made.text);
});
afterAll(() => house[Symbol.asyncDispose]());

const ask = (token: string) => house.post('/agent-requests', token, { action: 'pay', targetURI: 'bank://7' });
const order = (token: string, count: number) =>
  house.post('/api/v1/tools/execute', token, {
    tool_id: 'pizzeria-backend/place_order',
    arguments: { body: { items: [{ id: 'marinara', count }] } },
  });
const statusesOf = (replies: readonly { readonly status: number }[]): Record<number, number> =>
  replies.reduce<Record<number, number>>((all, { status }) => ({ ...all, [status]: (all[status] ?? 0) + 1 }), {});

describe('an agent that asks without end', () => {
  it('has as many requests waiting as it may, however many come at once, and hears why and for how long', async () => {
    const asked = await Promise.all(Array.from({ length: 40 }, () => ask(agent)));
    expect(statusesOf(asked)).toEqual({ 201: 5, 429: 35 });
    const refused = asked.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({
      code: 'too_many_requests',
      limit: 5,
      error: expect.stringContaining('RATE_LIMITED'),
    });
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('is refused tool calls that would make people wait too, but none that need nobody', async () => {
    expect(await order(agent, 1)).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    const menu = { tool_id: 'pizzeria-backend/get_menu_items', arguments: {} };
    expect((await house.post('/api/v1/tools/execute', agent, menu)).status).toBe(200);
  });

  it('takes nothing from other agents, and may ask again when one of its own has ended', async () => {
    expect((await ask(reviewer)).status).toBe(201);
    const { body } = await house.get('/agent-requests?phase=Pending&limit=10', agent);
    const [first] = body['items'] as { name: string }[];
    expect((await house.post(`/agent-requests/${first?.name ?? ''}/cancel`, agent, {})).status).toBe(200);
    expect([(await order(agent, 2)).status, (await ask(agent)).status]).toEqual([202, 429]);
  });
});
