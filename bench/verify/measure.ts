import type { Contender } from './contenders.ts';

/** CPU microseconds for each check, contender by contender, of all threads of this process. */
export type Round = ReadonlyMap<string, number>;

/** One turn of each contender, in random order, so that what else the machine does hits all alike. */
export async function playRound(contenders: readonly Contender[], checks: number): Promise<Round> {
  const round = new Map<string, number>();
  for (const { name, check } of shuffled(contenders)) {
    const before = process.cpuUsage();
    for (let i = 0; i < checks; i++) {
      const outcome = check(i);
      if (outcome instanceof Promise) await outcome;
    }
    const { user, system } = process.cpuUsage(before);
    round.set(name, (user + system) / checks);
  }
  return round;
}

/** The ratio of two contenders in each round: only within a round are they comparable. */
export function ratios(rounds: readonly Round[], of: string, to: string): readonly number[] {
  return rounds.flatMap((round) => {
    const [a, b] = [round.get(of), round.get(to)];
    return a === undefined || b === undefined ? [] : [a / b];
  });
}

export function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}
