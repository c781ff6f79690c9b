import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modernRequest } from '@keyturn/conformance/parts/modern-request';
import { type House, openHouse } from '../house/open-house.ts';

/** Placing an order needs a reviewer, over MCP as over REST. */
let house: House;
let john: string;
let reviewer: string;
beforeAll(async () => {
  house = await openHouse({
    settings: {
      policies: { default: 'allow' },
      requests: { agentSubjects: ['aip-agent-1'], reviewerSubjects: ['aip-reviewer-1'] },
      // Only where people can log in is there a page to send them to.
      login: { clientId: 'keyturn', clientSecret: 'exchange-secret', allowPlainHttp: true },
      seal: { key: Buffer.alloc(32, 7).toString('base64') },
    },
  });
  await house.registerPizzeria();
  [john, reviewer] = [await house.tokenOf('john'), await house.tokenOfClient('aip-reviewer-1')];
  const rule = {
    name: 'orders',
    type: 'StateEvaluation',
    action: 'RequireApproval',
    expression: 'tool != null && tool.name == "place_order"',
    message: 'Pizza needs a second key.',
  };
  const made = await house.post('/api/v1/policies', await house.tokenOf('admin'), {
    apiVersion: 'keyturn.dev/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'orders' },
    spec: { rules: [rule] },
  });
  if (made.status !== 201) throw new Error(made.text);
});
afterAll(() => house[Symbol.asyncDispose]());

type Result = Record<string, unknown> & { isError?: boolean; content?: { text: string }[] };
const tasks = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
const pages = { elicitation: { url: {} } };

async function rpc(
  method: string,
  params: Record<string, unknown>,
  { capabilities = {}, token = john }: { capabilities?: object; token?: string } = {},
): Promise<Result> {
  const reply = await house.send('/mcp', { ...modernRequest(method, params, capabilities), token });
  const { result } = reply.body as { result?: Result };
  if (result === undefined) throw new Error(reply.text);
  return result;
}
const pizzas = (count: number) => ({ body: { items: [{ id: 'marinara', count }] } });
const order = (count: number, options: Parameters<typeof rpc>[2] & { answered?: boolean } = {}) =>
  rpc(
    'tools/call',
    {
      name: 'pizzeria-backend__place_order',
      arguments: pizzas(count),
      ...(options.answered === true ? { inputResponses: { approval: { action: 'accept' } } } : {}),
    },
    options,
  );
const textOf = ({ content }: Result): string => content?.[0]?.text ?? '';
const nameIn = (text: string): string => /"request":"([^"]+)"/.exec(text)?.[1] ?? '';
const approve = (name: string) => house.post(`/agent-requests/${name}/approve`, reviewer, {});
const phaseOf = async (name: string) => (await house.get(`/agent-requests/${name}`, reviewer)).body['phase'];

describe('a call over MCP that needs a second key', () => {
  it('gets a clear pending result with the name to retry, and goes through once with the same arguments', async () => {
    const waiting = await order(2);
    expect(waiting.isError).toBe(true);
    expect(textOf(waiting)).toMatch(/^approval_required: .*\/agent-requests\//);
    const name = nameIn(textOf(waiting));
    expect(nameIn(textOf(await order(2))), 'the same call waits for the same people').toBe(name);
    const other = nameIn(textOf(await order(3)));
    expect(other).not.toBe(name);
    expect((await approve(name)).status).toBe(200);
    expect(nameIn(textOf(await order(3))), 'other arguments need another approval').toBe(other);
    const done = await order(2);
    expect([done.isError, done['structuredContent']]).toEqual([
      undefined,
      expect.objectContaining({ order: expect.anything() }),
    ]);
    expect(await phaseOf(name)).toBe('Completed');
    const again = nameIn(textOf(await order(2)));
    expect([again === '', again === name]).toEqual([false, false]);
  });

  it('is made once, however many retries race', async () => {
    const name = nameIn(textOf(await order(4)));
    await approve(name);
    const racers = await Promise.all(Array.from({ length: 16 }, () => order(4)));
    expect(racers.filter(({ isError }) => isError !== true)).toHaveLength(1);
  });

  it('is bound to its caller: somebody else’s same call needs an approval of its own', async () => {
    const name = nameIn(textOf(await order(5)));
    await approve(name);
    const jane = nameIn(textOf(await order(5, { token: await house.tokenOf('jane') })));
    expect([jane === '', jane === name]).toEqual([false, false]);
    expect((await order(5)).isError).toBeUndefined();
  });

  it('is one call over MCP and REST: asked for here, it can be made there', async () => {
    const name = nameIn(textOf(await order(6)));
    await approve(name);
    const there = await house.post('/api/v1/tools/execute', john, {
      tool_id: 'pizzeria-backend/place_order',
      arguments: pizzas(6),
    });
    expect(there.status, there.text).toBe(200);
    expect((await order(6)).isError).toBe(true);
  });

  it('says so when people say no, and goes on saying so', async () => {
    const name = nameIn(textOf(await order(7)));
    await house.post(`/agent-requests/${name}/deny`, reviewer, { reason: 'too many' });
    for (let turn = 0; turn < 2; turn += 1) expect(textOf(await order(7))).toMatch(/^approval_denied: .*too many/);
  });
});

describe('with a client that can fetch answers later', () => {
  it('is a task, which people’s approval leads to its end', async () => {
    const task = await order(8, { capabilities: tasks });
    expect(task).toMatchObject({ resultType: 'task', status: 'working' });
    const name = /request (\S+) waits/.exec(String(task['statusMessage']))?.[1] ?? '';
    const get = () => rpc('tasks/get', { taskId: task['taskId'] }, { capabilities: tasks });
    expect(await get()).toMatchObject({ status: 'working' });
    await approve(name);
    const [one, two] = await Promise.all([get(), get()]);
    expect([one['status'], two['status']]).toContain('completed');
    await expect.poll(async () => (await get())['status']).toBe('completed');
    expect(await phaseOf(name)).toBe('Completed');
    expect((await get())['result']).not.toHaveProperty('isError');
  });
});

describe('with a client at which a person sits', () => {
  it('is the page of the request, where they confirm; the answer to it is no approval', async () => {
    const elicited = await order(9, { capabilities: pages });
    expect(elicited).toMatchObject({
      resultType: 'input_required',
      inputRequests: { approval: { method: 'elicitation/create', params: { mode: 'url' } } },
    });
    const url = /"url":"([^"]+)"/.exec(JSON.stringify(elicited))?.[1] ?? '';
    const name = url.split('/').at(-1) ?? '';
    expect(url).toBe(`http://keyturn.test/agent-requests/${name}`);
    // A client that only says that its person accepted has opened nothing by that.
    const claimed = await order(9, { capabilities: pages, answered: true });
    expect([claimed.isError, nameIn(textOf(claimed))]).toEqual([true, name]);
    expect(await phaseOf(name)).toBe('Pending');
    await approve(name);
    expect((await order(9, { capabilities: pages })).isError).toBeUndefined();
  });

  it('is no page for a program’s own account: nobody sits there', async () => {
    const token = await house.tokenOfClient('aip-agent-1');
    const waiting = await order(10, { capabilities: pages, token });
    expect([waiting.isError, textOf(waiting)]).toEqual([true, expect.stringContaining('approval_required')]);
  });
});
