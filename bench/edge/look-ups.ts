import { hash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMilliseconds, epochSeconds, newId } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { openPatBook } from '../../packages/server/src/features/pats/book.ts';
import { newReferenceToken } from '../../packages/server/src/features/pats/reference-token.ts';
import { openPatRepository, type PatKey } from '../../packages/server/src/features/pats/repository.ts';
import { openRevocationLog } from '../../packages/server/src/features/pats/revocation-log.ts';
import { followRevocations } from '../../packages/server/src/features/pats/revocations.ts';
import { patMigrations } from '../../packages/server/src/features/pats/tables.ts';
import { type Figures, figuresOf } from './measure.ts';

const count = 10_000;

/** CPU of one look at a personal access token, in microseconds: in the book, in the table, and the bare query for it. */
export async function measureLookUps(): Promise<{
  readonly hit: Figures;
  readonly miss: Figures;
  readonly floor: Figures;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-pats-'));
  const path = join(folder, 'pats.db');
  const clock = () => epochMilliseconds(Date.now());
  const store = await openStore({ url: `sqlite:${path}`, clock, random: randomBytes });
  try {
    await store.migrate(patMigrations);
    const log = openRevocationLog(store);
    const repository = openPatRepository(store, log, clock);
    const revocations = followRevocations(log, clock);
    const tokens = Array.from({ length: count }, () => newReferenceToken(randomBytes));
    const plain = new DatabaseSync(path);
    plain.exec('pragma synchronous = off; begin');
    const insert = plain.prepare(
      `insert into pats_token (id, kind, issuer, subject, name, hash, limits, created_at, expires_at, announced)
       values (?, 'reference', 'https://id.example', ?, 'x', ?, '{"readOnly":false,"mayApprove":false}', 1, ?, 0)`,
    );
    const end = epochSeconds(clock() / 1000 + 86_400);
    for (const token of tokens) insert.run(newId('pat', randomBytes), token, hash('sha256', token), end);
    plain.exec('commit');

    const keyOf = (token: string): PatKey => `hash:${hash('sha256', token)}`;
    await revocations.catchUp();
    const bare = plain.prepare('select * from pats_token where hash = ?');
    const floor = await perToken(tokens, async (token) => void bare.get(hash('sha256', token)));
    const fresh = openPatBook({ repository, revocations, clock });
    const miss = await perToken(tokens, async (token) => void (await fresh.look(keyOf(token))));
    await revocations.catchUp();
    const hit = await perToken(
      Array.from({ length: 20 }, () => tokens).flat(),
      (token) => void fresh.stand(keyOf(token), clock()),
    );
    plain.close();
    return { hit, miss, floor };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What misses that come together cost on PostgreSQL, for each number that comes at once: queries, and CPU of this process. */
export async function measureBatches(
  url: string,
): Promise<
  readonly { readonly together: number; readonly queries: number; readonly misses: number; readonly cpu: number }[]
> {
  const clock = () => epochMilliseconds(Date.now());
  const store = await openStore({ url, clock, random: randomBytes });
  try {
    await store.migrate(patMigrations);
    const log = openRevocationLog(store);
    const repository = openPatRepository(store, log, clock);
    const revocations = followRevocations(log, clock);
    const tokens = Array.from({ length: 800 }, () => newReferenceToken(randomBytes));
    const keys = tokens.map((token): PatKey => `hash:${hash('sha256', token)}`);
    const expiresAt = epochSeconds(Math.floor(clock() / 1000) + 86_400);
    for (const [i, key] of keys.entries()) {
      await repository.insert(
        {
          id: newId('pat', randomBytes),
          kind: 'reference',
          owner: { issuer: 'https://id.example', subject: `user ${i}` },
          name: 'x',
          hash: key.slice(5),
          jti: undefined,
          limits: { readOnly: false, mayApprove: false },
          client: undefined,
          email: undefined,
          createdAt: clock(),
          issuedAt: clock(),
          expiresAt,
          lastUsedAt: undefined,
          lastAddress: undefined,
          former: undefined,
        },
        { identity: 'bench' },
      );
    }
    const measured = [];
    for (const together of [1, 16, 100]) {
      let queries = 0;
      const counting = {
        ...repository,
        lookUp: (wanted: readonly PatKey[]) => {
          queries += 1;
          return repository.lookUp(wanted);
        },
      };
      await revocations.catchUp();
      const book = openPatBook({ repository: counting, revocations, clock });
      const before = process.cpuUsage();
      for (let i = 0; i < keys.length; i += together) {
        // As each replica does twice a second.
        if (i % 200 < together) await revocations.catchUp();
        const looked = await Promise.all(keys.slice(i, i + together).map((key) => book.look(key)));
        if (!looked.every(({ ok }) => ok)) throw new Error('a token in the table was not found');
      }
      const { user, system } = process.cpuUsage(before);
      measured.push({ together, queries, misses: keys.length, cpu: (user + system) / keys.length });
    }
    return measured;
  } finally {
    await store.close();
  }
}

/** In slices of 500, after the first 3,000. */
async function perToken(tokens: readonly string[], look: (token: string) => void | Promise<void>): Promise<Figures> {
  const [warm, slice] = [3000, 500];
  for (const token of tokens.slice(0, warm)) await look(token);
  const costs: number[] = [];
  for (let start = warm; start + slice <= tokens.length; start += slice) {
    const before = process.cpuUsage();
    for (const token of tokens.slice(start, start + slice)) {
      const looked = look(token);
      if (looked !== undefined) await looked;
    }
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / slice);
  }
  return figuresOf(costs);
}
