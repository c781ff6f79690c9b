import { cpuMilliseconds } from '../parts/cpu.ts';
import { median } from '../parts/statistics.ts';
import { fireTokens } from './load.ts';
import type { Contender, Stage } from './stage.ts';

/** Figures of one thing, taken many times in turns with others. */
export interface Figures {
  readonly median: number;
  /** Of the least disturbed tenth: what it costs where nobody else has the machine. */
  readonly least: number;
}

export function figuresOf(values: readonly number[]): Figures {
  const sorted = [...values].sort((one, other) => one - other);
  return { median: median(values), least: sorted[Math.floor(sorted.length / 10)] ?? Number.NaN };
}

/** Of one way through a proxy: CPU microseconds a check, and requests a second. */
export interface Cost {
  readonly own: Figures;
  readonly proxy: Figures;
  readonly rate: Figures;
}

export interface Load {
  readonly rounds: number;
  /** Slices of each contender in a round, in turns with the others', another one first each time. */
  readonly slices: number;
  /** Requests in a slice. */
  readonly requests: number;
  /** Requests before anything counts: until what is compiled while it runs has been compiled. */
  readonly warmUp: number;
}

/** Sends everybody the same load in turns, and says now and then how far it is. */
export async function measureContenders(
  { contenders, tokens }: Stage,
  { rounds, slices, requests, warmUp }: Load,
): Promise<ReadonlyMap<string, Cost>> {
  const startedAt = performance.now();
  const say = (what: string): void =>
    console.error(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${what}`);
  for (const { url } of contenders) await fireTokens(url, tokens, warmUp, 16);
  say(`${contenders.length} contenders are warm`);

  const spent = contenders.map(() => ({ own: [] as number[], proxy: [] as number[], rate: [] as number[] }));
  const playSlice = async (i: number): Promise<void> => {
    const [contender, row] = [contenders[i], spent[i]];
    if (contender === undefined || row === undefined) return;
    const before = cpuOf(contender);
    const { seconds } = await fireTokens(contender.url, tokens, requests, 16);
    const after = cpuOf(contender);
    row.own.push(((after.own - before.own) / requests) * 1000);
    row.proxy.push(((after.proxy - before.proxy) / requests) * 1000);
    row.rate.push(requests / seconds);
  };
  for (let round = 0; round < rounds; round++) {
    for (let slice = 0; slice < slices; slice++) {
      const turn = round * slices + slice;
      // There and back, so that none always comes after the same other.
      const order = contenders.map((_, i) => (i + turn) % contenders.length);
      for (const i of turn % 2 === 0 ? order : order.reverse()) await playSlice(i);
    }
    say(`round ${round + 1} of ${rounds}`);
  }
  return new Map(
    contenders.map(({ name }, i) => {
      const { own, proxy, rate } = spent[i] ?? { own: [], proxy: [], rate: [] };
      return [name, { own: figuresOf(own), proxy: figuresOf(proxy), rate: figuresOf(rate) }];
    }),
  );
}

function cpuOf({ proxy, authorizer }: Contender): { readonly own: number; readonly proxy: number } {
  return {
    proxy: cpuMilliseconds(proxy),
    own: authorizer === undefined ? 0 : cpuMilliseconds(authorizer),
  };
}
