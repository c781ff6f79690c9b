// npm run bench -- rbac
//
// May this user do that to this object: Keyturn's isPermitted (CheckAccess) beside CASL and node-casbin, on one organisation of 10,000
// users, 1,000 roles in chains of 10, 100 constraints; an assignment with its constraint checks; a sync of everybody's
// groups, the store's side. CPU of this process, in interleaved rounds, as medians.
import { assignUser, deassignUser } from '@keyturn/policy/rbac';
import { formatTable, median } from '../parts/statistics.ts';
import { type Contender, createCasbin, createCasl, createKeyturn } from './contenders.ts';
import { assignAll, buildEstate, buildQuestions, chains, type Question, roleOf, sizes, userOf } from './estate.ts';
import { measureSync } from './sync.ts';

const aims = { question: 2, assignment: 200, sync: 20 };

/** Runs the bench; not ok when an aim is missed, or when the three do not answer alike. */
export async function run(): Promise<{ readonly line: string; readonly ok: boolean }> {
  const quick = process.env['BENCH_QUICK'] === '1';
  const rounds = quick ? 3 : 9;
  const began = performance.now();
  const { rbac: assigned, asked, refused } = assignAll(buildEstate());
  console.log(
    `${sizes.users} users were given ${sizes.rolesOfUser} roles each: ${asked} assignments, ${refused} refused, ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );

  const users = Array.from({ length: 200 }, (_, i) => userOf(i));
  const { contender: keyturn, rbac } = createKeyturn(assigned, users);
  const contenders = [keyturn, createCasl(rbac, users), await createCasbin(rbac, users, chains, sizes.depth)];
  const questions = buildQuestions(rbac, users.length, 20);
  const differing = questions
    .filter((_, i) => i % 40 === 0)
    .find((question) => new Set(contenders.map(({ ask }) => ask(question))).size > 1);
  if (differing !== undefined)
    return { line: `rbac: the three do not answer alike: ${JSON.stringify(differing)}`, ok: false };
  const allowed = questions.filter((question) => keyturn.ask(question)).length / questions.length;

  const costs = contenders.map((): number[] => []);
  const assignments: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) costs[i]?.push(costOf(contender, questions));
    assignments.push(costOfAssignment(rbac, quick ? 500 : 2000));
  }
  const medians = costs.map(median);
  const assignment = median(assignments);
  const sync = await measureSync(quick ? 1000 : sizes.users);
  console.log(
    formatTable([
      ['may this user do that?', 'CPU µs', 'times'],
      ...contenders.map(({ name }, i) => [
        name,
        (medians[i] ?? 0).toFixed(2),
        ((medians[i] ?? 0) / (medians[0] ?? 1)).toFixed(1),
      ]),
      ['an assignment, constraints checked', assignment.toFixed(1), ''],
    ]),
  );
  console.log(
    `sync of ${sync.users} users with ${sync.memberships} memberships: ${sync.first.toFixed(1)} s the first time, ${sync.again.toFixed(2)} s with nothing new, ${sync.removal.toFixed(1)} s with a group of each gone`,
  );
  const [own = 0, casl = 0, casbin = 0] = medians;
  const ok = own < aims.question && assignment < aims.assignment && Math.max(sync.first, sync.removal) < aims.sync;
  const line = `rbac: ${own.toFixed(2)} µs a question from a warm session (${Math.round(allowed * 100)} % allowed), CASL ${casl.toFixed(2)}, node-casbin ${casbin.toFixed(0)}; ${assignment.toFixed(1)} µs an assignment with constraints; sync of ${sync.users} users with ${sync.memberships} memberships ${sync.first.toFixed(1)} s (store’s side)`;
  return { line, ok };
}

/** CPU microseconds a question. */
function costOf({ ask, count }: Contender, questions: readonly Question[]): number {
  let allowed = 0;
  const began = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    const question = questions[(i * 7) % questions.length];
    if (question !== undefined && ask(question)) allowed++;
  }
  const { user, system } = process.cpuUsage(began);
  // Counted, so that nothing is left out of the loop as useless.
  return (user + system) / count + (allowed < 0 ? 1 : 0);
}

/** CPU microseconds an assignment, refused ones included; what was assigned is taken away outside the clock. */
function costOfAssignment(rbac: Parameters<typeof assignUser>[0], count: number): number {
  const pairs = Array.from(
    { length: count },
    (_, i) => [userOf((i * 13) % sizes.users), roleOf((i * 31) % chains, i % sizes.depth)] as const,
  );
  let model = rbac;
  for (const [user, role] of pairs) {
    const without = deassignUser(model, user, role);
    if (without.ok) model = without.value;
  }
  const began = process.cpuUsage();
  for (const [user, role] of pairs) {
    const done = assignUser(model, user, role);
    if (done.ok) model = done.value;
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / count;
}
