import { type CompiledPolicy, foldName, type SafetyEngine } from '@keyturn/policy';
import type { Clock } from '@keyturn/protocol';
import type { Store } from '@keyturn/store';
import type { Log } from '../../outside/log.ts';
import type { KilledAgent, KillList } from './killed.ts';
import { type PolicyRepository, policiesChannel } from './repository.ts';

/** What this replica decides by, compiled once and read again whenever something changes, here or elsewhere. */
export interface PolicyKeeper {
  /** Reads anew first if nothing could be heard of changes for longer than `maxDeaf`. */
  readonly current: () => PolicySet | Promise<PolicySet>;
  readonly reload: () => Promise<void>;
  /** Called on every replica with each agent that has been killed since. */
  readonly onKilled: (listener: (killed: KilledAgent) => void) => void;
}

export interface PolicySet {
  readonly policies: readonly CompiledPolicy[];
  /** By their names as `foldName` compares them. */
  readonly killed: ReadonlyMap<string, KilledAgent>;
}

export interface KeeperParts {
  readonly store: Store;
  readonly repository: PolicyRepository;
  readonly kills: KillList;
  readonly engine: SafetyEngine;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds without hearing from other replicas after which memory is not believed. */
const maxDeaf = 3000;

export async function keepPolicies({
  store,
  repository,
  kills,
  engine,
  clock,
  log,
}: KeeperParts): Promise<PolicyKeeper> {
  const listeners: ((killed: KilledAgent) => void)[] = [];
  /** By name and version: only what has changed is compiled again. */
  let compiled = new Map<string, CompiledPolicy>();
  let set: PolicySet = { policies: [], killed: new Map() };

  const read = async (): Promise<void> => {
    const [stored, dead] = await Promise.all([repository.all(), kills.all()]);
    const next = new Map<string, CompiledPolicy>();
    for (const { policy, version } of stored) {
      const key = `${policy.metadata.name}@${version}`;
      const known = compiled.get(key);
      if (known !== undefined) next.set(key, known);
      else {
        const made = engine.compile(policy, version);
        // It was checked when it was stored: only another build can find fault with it, and then it must not be skipped.
        if (!made.ok)
          throw new Error(`the policy ${key} is in the database and cannot be read: ${made.refusal[0]?.message ?? ''}`);
        next.set(key, made.value);
      }
    }
    const before = set.killed;
    compiled = next;
    set = { policies: [...next.values()], killed: new Map(dead.map((one) => [foldName(one.agent), one])) };
    for (const one of dead) if (!before.has(foldName(one.agent))) for (const listener of listeners) listener(one);
  };

  let running: Promise<void> | undefined;
  let again = false;
  const reload = async (): Promise<void> => {
    if (running !== undefined) {
      again = true;
      return running;
    }
    const run = async (): Promise<void> => {
      do {
        again = false;
        await read();
      } while (again);
    };
    running = run().finally(() => (running = undefined));
    return running;
  };

  await reload();
  await store.listen(
    policiesChannel,
    () => void reload().catch((error: unknown) => log.error({ error: String(error) }, 'policies could not be read')),
    reload,
  );
  return {
    current: () => {
      if (clock() - store.hearing().since <= maxDeaf) return set;
      return reload().then(() => set);
    },
    reload,
    onKilled: (listener) => void listeners.push(listener),
  };
}
