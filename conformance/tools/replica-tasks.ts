import type { Checks } from '../edge/checks.ts';
import type { ChangingApi } from './changing-api.ts';
import { modernRequest } from '../parts/modern-request.ts';
import { soon } from './soon.ts';

const tasks = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

interface Rpc {
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number };
}

/** A slow call is begun at one replica; its answer is fetched, or it is given up, at another, by its owner only. */
export async function tryTasks(
  checks: Checks,
  parts: {
    readonly api: ChangingApi;
    readonly urls: readonly string[];
    readonly owner: string;
    readonly other: string;
  },
): Promise<void> {
  const { api, urls, owner, other } = parts;
  const rpc = async (replica: number, method: string, params: Record<string, unknown>, token = owner): Promise<Rpc> => {
    const { headers, ...request } = modernRequest(method, params, tasks);
    const answer = await fetch(`${urls[replica] ?? ''}/mcp`, {
      ...request,
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    return (await answer.json()) as Rpc;
  };
  const begin = async (): Promise<unknown> => {
    const { result } = await rpc(0, 'tools/call', { name: 'changing__wait', arguments: {} });
    checks.that('a slow call at the first is a task', result?.['resultType'] === 'task', result);
    return result?.['taskId'];
  };
  const stateOf = async (replica: number, taskId: unknown) =>
    (await rpc(replica, 'tasks/get', { taskId })).result?.['status'];

  const taskId = await begin();
  checks.that('… which the second knows at once', (await stateOf(1, taskId)) === 'working');
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
    const answers = await Promise.all([1, 2].map((replica) => rpc(replica, method, { taskId }, other)));
    const isNone = answers.every(({ error }) => error?.code === -32_602);
    checks.that(`… and which ${method} of another user finds nowhere`, isNone, answers);
  }
  checks.that(
    '… whose answer is fetched at the third',
    await soon(async () => (await stateOf(2, taskId)) === 'completed'),
  );
  const { result } = await rpc(1, 'tasks/get', { taskId });
  checks.that('… and again at the second, whole', JSON.stringify(result ?? {}).includes('waited'), result);

  const unwanted = await begin();
  await rpc(2, 'tasks/cancel', { taskId: unwanted });
  checks.that('a task cancelled at the third is so at the first', (await stateOf(0, unwanted)) === 'cancelled');
  checks.that('… and the first has let the upstream go', await soon(() => api.letGo === 1), api.letGo);
}
