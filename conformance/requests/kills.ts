import type { Checks } from '../parts/checks.ts';
import { type People, post } from './calls.ts';
import type { SeedSteps } from './seed-steps.ts';
import type { Gateway, Stage } from './stage.ts';

/** kill -9 after each answer: what was answered has happened, what was not may have, and nothing happens twice. */
export async function checkKills(
  parts: {
    readonly stage: Stage;
    readonly replicas: readonly [Gateway, Gateway, Gateway];
    readonly database: string;
    readonly flags: readonly string[];
    readonly seed: SeedSteps;
    readonly people: People;
  },
  checks: Checks,
): Promise<void> {
  const { stage, database, flags, seed, people } = parts;
  let [one, two, three] = parts.replicas;
  const again = async (gateway: Gateway): Promise<Gateway> => {
    await gateway.running.stop('SIGKILL');
    return stage.start(database, flags);
  };
  const phaseOf = async (url: string, name: string): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${people.reviewer}` };
    return (await (await fetch(`${url}/agent-requests/${name}`, { headers })).json()) as Record<string, unknown>;
  };

  const asked = await seed.ask(one.url, people.agent);
  const name = String(asked.body['name']);
  one = await again(one);
  checks.that('killed after it was asked: it waits', (await phaseOf(one.url, name))['phase'] === 'Pending');
  const approved = await seed.approve(two.url, people.reviewer, name);
  two = await again(two);
  checks.that('killed after it was approved: it is', approved.status === 200, approved);
  checks.that('and at the others', (await phaseOf(two.url, name))['phase'] === 'Approved');
  const executing = await post(three.url, people.agent, name, 'executing');
  three = await again(three);
  checks.that('killed after the approval was spent: it is spent', executing.status === 200, executing);
  const second = await post(one.url, people.agent, name, 'executing');
  checks.that('nobody executes it again', second.status === 409, second);
  // requests.executionTimeout is 4 s here.
  let state = await phaseOf(one.url, name);
  for (let i = 0; i < 60 && state['phase'] === 'Executing'; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    state = await phaseOf(two.url, name);
  }
  checks.that('its outcome is unknown', state['phase'] === 'Failed' && state['outcome'] === 'unknown', state);
  checks.that('and says so', String(state['message']).includes('outcome unknown'), state['message']);
  checks.that('a blind retry is refused', (await post(three.url, people.agent, name, 'executing')).status === 409);
  const settled = await post(three.url, people.reviewer, name, 'completed');
  checks.that('whoever looked can say what became of it', settled.status === 200, settled);

  // Killed in the middle of an answer: it is there once, or not at all, and its audit row with it.
  const racing = Promise.allSettled(Array.from({ length: 40 }, () => seedAsk(one.url, people.agent)));
  await new Promise((resolve) => setTimeout(resolve, 30));
  one = await again(one);
  const answered = (await racing).flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const kept = await Promise.all(answered.map((each) => phaseOf(two.url, each)));
  checks.that(
    'what was answered before a kill is there',
    kept.every(({ phase }) => phase === 'Pending'),
    kept,
  );
}

async function seedAsk(url: string, token: string): Promise<string> {
  const answer = await fetch(`${url}/agent-requests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ action: 'scale-down', targetURI: 'k8s://prod/a', reason: 'race' }),
  });
  const body = (await answer.json()) as { name?: string };
  if (answer.status !== 201 || body.name === undefined) throw new Error(`answered ${answer.status}`);
  return body.name;
}
