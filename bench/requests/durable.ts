import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMilliseconds, seconds } from '@keyturn/protocol';
import { type AuditEvent, openStore, type Store } from '@keyturn/store';
import { startTemporaryPostgres } from '@keyturn/store/testing';
import { actorOf } from '../../packages/server/src/http/audit-actor.ts';
import { changeEvent } from '../../packages/server/src/features/requests/audit.ts';
import { begin, endOf } from '../../packages/server/src/features/requests/life.ts';
import { nameOfRequest } from '../../packages/server/src/features/requests/name.ts';
import { openRequestRepository } from '../../packages/server/src/features/requests/repository.ts';
import type { AgentRequest, Requester } from '../../packages/server/src/features/requests/request.ts';
import { rowOf } from '../../packages/server/src/features/requests/rows.ts';
import { requestMigrations, type RequestTables } from '../../packages/server/src/features/requests/tables.ts';
import { median } from '../parts/statistics.ts';

export interface Durable {
  readonly store: string;
  /** Requests a second with their audit rows, as medians of the rounds. */
  readonly alone: number;
  readonly together: number;
  /** The median of the rounds' own ratios: what shares a round shares its disk. */
  readonly ratio: number;
  /** CPU milliseconds of this process a request. */
  readonly cpu: { readonly alone: number; readonly together: number };
}

const issuer = 'https://id.example/realms/aip';

/** Callers at once, as a busy gateway has them. */
const waiting = 256;

/**
 * How many requests become durable in a second, each with its audit row: in a transaction each that does nothing but
 * insert the two, one after the other; and from many callers at once through the repository, which counts what is pending
 * and notifies as well.
 */
export async function measureDurable(url: string, name: string, rounds: number): Promise<Durable> {
  const store = await openStore({ url, clock: () => epochMilliseconds(Date.now()), random: randomBytes });
  try {
    await store.migrate(requestMigrations);
    const alone = insertingAlone(store);
    const together = insertingTogether(store);
    await alone(20);
    await together(500);
    const seen = { alone: [] as number[], together: [] as number[], ratio: [] as number[] };
    const cpu = { alone: [] as number[], together: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      const one = await timed(100, alone);
      const many = await timed(3000, together);
      seen.alone.push(one.rate);
      seen.together.push(many.rate);
      seen.ratio.push(many.rate / one.rate);
      cpu.alone.push(one.cpu);
      cpu.together.push(many.cpu);
    }
    return {
      store: name,
      alone: median(seen.alone),
      together: median(seen.together),
      ratio: median(seen.ratio),
      cpu: { alone: median(cpu.alone), together: median(cpu.together) },
    };
  } finally {
    await store.close();
  }
}

/** SQLite on a file (`synchronous=FULL`), and PostgreSQL as it comes (`fsync` on); without PostgreSQL, why there is none. */
export async function measureStores(rounds: number): Promise<{ found: readonly Durable[]; skipped?: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-requests-'));
  try {
    const sqlite = await measureDurable(`sqlite:${join(folder, 'keyturn.db')}`, 'SQLite', rounds);
    const postgres = await startTemporaryPostgres();
    if (!postgres.ok) return { found: [sqlite], skipped: postgres.refusal };
    try {
      return { found: [sqlite, await measureDurable(postgres.value.url, 'PostgreSQL', rounds)] };
    } finally {
      await postgres.value.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Insert = (count: number) => Promise<void>;

function insertingAlone(store: Store): Insert {
  return async (count) => {
    for (let i = 0; i < count; i += 1) {
      const { request, audit } = newRequest(i);
      await store.transaction(async (tx) => {
        const db = tx.db.withTables<RequestTables>();
        await db.insertInto('requests_request').values(rowOf(request, undefined)).execute();
        tx.audit(audit);
      });
    }
  };
}

function insertingTogether(store: Store): Insert {
  const repository = openRequestRepository(store);
  return async (count) => {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const { request, audit } = newRequest(left);
        const stored = await repository.insert(request, 1_000_000, audit);
        if (stored !== 'stored') throw new Error(`a request was ${stored}`);
      }
    };
    await Promise.all(Array.from({ length: waiting }, caller));
  };
}

async function timed(count: number, insert: Insert): Promise<{ rate: number; cpu: number }> {
  const began = performance.now();
  const before = process.cpuUsage();
  await insert(count);
  const { user, system } = process.cpuUsage(before);
  return { rate: (count / (performance.now() - began)) * 1000, cpu: (user + system) / 1000 / count };
}

/** As `POST /agent-requests` makes it under a rule that asks for a second key; of eight agents in turn. */
function newRequest(number: number): { readonly request: AgentRequest; readonly audit: AuditEvent } {
  const identity = `aip-agent-${number % 8}`;
  const now = epochMilliseconds(Date.now());
  const requester: Requester = {
    issuer,
    identity,
    subject: `sub-${identity}`,
    client: identity,
    tokenId: `jti-${number}`,
    serviceAccount: true,
    roles: ['default-roles-aip', 'offline_access'],
    scopes: ['openid'],
    names: [`service-account-${identity}`],
    actors: [],
    owners: [],
  };
  const name = nameOfRequest(identity, randomBytes);
  const targetUri = 'k8s://prod/default/deployment/payment-api';
  const request = begin(
    {
      name,
      via: 'api',
      requester,
      call: {
        action: 'scale-down',
        targetUri,
        args: { replicas: number },
        reason: 'scheduled maintenance window',
        spec: { agentIdentity: identity, action: 'scale-down', target: { uri: targetUri } },
      },
      digest: `digest-${number}`,
      callKey: `api:${name}`,
      policyVersion: 'guard@1',
      rule: 'guard/production',
      labels: { namespace: 'default' },
      createdAt: now,
      expiresAt: endOf(now, 3600),
    },
    {
      effect: 'needs-second-key',
      reason: 'Production needs a second key.',
      approvals: { from: [], count: 1, within: seconds(3600) },
    },
  );
  return { request, audit: changeEvent(undefined, request, 'create', actorOf(requester)) };
}
