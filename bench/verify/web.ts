import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuMilliseconds } from '../parts/cpu.ts';
import { fire } from '../parts/load.ts';
import { shuffled } from './measure.ts';
import type { Material } from './tokens.ts';

/**
 * The rate that a web server keeps when it checks a token it has seen, as a share of its rate without: requests for
 * each CPU second of the server, in interleaved rounds.
 */
export async function measureWebServer({ jwk, tokens }: Material, rounds: number): Promise<readonly number[]> {
  const modes = ['open', 'protected'] as const;
  const children = modes.map((mode) => fork(fileURLToPath(new URL('server.ts', import.meta.url)), [mode]));
  try {
    const ports = await Promise.all(
      children.map(async (child) => {
        child.send(jwk);
        const [port] = (await once(child, 'message')) as [number];
        return port;
      }),
    );
    const spend = async (index: number, requests: number): Promise<number> => {
      const pid = children[index]?.pid ?? 0;
      const before = cpuMilliseconds(pid);
      const url = new URL(`http://127.0.0.1:${ports[index]}/`);
      const headers = { authorization: `Bearer ${tokens[0]}` };
      await fire({ url, method: 'GET', headers }, requests, 16);
      return cpuMilliseconds(pid) - before;
    };
    for (const index of modes.keys()) await spend(index, 2000);
    const kept: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const spent: number[] = [];
      for (const index of shuffled([0, 1])) spent[index] = await spend(index, 2000);
      kept.push((spent[0] ?? Number.NaN) / (spent[1] ?? Number.NaN));
    }
    return kept;
  } finally {
    for (const child of children) child.disconnect();
  }
}
