import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSafetyEngine, type SafetyInput } from '@keyturn/policy';
import { epochMilliseconds } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { judgeInput } from '../../packages/server/src/features/policies/decision-point.ts';
import { policyMigrations } from '../../packages/server/src/features/policies/tables.ts';
import { openTakes } from '../../packages/server/src/features/policies/takes.ts';
import { median } from '../parts/statistics.ts';
import { compileHundred } from './policies.ts';

/** CPU milliseconds of a decision by a hundred rules. */
export interface Decision {
  readonly rules: number;
  /** The rules alone: states, time windows, and which limits are to be asked. */
  readonly judged: number;
  /** The same with a limit counted durably in SQLite, 64 calls at once; one of the hundred is a limit of this call. */
  readonly counted: number;
}

/** Decisions a slice; short ones, so that the median is of those that nobody disturbed much. */
const slice = 256;
/** Slices until the engine has compiled what is hot. */
const warmUp = 24;

/** A scale-down on an afternoon in November. No two have the same arguments. */
function inputOf(i: number): SafetyInput {
  const target = { uri: `k8s://staging/default/deployment/payment-api-${i % 100}` };
  return {
    principal: {
      issuer: 'https://id.example/realms/aip',
      identity: 'aip-agent-1',
      subject: 'sub-1',
      client: 'aip-agent-1',
      serviceAccount: true,
      roles: ['default-roles-aip', 'offline_access', 'ops'],
      scopes: ['openid', 'profile'],
      claims: { sub: 'sub-1', azp: 'aip-agent-1' },
    },
    spec: {
      agentIdentity: 'aip-agent-1',
      action: 'scale-down',
      reason: 'maintenance',
      target,
      classification: 'public',
    },
    target,
    args: { replicas: i % 50 },
    now: epochMilliseconds(Date.parse('2026-11-23T15:00:00Z') + i),
  };
}

export async function measureDecision(rounds: number): Promise<Decision> {
  const engine = createSafetyEngine();
  const policies = compileHundred(engine);
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-decision-'));
  const store = await openStore({
    url: `sqlite:${join(folder, 'keyturn.db')}`,
    clock: () => epochMilliseconds(Date.now()),
    random: randomBytes,
  });
  try {
    await store.migrate(policyMigrations);
    const takes = openTakes(store);
    const options = { byDefault: 'deny', count: 'take' } as const;
    const decide = async (i: number): Promise<void> => {
      const { effect } = await judgeInput({ engine, takes }, policies, inputOf(i), options);
      if (effect !== 'allow') throw new Error(`the call was to be allowed, and is: ${effect}`);
    };
    const judged: number[] = [];
    const counted: number[] = [];
    let next = 0;
    for (let round = 0; round < rounds + warmUp; round += 1) {
      const alone = await cost(slice, async () => {
        for (let i = 0; i < slice; i += 1) {
          if (engine.judge(policies, inputOf(next++)).wanted.length !== 1) throw new Error('one limit is asked');
        }
      });
      const whole = await cost(slice, async () => {
        for (let i = 0; i < slice; i += 64) await Promise.all(Array.from({ length: 64 }, () => decide(next++)));
      });
      if (round < warmUp) continue;
      judged.push(alone);
      counted.push(whole);
    }
    return { rules: policies.flatMap(({ rules }) => rules).length, judged: median(judged), counted: median(counted) };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function cost(count: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}
