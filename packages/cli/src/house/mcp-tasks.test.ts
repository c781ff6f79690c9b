import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modernRequest } from '@keyturn/conformance/parts/modern-request';
import { type House, openHouse } from './open-house.ts';

// An upstream whose answers wait until the test lets them go.
let upstream: Server;
let waiting: { readonly path: string; readonly answer: (status: number, body: object) => void; gone: boolean }[] = [];
let house: House;
let john: string;
beforeAll(async () => {
  upstream = createServer((request, response) => {
    if (request.url === '/openapi.json') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
      return;
    }
    const call = {
      path: request.url ?? '',
      gone: false,
      answer: (status: number, body: object) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    };
    response.once('close', () => (call.gone = !response.writableFinished));
    waiting.push(call);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  house = await openHouse({ settings: { mcp: { taskAfter: 0.02 }, tools: { allowedHosts: [`127.0.0.1:${port}`] } } });
  await house.registerPizzeria({ slug: 'slow', url: `http://127.0.0.1:${port}/openapi.json` });
  john = await house.tokenOf('john');
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  upstream.closeAllConnections();
  upstream.close();
});

const document = {
  openapi: '3.1.0',
  info: { title: 'Slow', version: '1' },
  paths: { '/work': { post: { operationId: 'work', responses: { '200': { description: '' } } } } },
};
const extension = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

async function rpc(method: string, params: Record<string, unknown>, options: { token?: string; tasks?: boolean } = {}) {
  const capabilities = options.tasks === false ? {} : extension;
  const reply = await house.send('/mcp', {
    ...modernRequest(method, params, capabilities),
    token: options.token ?? john,
  });
  return { status: reply.status, ...(reply.body as { result?: Record<string, unknown>; error?: { code: number } }) };
}
const call = () => rpc('tools/call', { name: 'slow__work', arguments: {} });
const get = (taskId: unknown, token?: string) => rpc('tasks/get', { taskId }, token === undefined ? {} : { token });

/** Asks until the task has ended, or the upstream has the call: there is nothing to wait for but machines. */
async function until<Value>(look: () => Promise<Value> | Value, isIt: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await look();
    if (isIt(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const received = async () => {
  const all = await until(
    () => waiting,
    (calls) => calls.length > 0,
  );
  waiting = [];
  return all[0];
};
const ended = (taskId: unknown) =>
  until(
    () => get(taskId),
    ({ result }) => result?.['status'] !== 'working',
  );

describe('a slow call of a client that can fetch answers later', () => {
  it('is a task at once, and its answer is fetched when it is there', async () => {
    const made = await call();
    expect(made.result).toMatchObject({
      resultType: 'task',
      status: 'working',
      ttlMs: 4_200_000,
      pollIntervalMs: 1000,
    });
    expect(made.result).not.toHaveProperty('result');
    const taskId = made.result?.['taskId'];
    expect((await get(taskId)).result).toMatchObject({ taskId, status: 'working', resultType: 'complete' });
    (await received())?.answer(200, { done: true });
    expect((await ended(taskId)).result).toMatchObject({
      status: 'completed',
      result: { content: [{ type: 'text', text: '{"done":true}' }] },
    });
  });

  it('that the upstream refuses is completed with an error of the tool; one that it breaks off has failed', async () => {
    const refused = (await call()).result?.['taskId'];
    (await received())?.answer(409, { no: 'dough' });
    expect((await ended(refused)).result).toMatchObject({ status: 'completed', result: { isError: true } });
    const broken = (await call()).result?.['taskId'];
    await received();
    upstream.closeAllConnections();
    const { result } = await ended(broken);
    expect(result).toMatchObject({ status: 'failed', error: { code: -32_603 } });
    expect(result).not.toHaveProperty('result');
  });

  it('can be cancelled: the upstream is let go, and the task says so from then on', async () => {
    const taskId = (await call()).result?.['taskId'];
    const held = await received();
    const cancelled = await rpc('tasks/cancel', { taskId });
    expect(cancelled.result).toMatchObject({ resultType: 'complete' });
    expect(cancelled.result).not.toHaveProperty('taskId');
    expect((await get(taskId)).result).toMatchObject({ status: 'cancelled' });
    await until(() => held?.gone, Boolean);
    expect((await rpc('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
    expect((await get(taskId)).result).toMatchObject({ status: 'cancelled' });
  });

  it('is nobody else’s to see or to cancel, and an unknown one is no different', async () => {
    const taskId = (await call()).result?.['taskId'];
    (await received())?.answer(200, {});
    const chef = await house.tokenOf('chef');
    const unknown = await get('tsk_00000000000000000000000000', chef);
    expect(unknown.error).toMatchObject({ code: -32_602 });
    expect(await get(taskId, chef)).toEqual(unknown);
    for (const method of ['tasks/cancel', 'tasks/update']) {
      expect((await rpc(method, { taskId }, { token: chef })).error, method).toEqual(unknown.error);
    }
    expect((await ended(taskId)).result).toMatchObject({ status: 'completed' });
  });
});

describe('a client that has not declared tasks in this request', () => {
  it('gets the answer itself, and may ask for no task', async () => {
    const answer = rpc('tools/call', { name: 'slow__work', arguments: {} }, { tasks: false });
    (await received())?.answer(200, { done: true });
    expect((await answer).result).toMatchObject({ resultType: 'complete', structuredContent: { done: true } });
    for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
      const refused = await rpc(method, { taskId: 'tsk_x' }, { tasks: false });
      expect(refused, method).toMatchObject({
        status: 400,
        error: { code: -32_021, data: { requiredCapabilities: extension } },
      });
    }
  });
});
