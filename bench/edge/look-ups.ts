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

const count = 10_000;

/** CPU of one look at a personal access token, in microseconds: in the book, in the table, and the bare query for it. */
export async function measureLookUps(): Promise<{
  readonly hit: number;
  readonly miss: number;
  readonly floor: number;
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

async function perToken(tokens: readonly string[], look: (token: string) => void | Promise<void>): Promise<number> {
  const [warm, measured] = [tokens.slice(0, 3000), tokens.slice(3000)];
  for (const token of warm) await look(token);
  const before = process.cpuUsage();
  for (const token of measured) {
    const looked = look(token);
    if (looked !== undefined) await looked;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / measured.length;
}
