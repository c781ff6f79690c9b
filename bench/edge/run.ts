import { NoPostgres, openPostgres } from '@keyturn/conformance/parts/postgres';
import { residentMebibytes } from '../parts/cpu.ts';
import { formatTable } from '../parts/statistics.ts';
import { measureBatches, measureLookUps } from './look-ups.ts';
import { type Cost, type Figures, measureContenders } from './measure.ts';
import { openStage, type Stage } from './stage.ts';

/** Of the yardsticks, in the same run; and microseconds. */
const aims = { http: 1.15, grpc: 0.6, hit: 2, miss: 15 };
/**
 * What must hold: with room for a busy machine, since every figure but the first two is of a few microseconds. What is
 * an aim and missed is printed (docs/decisions/0051-checks-are-read-from-the-connection.md says why).
 */
const musts = { http: 1.5, grpc: 1.4, hit: 4, miss: 45 };

/**
 * What a check costs the authorizer, in CPU: Keyturn over HTTP and gRPC with personal access tokens and the revocation
 * check on, against authorizers in Go and by grpc-js that allow everything, each behind an Envoy of its own, in turns
 * slice by slice. Then what a token costs by itself: known, and looked up.
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] !== undefined;
  const lookUps = await measureLookUps();
  const batches = await batchesOnPostgres();
  const stage = await openStage();
  try {
    const costs = await measureContenders(
      stage,
      quick
        ? { rounds: 2, slices: 2, requests: 250, warmUp: 1500 }
        : { rounds: 7, slices: 4, requests: 300, warmUp: 8000 },
    );
    console.log(tableOf(stage, costs));
    console.log(
      `\na known token ${show(lookUps.hit)} µs (sha-256 included); a miss on SQLite ${show(lookUps.miss)} µs, the bare query ${show(lookUps.floor)} µs`,
    );
    for (const { together, queries, misses, cpu } of batches) {
      console.log(
        `${misses} misses on PostgreSQL, ${together} at a time: ${queries} queries, ${cpu.toFixed(1)} µs of this process a miss`,
      );
    }
    const http = shareOf(costs, 'Envoy → Keyturn, HTTP', 'Envoy → trivial Go, HTTP');
    const grpc = shareOf(costs, 'Envoy → Keyturn, gRPC', 'Envoy → trivial grpc-js');
    const got = { http, grpc, hit: lookUps.hit, miss: lookUps.miss };
    const names = {
      http: 'HTTP, of trivial Go',
      grpc: 'gRPC, of trivial grpc-js',
      hit: 'a known token, µs',
      miss: 'a miss on SQLite, µs',
    };
    for (const key of ['http', 'grpc', 'hit', 'miss'] as const) {
      const { median, least } = got[key];
      const missed = median <= musts[key] ? 'MISSED' : 'MISSED, and worse than it must be';
      const word = median <= aims[key] ? 'met' : least <= aims[key] ? 'met where undisturbed' : missed;
      console.log(`aim: ${names[key]}: at most ${aims[key]}, got ${show(got[key])}: ${word}`);
    }
    if (quick) console.log('BENCH_QUICK: too few rounds to judge by; only what is counted, not timed, is held to');
    const batched = batches.every(({ together, queries, misses }) => queries <= Math.ceil(misses / together));
    if (!batched) console.log('aim: misses on PostgreSQL that come together are one query: MISSED, and must hold');
    const own = (name: string): string => show(costs.get(name)?.own, 0);
    return {
      ok:
        batched && (quick || (['http', 'grpc', 'hit', 'miss'] as const).every((key) => got[key].median <= musts[key])),
      line: `edge (median, and in the least disturbed tenth): HTTP ${own('Envoy → Keyturn, HTTP')} µs = ${show(http)} of trivial Go (aim ${aims.http}), ${show(shareOf(costs, 'Envoy → Keyturn, HTTP', 'Envoy → golang-jwt, HTTP'))} of golang-jwt; gRPC ${own('Envoy → Keyturn, gRPC')} µs = ${show(grpc)} of trivial grpc-js (aim ${aims.grpc}); known token ${show(lookUps.hit)} µs (aim ${aims.hit}); SQLite miss ${show(lookUps.miss)} µs (aim ${aims.miss})`,
    };
  } finally {
    await stage.close();
  }
}

function tableOf({ contenders }: Stage, costs: ReadonlyMap<string, Cost>): string {
  return formatTable([
    ['', 'requests/s', 'authorizer, CPU µs a check', 'undisturbed', 'proxy, CPU µs', 'authorizer, MiB'],
    ...contenders.map(({ name, authorizer }) => {
      const cost = costs.get(name);
      return [
        name,
        cost?.rate.median.toFixed(0) ?? '',
        authorizer === undefined ? '' : (cost?.own.median.toFixed(0) ?? ''),
        authorizer === undefined ? '' : (cost?.own.least.toFixed(0) ?? ''),
        cost?.proxy.median.toFixed(0) ?? '',
        authorizer === undefined ? '' : residentMebibytes(authorizer).toFixed(0),
      ];
    }),
  ]);
}

function shareOf(costs: ReadonlyMap<string, Cost>, name: string, yardstick: string): Figures {
  const [one, other] = [costs.get(name)?.own, costs.get(yardstick)?.own];
  return {
    median: (one?.median ?? Number.NaN) / (other?.median ?? Number.NaN),
    least: (one?.least ?? Number.NaN) / (other?.least ?? Number.NaN),
  };
}

/** The median, and in brackets what it is where undisturbed. */
function show(figures: Figures | undefined, digits = 2): string {
  return `${figures?.median.toFixed(digits) ?? '?'} (${figures?.least.toFixed(digits) ?? '?'})`;
}

/** Without a PostgreSQL it is said and left out; in CI it is a failure. */
async function batchesOnPostgres(): Promise<Awaited<ReturnType<typeof measureBatches>>> {
  try {
    const postgres = await openPostgres();
    try {
      return await measureBatches(postgres.url);
    } finally {
      await postgres.stop();
    }
  } catch (error) {
    if (!(error instanceof NoPostgres) || process.env['CI'] !== undefined) throw error;
    console.log(`without PostgreSQL: ${error.message}`);
    return [];
  }
}
