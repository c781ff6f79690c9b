import { formatTable, median } from '../parts/statistics.ts';
import { cached, uncached } from './contenders.ts';
import type { Golang } from './golang.ts';
import { startGolang } from './golang.ts';
import type { Cost, Round } from './measure.ts';
import { playRound, ratios } from './measure.ts';
import type { BenchAlgorithm, Material } from './tokens.ts';
import { benchAlgorithms, makeMaterial } from './tokens.ts';
import { measureWebServer } from './web.ts';

/** Shares of the floor: what RSA must reach, and what is aimed at. */
const rsaMust = 0.75;
const aims: Readonly<Record<BenchAlgorithm, number>> = { RS256: 0.8, PS256: 0.8, ES256: 0.92, EdDSA: 0.9 };
/** What a check must be beside those of others, and what is aimed at. */
const joseMust = 1.8;
const fastJwtAim = 1.15;
/** What a token seen before must cost at most, in microseconds, and be beside fast-jwt's, and what a web server must keep. */
const hitMust = { microseconds: 2, fastJwt: 3, kept: 0.95 };

/**
 * What it costs to check a token of 1 KB of claims: work for each CPU second, beside the packages that people use and
 * the floor, which is `node:crypto` alone on what is decoded already. All in one run, in interleaved rounds. It fails by
 * what must hold, and prints each aim as met or missed (decision 0031).
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] !== undefined;
  const rounds = quick ? 3 : 21;
  const now = Math.floor(Date.now() / 1000);
  const materials = benchAlgorithms.map((alg) => makeMaterial(alg, now));
  const go = await startGolang(materials);
  const golang = typeof go === 'string' ? undefined : go;
  if (typeof go === 'string') console.log(`golang-jwt is left out: ${go}`);
  try {
    const fresh = new Map<BenchAlgorithm, readonly Round[]>();
    for (const material of materials) fresh.set(material.alg, await playUncached(material, rounds, quick, golang));
    console.log(`\nnot seen before: share of the floor, median of ${rounds} rounds (lowest to highest)`);
    console.log(formatTable(tableOf(fresh, 'cpu')));
    console.log('\nthe same by the wall clock, in the least disturbed tenth of each round');
    console.log(formatTable(tableOf(fresh, 'undisturbed')));

    const hits = await playCached(materials, rounds, quick);
    const hit = median(hits.map((round) => round.get('@keyturn/verify')?.cpu ?? Number.NaN));
    const text = median(hits.map((round) => round.get('the text alone')?.cpu ?? Number.NaN));
    const overFastJwt = median(ratios(hits, 'cpu', 'fast-jwt', '@keyturn/verify'));
    console.log(
      `\nseen before, from a fresh text each time: ${hit.toFixed(2)} µs, ${text.toFixed(2)} of it for the text; ${overFastJwt.toFixed(1)} times fast-jwt with its cache`,
    );

    const [first] = materials;
    const kept = first === undefined ? [] : await measureWebServer(first, rounds);
    console.log(`a web server keeps ${median(kept).toFixed(3)} of its rate without authentication`);

    const share = (alg: BenchAlgorithm, of = 'floor'): number =>
      median(ratios(fresh.get(alg) ?? [], 'cpu', of, '@keyturn/verify'));
    const least = (of: string): number => Math.min(...benchAlgorithms.map((alg) => share(alg, of)));
    for (const alg of benchAlgorithms) tellAim(`${alg} of the floor`, share(alg), aims[alg]);
    for (const alg of benchAlgorithms) tellAim(`${alg} beside fast-jwt`, share(alg, 'fast-jwt'), fastJwtAim);
    return {
      ok:
        share('RS256') >= rsaMust &&
        share('PS256') >= rsaMust &&
        least('jose') >= joseMust &&
        hit <= hitMust.microseconds &&
        overFastJwt >= hitMust.fastJwt &&
        median(kept) >= hitMust.kept,
      line: `verify: ${benchAlgorithms.map((alg) => `${alg} ${share(alg).toFixed(2)}`).join(', ')} of the floor (RSA must be ${rsaMust}); at least ${least('jose').toFixed(2)} × jose (must be ${joseMust}), ${least('fast-jwt').toFixed(2)} × fast-jwt (aim ${fastJwtAim}); hit ${hit.toFixed(2)} µs (must be ${hitMust.microseconds}), ${overFastJwt.toFixed(1)} × fast-jwt’s (${hitMust.fastJwt}); web server ${median(kept).toFixed(3)} (${hitMust.kept})`,
    };
  } finally {
    await golang?.[Symbol.asyncDispose]();
  }
}

function tellAim(what: string, got: number, aim: number): void {
  console.log(`aim: ${what}: at least ${aim}, got ${got.toFixed(2)}: ${got >= aim ? 'met' : 'MISSED'}`);
}

async function playUncached(
  material: Material,
  rounds: number,
  quick: boolean,
  golang: Golang | undefined,
): Promise<readonly Round[]> {
  const contenders = uncached(material);
  const checks = Math.round((material.alg === 'RS256' || material.alg === 'PS256' ? 2500 : 1000) / (quick ? 2 : 1));
  // A server has checked some thousand tokens before anyone looks at its rate: what is compiled by then counts.
  await playRound(contenders, 4000);
  const played: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const here = await playRound(contenders, checks);
    const there = golang === undefined ? [] : [['golang-jwt', await golang.measure(material.alg, checks)] as const];
    played.push(new Map([...here, ...there]));
  }
  return played;
}

async function playCached(materials: readonly Material[], rounds: number, quick: boolean): Promise<readonly Round[]> {
  const [material] = materials;
  if (material === undefined) return [];
  const contenders = cached(material);
  const played: Round[] = [];
  for (let round = -2; round < rounds; round++) {
    const one = await playRound(contenders, quick ? 5000 : 30_000);
    if (round >= 0) played.push(one);
  }
  return played;
}

function tableOf(fresh: ReadonlyMap<BenchAlgorithm, readonly Round[]>, by: keyof Cost): readonly (readonly string[])[] {
  // golang-jwt only says what CPU it used.
  const names = [
    '@keyturn/verify',
    'and its roles',
    'jose',
    'fast-jwt',
    'jsonwebtoken',
    ...(by === 'cpu' ? ['golang-jwt'] : []),
  ];
  const cell = (alg: BenchAlgorithm, name: string): string => {
    const shares = ratios(fresh.get(alg) ?? [], by, 'floor', name);
    if (shares.length === 0) return '';
    return `${median(shares).toFixed(2)} (${Math.min(...shares).toFixed(2)}–${Math.max(...shares).toFixed(2)})`;
  };
  const floor = (alg: BenchAlgorithm): string =>
    `${median((fresh.get(alg) ?? []).map((round) => round.get('floor')?.[by] ?? Number.NaN)).toFixed(1)} µs`;
  return [
    ['', ...benchAlgorithms],
    ['floor', ...benchAlgorithms.map(floor)],
    ...names.map((name) => [name, ...benchAlgorithms.map((alg) => cell(alg, name))]),
  ];
}
