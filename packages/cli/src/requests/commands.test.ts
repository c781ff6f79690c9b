import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, openHouse } from '../house/open-house.ts';
import { runCommand } from '../run-command.ts';

let house: House;
let agent: string;
let reviewer: string;
beforeAll(async () => {
  house = await openHouse({
    settings: {
      policies: { default: 'allow' },
      requests: { agentSubjects: ['aip-agent-1'], reviewerSubjects: ['aip-reviewer-1'] },
    },
  });
  [agent, reviewer] = [await house.tokenOfClient('aip-agent-1'), await house.tokenOfClient('aip-reviewer-1')];
  const rule = { name: 'all', type: 'StateEvaluation', action: 'RequireApproval', expression: 'true', message: 'Ask.' };
  await house.post('/api/v1/policies', await house.tokenOf('admin'), {
    apiVersion: 'governance.aip.io/v1alpha1',
    kind: 'SafetyPolicy',
    metadata: { name: 'all' },
    spec: { rules: [rule] },
  });
});
afterAll(() => house[Symbol.asyncDispose]());

const keyturn = (token: string, ...args: readonly string[]) =>
  runCommand(['requests', ...args], { env: { KEYTURN_URL: house.url, KEYTURN_TOKEN: token }, cwd: tmpdir() });

async function asked(parameters: object = { replicas: 1 }): Promise<string> {
  const made = await house.post('/agent-requests', agent, {
    action: 'scale-down',
    targetURI: 'k8s://prod/a',
    reason: '\u001b[31mred\u001b[0m',
    parameters,
  });
  return String(made.body['name']);
}

describe('keyturn requests', () => {
  it('lists what waits and shows one, without letting an agent’s words steer the terminal', async () => {
    const name = await asked();
    const listed = await keyturn(reviewer, 'list');
    expect(listed.out).toMatch(new RegExp(`${name} +Pending +aip-agent-1 +scale-down +k8s://prod/a`));
    const shown = await keyturn(reviewer, 'show', name);
    expect(shown.out).toContain('"replicas": 1');
    expect(shown.out).toContain('Approvals  0 of 1');
    expect(shown.out).not.toContain('\u001b');
    expect(JSON.parse((await keyturn(reviewer, 'list', '--json', '--limit', '1')).out)).toMatchObject([{ name }]);
  });

  it('approves, denies and cancels, each with a reason', async () => {
    const [one, two, three] = [await asked(), await asked(), await asked()];
    expect((await keyturn(reviewer, 'approve', one, '--reason', 'fine')).out).toContain('Approved');
    expect((await keyturn(reviewer, 'deny', two, '--reason', 'not now')).out).toContain('not now');
    expect((await keyturn(agent, 'cancel', three)).out).toContain('Cancelled');
    expect(await keyturn(agent, 'approve', await asked())).toMatchObject({
      status: 4,
      err: expect.stringContaining('reviewer role required'),
    });
    expect((await keyturn(reviewer, 'approve', one)).err).toContain('can only approve/deny when Pending');
    expect((await keyturn(reviewer, 'show', '../x')).status).toBe(2);
  });

  it('approves another form, and shows the difference', async () => {
    const name = await asked({ replicas: 1 });
    await keyturn(reviewer, 'approve', name, '--edit', '{"replicas":2}');
    expect((await keyturn(reviewer, 'show', name)).out).toContain('/replicas: 1 → 2');
    expect((await keyturn(reviewer, 'approve', name, '--edit', '[]')).status).toBe(2);
  });

  it('approves no form that two readers read differently, and says so of a file that is not there', async () => {
    const name = await asked({ replicas: 1 });
    for (const [edit, words] of [
      ['{"replicas":2,"replicas":9}', '--edit names "replicas" twice'],
      ['{"replicas":9007199254740993}', '--edit has a number that JSON readers do not agree on'],
      ['@nowhere.json', 'nowhere.json cannot be read'],
    ] as const) {
      const tried = await keyturn(reviewer, 'approve', name, '--edit', edit);
      expect([tried.status, tried.err]).toEqual([2, expect.stringContaining(words)]);
    }
    expect((await keyturn(reviewer, 'show', name)).out).toContain('Approvals  0 of 1');
  });

  it('watches one request to its end', async () => {
    const name = await asked();
    const watching = keyturn(agent, 'watch', name);
    await keyturn(reviewer, 'deny', name, '--reason', 'no');
    expect((await watching).out.split('\n').at(-1)).toBe(`${name}  Denied  aip-agent-1  scale-down  k8s://prod/a  no`);
  });
});
