import { cpuMilliseconds, residentMebibytes } from '../parts/cpu.ts';
import { formatTable, median } from '../parts/statistics.ts';
import { fireTokens } from './load.ts';
import { NoPostgres, openPostgres } from '@keyturn/conformance/parts/postgres';
import { measureBatches, measureLookUps } from './look-ups.ts';
import { openStage } from './stage.ts';

/** Of the yardsticks, in the same run; and microseconds. */
const aims = { http: 1.15, grpc: 0.6, hit: 2, miss: 15 };
/**
 * What must hold: with room for a busy machine, since every figure but the first three is of a few microseconds. What is
 * an aim and missed is printed (docs/decisions/0051-checks-are-read-from-the-connection.md says why).
 */
const musts = { http: 1.8, grpc: 1, hit: 4, miss: 45 };

/**
 * What a check costs the authorizer, in CPU: Keyturn over HTTP and gRPC with personal access tokens and the revocation
 * check on, against authorizers in Go and by grpc-js that allow everything, each behind an Envoy of its own, interleaved in
 * one run. Then what a token costs by itself: known, and looked up.
 */
export async function run(): Promise<{ line: string; ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] !== undefined;
  const rounds = quick ? 2 : 7;
  const requests = quick ? 500 : 2000;
  const lookUps = await measureLookUps();
  const batches = await batchesOnPostgres();
  const stage = await openStage();
  try {
    const { contenders, tokens } = stage;
    // Until what is compiled while it runs has been compiled: with 400, compiling was half of what was measured.
    for (const { url } of contenders) await fireTokens(url, tokens, 2500, 16);
    const spent = new Map(
      contenders.map(({ name }) => [name, { own: [] as number[], proxy: [] as number[], rate: [] as number[] }]),
    );
    for (let round = 0; round < rounds; round++) {
      // Another one first each round, so that none always comes after the same other.
      for (let i = 0; i < contenders.length; i++) {
        const contender = contenders[(i * (1 + (round % 2) * 2) + round) % contenders.length];
        const row = contender === undefined ? undefined : spent.get(contender.name);
        if (contender === undefined || row === undefined) continue;
        const { proxy, authorizer, url } = contender;
        const before = {
          proxy: cpuMilliseconds(proxy),
          own: authorizer === undefined ? 0 : cpuMilliseconds(authorizer),
        };
        const { seconds } = await fireTokens(url, tokens, requests, 16);
        row.proxy.push(((cpuMilliseconds(proxy) - before.proxy) / requests) * 1000);
        if (authorizer !== undefined) row.own.push(((cpuMilliseconds(authorizer) - before.own) / requests) * 1000);
        row.rate.push(requests / seconds);
      }
    }
    const own = (name: string): number => median(spent.get(name)?.own ?? []);
    console.log(
      formatTable([
        ['', 'requests/s', 'authorizer, CPU µs a check', 'proxy, CPU µs', 'authorizer, MiB'],
        ...contenders.map(({ name, authorizer }) => {
          const row = spent.get(name);
          return [
            name,
            median(row?.rate ?? []).toFixed(0),
            authorizer === undefined ? '' : own(name).toFixed(0),
            median(row?.proxy ?? []).toFixed(0),
            authorizer === undefined ? '' : residentMebibytes(authorizer).toFixed(0),
          ];
        }),
      ]),
    );
    const http = own('Envoy → Keyturn, HTTP') / own('Envoy → trivial Go, HTTP');
    const grpc = own('Envoy → Keyturn, gRPC') / own('Envoy → trivial grpc-js');
    console.log(
      `\na known token ${lookUps.hit.toFixed(2)} µs (sha-256 included); a miss on SQLite ${lookUps.miss.toFixed(1)} µs, the bare query ${lookUps.floor.toFixed(1)} µs`,
    );
    for (const { together, queries, misses, cpu } of batches) {
      console.log(
        `${misses} misses on PostgreSQL, ${together} at a time: ${queries} queries, ${cpu.toFixed(1)} µs of this process a miss`,
      );
    }
    const got = { http, grpc, hit: lookUps.hit, miss: lookUps.miss };
    const names = {
      http: 'HTTP, of trivial Go',
      grpc: 'gRPC, of trivial grpc-js',
      hit: 'a known token, µs',
      miss: 'a miss on SQLite, µs',
    };
    for (const key of ['http', 'grpc', 'hit', 'miss'] as const) {
      const word =
        got[key] <= aims[key] ? 'met' : got[key] <= musts[key] ? 'MISSED' : 'MISSED, and worse than it must be';
      console.log(`aim: ${names[key]}: at most ${aims[key]}, got ${got[key].toFixed(2)}: ${word}`);
    }
    if (quick) console.log('BENCH_QUICK: too few rounds to judge by; only what is counted, not timed, is held to');
    const batched = batches.every(({ together, queries, misses }) => queries <= Math.ceil(misses / together));
    if (!batched) console.log('aim: misses on PostgreSQL that come together are one query: MISSED, and must hold');
    return {
      ok: batched && (quick || (['http', 'grpc', 'hit', 'miss'] as const).every((key) => got[key] <= musts[key])),
      line: `edge: HTTP ${own('Envoy → Keyturn, HTTP').toFixed(0)} µs = ${http.toFixed(2)} of trivial Go (aim ${aims.http}), ${(own('Envoy → Keyturn, HTTP') / own('Envoy → golang-jwt, HTTP')).toFixed(2)} of golang-jwt; gRPC ${own('Envoy → Keyturn, gRPC').toFixed(0)} µs = ${grpc.toFixed(2)} of trivial grpc-js (aim ${aims.grpc}); known token ${lookUps.hit.toFixed(2)} µs (aim ${aims.hit}); SQLite miss ${lookUps.miss.toFixed(1)} µs (aim ${aims.miss})`,
    };
  } finally {
    await stage.close();
  }
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
