// npm run bench -- requests
//
// What the second key costs: a decision by a hundred rules; how many requests become durable in a second with their audit
// rows, by group commit and one at a time; what a kill -9 under load loses; what a thousand watchers weigh.
import { startTemporaryPostgres } from '@keyturn/store/testing';
import { openSeedSteps } from '@keyturn/conformance/requests/seed-steps';
import { openStage } from '@keyturn/conformance/requests/stage';
import { formatTable } from '../parts/statistics.ts';
import { measureDecision } from './decision.ts';
import { measureStores } from './durable.ts';
import { type Killed, killUnderLoad } from './kill.ts';
import type { Tokens } from './people.ts';
import { measureWatchers, type Watchers } from './watchers.ts';

/** CPU milliseconds a decision; times the rate of one at a time; MiB with all watchers. */
const aims = { decision: 0.2, ratio: 3, resident: 150 };
const watcherCount = 1000;

/** Runs the bench; not ok when an aim is missed, or when anything that was answered is lost. */
export async function run(): Promise<{ readonly line: string; readonly ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] !== undefined;
  const decision = await measureDecision(quick ? 15 : 45);
  const { found, skipped } = await measureStores(quick ? 3 : 9);
  if (skipped !== undefined && process.env['CI'] !== undefined) throw new Error(skipped);
  const { kills, watchers } = await measureGateway(quick ? 1 : 3, skipped === undefined);

  console.log(
    formatTable([
      [`a decision by ${decision.rules} rules`, 'CPU ms', 'aim'],
      ['the rules', decision.judged.toFixed(3), `${aims.decision}`],
      ['and a limit counted in SQLite', decision.counted.toFixed(3), ''],
    ]),
  );
  console.log(
    formatTable([
      ['requests with audit rows', 'one at a time, 1/s', 'group commit, 1/s', 'times', 'CPU ms each'],
      ...found.map(({ store, alone, together, ratio, cpu }) => [
        store,
        alone.toFixed(0),
        together.toFixed(0),
        ratio.toFixed(1),
        `${cpu.alone.toFixed(2)}, ${cpu.together.toFixed(2)}`,
      ]),
    ]),
  );
  if (skipped !== undefined) console.log(`skipped: PostgreSQL: ${skipped}`);
  console.log(
    formatTable([
      ['kill -9 under load', 'answered', 'lost'],
      ...kills.map(({ store, answered, lost }) => [store, String(answered), String(lost.length)]),
    ]),
  );
  console.log(
    `${watchers.count} watchers: ${watchers.before.toFixed(0)} MiB before the first, ${watchers.with.toFixed(0)} with all, ${watchers.told.toFixed(0)} after a change for each; ${watchers.heard} heard of it`,
  );

  const lost = kills.flatMap((kill) => kill.lost).length;
  const answered = kills.map((kill) => kill.answered);
  const resident = Math.max(watchers.with, watchers.told);
  const ok =
    decision.judged < aims.decision &&
    found.every(({ ratio }) => ratio >= aims.ratio) &&
    lost === 0 &&
    Math.min(...answered) > 0 &&
    watchers.heard === watchers.count &&
    resident < aims.resident;
  const ratios = found.map(({ store, ratio }) => `${ratio.toFixed(1)} on ${store}`).join(', ');
  return {
    ok,
    line: `requests: ${decision.judged.toFixed(3)} ms a decision by ${decision.rules} rules (aim ${aims.decision}); group commit ${ratios} times one at a time (aim ${aims.ratio}); ${answered.reduce((a, b) => a + b, 0)} answered before kill -9, ${lost} lost; ${watchers.count} watchers in ${resident.toFixed(0)} MiB (aim ${aims.resident}), ${watchers.before.toFixed(0)} before`,
  };
}

/** What takes a gateway in a process of its own. */
async function measureGateway(
  rounds: number,
  hasPostgres: boolean,
): Promise<{ readonly kills: readonly (Killed & { store: string })[]; readonly watchers: Watchers }> {
  const stage = await openStage(undefined);
  try {
    const seed = openSeedSteps(stage.idpUrl);
    await seed.configure();
    const tokens: Tokens = {
      agent: (await seed.token('aip-agent-1', 'agent-1-secret')).token,
      reviewer: (await seed.token('aip-reviewer-1', 'reviewer-1-secret')).token,
    };
    const flags = ['--policies.path', stage.policies, '--requests.max-pending-per-agent', '10000'];
    const kills: (Killed & { store: string })[] = [];
    const kill = async (store: string, database: string): Promise<void> => {
      const gateway = await stage.start(database, flags);
      const options = { callers: 64, milliseconds: 4000 };
      kills.push({ store, ...(await killUnderLoad(gateway, database, tokens.agent, options)) });
    };
    for (let round = 0; round < rounds; round += 1) {
      await kill('SQLite', stage.sqlite());
      if (!hasPostgres) continue;
      const postgres = await startTemporaryPostgres();
      if (!postgres.ok) throw new Error(postgres.refusal);
      await kill('PostgreSQL', postgres.value.url);
      await postgres.value.stop();
    }
    // The first start of all compiles what later ones read from the cache.
    await (await stage.start(stage.sqlite(), flags)).running.stop();
    const gateway = await stage.start(stage.sqlite(), flags);
    return { kills, watchers: await measureWatchers(gateway, tokens, watcherCount) };
  } finally {
    await stage.close();
  }
}
