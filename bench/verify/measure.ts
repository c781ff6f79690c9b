import type { Contender } from './contenders.ts';

/** What one check cost, in microseconds. */
export interface Cost {
  /** CPU of all threads of the process, over the whole turn. */
  readonly cpu: number;
  /** Wall time in the least disturbed tenth of the turn's slices: near what it costs on a machine of its own. */
  readonly undisturbed: number;
}

export type Round = ReadonlyMap<string, Cost>;

/** So many checks make a slice: short enough that on a busy machine most slices are left alone. */
const slice = 10;

/** One turn of each contender, in random order, so that what else the machine does hits all alike. */
export async function playRound(contenders: readonly Contender[], checks: number): Promise<Round> {
  const round = new Map<string, Cost>();
  for (const { name, check } of shuffled(contenders)) {
    const before = process.cpuUsage();
    const slices: number[] = [];
    for (let done = 0; done < checks; done += slice) {
      const startedAt = performance.now();
      for (let i = done; i < done + slice; i++) {
        const outcome = check(i);
        if (outcome instanceof Promise) await outcome;
      }
      slices.push(((performance.now() - startedAt) * 1000) / slice);
    }
    const { user, system } = process.cpuUsage(before);
    slices.sort((one, other) => one - other);
    const undisturbed = slices[Math.floor(slices.length / 10)] ?? Number.NaN;
    round.set(name, { cpu: (user + system) / (slices.length * slice), undisturbed });
  }
  return round;
}

/** The ratio of two contenders in each round: only within a round are they comparable. */
export function ratios(rounds: readonly Round[], by: keyof Cost, of: string, to: string): readonly number[] {
  return rounds.flatMap((round) => {
    const [a, b] = [round.get(of), round.get(to)];
    return a === undefined || b === undefined ? [] : [a[by] / b[by]];
  });
}

export function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}
