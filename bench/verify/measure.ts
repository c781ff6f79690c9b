import type { Contender } from './contenders.ts';

/** What one check cost, in microseconds. */
export interface Cost {
  /** CPU of all threads of the process, over the whole round. */
  readonly cpu: number;
  /** Wall time in the least disturbed tenth of the round's slices: near what it costs on a machine of its own. */
  readonly undisturbed: number;
}

export type Round = ReadonlyMap<string, Cost>;

/** So many checks make a slice: some ten milliseconds, short beside what disturbs a shared machine and long beside filling caches. */
const slice = 250;

/**
 * One round: the contenders take turns slice by slice, in an order that is drawn anew each time, so that what else the
 * machine does hits all alike.
 */
export async function playRound(contenders: readonly Contender[], checks: number): Promise<Round> {
  const taken = contenders.map((contender) => ({ contender, cpu: 0, slices: [] as number[] }));
  for (let done = 0; done < checks; done += slice) {
    for (const turn of shuffled(taken)) {
      const { check } = turn.contender;
      const before = process.cpuUsage();
      const startedAt = performance.now();
      for (let i = done; i < done + slice; i++) {
        const outcome = check(i);
        if (outcome instanceof Promise) await outcome;
      }
      turn.slices.push(((performance.now() - startedAt) * 1000) / slice);
      const { user, system } = process.cpuUsage(before);
      turn.cpu += user + system;
    }
  }
  return new Map(
    taken.map(({ contender, cpu, slices }) => {
      slices.sort((one, other) => one - other);
      const undisturbed = slices[Math.floor(slices.length / 10)] ?? Number.NaN;
      return [contender.name, { cpu: cpu / (slices.length * slice), undisturbed }];
    }),
  );
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
