import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { compileGroupMapping } from '@keyturn/policy/rbac';
import { epochMilliseconds, ok } from '@keyturn/protocol';
import { openStore } from '@keyturn/store';
import { openRbacKeeper } from '../../packages/server/src/features/rbac/keeper.ts';
import { createSync } from '../../packages/server/src/features/rbac/sync.ts';
import { rbacMigrations } from '../../packages/server/src/features/rbac/tables.ts';
import { chains, createNumbers, roleOf, sizes } from './estate.ts';

/** As the look at everybody's groups goes: some users at a time. */
const together = 50;

export interface SyncFigures {
  readonly users: number;
  readonly memberships: number;
  /** Seconds: everybody's roles for the first time, nothing new, one group of each user gone. */
  readonly first: number;
  readonly again: number;
  readonly removal: number;
}

/**
 * The store's side of looking at everybody's groups: SQLite on a file, an audit row and a durable transaction for each
 * user whose roles change, constraints checked. What the identity provider takes to tell the groups comes on top.
 */
export async function measureSync(users: number): Promise<SyncFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-bench-rbac-'));
  const clock = () => epochMilliseconds(Date.now());
  const store = await openStore({ url: `sqlite:${join(folder, 'bench.db')}`, clock, random: (n) => randomBytes(n) });
  try {
    await store.migrate(rbacMigrations);
    const keeper = await openRbacKeeper(store, clock);
    const roles = Array.from({ length: chains }, (_, chain) => roleOf(chain, 0));
    const made = await keeper.commit({ actor: { identity: 'bench' } }, () =>
      ok({
        delta: {
          changes: [
            ...roles.map((role) => ({ do: 'addRole' as const, role, info: {} })),
            ...Array.from({ length: sizes.constraints }, (_, i) => ({
              do: 'createSsdSet' as const,
              set: `apart-${i}`,
              roles: [roles[i % chains] ?? '', roles[(i + 7) % chains] ?? '', roles[(i + 31) % chains] ?? ''],
              cardinality: 3,
            })),
          ],
        },
        value: undefined,
      }),
    );
    if (!made.ok) throw new Error(JSON.stringify(made.refusal));
    const mapping = Object.fromEntries(roles.map((role, chain) => [`/groups/g${chain}`, role]));
    const mapGroups = compileGroupMapping(mapping, { nested: true });
    const sync = createSync({ keeper, store, clock, mapGroups, onSynced: () => undefined });
    const next = createNumbers(3);
    const groupsOf = Array.from({ length: users }, () => {
      const groups = new Set<string>();
      while (groups.size < sizes.rolesOfUser) groups.add(`/groups/g${next(chains)}`);
      return [...groups];
    });
    const pass = async (cut: number): Promise<number> => {
      const began = performance.now();
      for (let i = 0; i < users; i += together) {
        const page = groupsOf.slice(i, i + together);
        await Promise.all(
          page.map((groups, j) =>
            sync({ issuer: 'https://id.example', subject: `user-${i + j}` }, groups.slice(cut), 're-sync'),
          ),
        );
      }
      return (performance.now() - began) / 1000;
    };
    const memberships = groupsOf.reduce((sum, groups) => sum + groups.length, 0);
    return { users, memberships, first: await pass(0), again: await pass(0), removal: await pass(1) };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}
