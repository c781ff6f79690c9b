import {
  applyPlan,
  collectSecrets,
  explainAdminRefusal,
  explainApplyRefusal,
  isEmptyPlan,
  type Plan,
  type PlannedRealm,
  parsePlan,
  showRef,
  spreadRealm,
} from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { type Connection, requireAdmin, withConnection } from './connect.ts';
import type { PlanFlags } from './flags.ts';
import { planFile, printPlan } from './plan.ts';
import { readNamedFile, readRealmFile } from './realm-file.ts';

/** `keyturn realm apply` */
export async function runApply(io: Io, planPath: string | undefined, flags: PlanFlags): Promise<void> {
  await withConnection(io, flags, async (connection) => {
    const planned = planPath === undefined ? await planNow(io, connection, flags) : readStored(io, planPath, flags);
    await carryOut(io, connection, planned, flags.json === true);
  });
}

async function planNow(io: Io, connection: Connection, flags: PlanFlags): Promise<PlannedRealm> {
  const planned = await planFile(requireAdmin(connection), readRealmFile(io, flags.file), flags);
  // What will be done is shown before it is done, deletions by name.
  if (flags.json !== true) printPlan(io, planned.plan, false);
  return planned;
}

/** A plan holds no secrets: they are read from the realm file, which is needed only if the plan refers to one. */
function readStored(io: Io, path: string, flags: PlanFlags): PlannedRealm {
  const parsed = parsePlan(readNamedFile(io, path));
  if (!parsed.ok) throw new CommandFailure(parsed.refusal.map((fault) => `${path}: ${fault}`).join('\n'));
  const plan = parsed.value;
  const needsFile = JSON.stringify(plan.steps).includes('"$secret"');
  return { plan, secrets: needsFile ? secretsOf(io, flags, plan) : new Map() };
}

function secretsOf(io: Io, flags: PlanFlags, plan: Plan): ReadonlyMap<string, string> {
  const { representation, extended } = readRealmFile(io, flags.file);
  if (representation.realm !== plan.realm)
    throw new CommandFailure(`${flags.file} is of the realm ${representation.realm}, the plan of ${plan.realm}.`);
  return collectSecrets(spreadRealm(representation, extended));
}

/** Carries a plan out, tells each step on standard error and the outcome on standard output. */
export async function carryOut(
  io: Io,
  connection: Connection,
  { plan, secrets }: PlannedRealm,
  json: boolean,
): Promise<void> {
  const applied = await applyPlan({
    admin: requireAdmin(connection),
    plan,
    secrets,
    onStep: (step, what) => io.complain(`${what === 'doing' ? step.action : 'was done:'} ${showRef(step)}`),
  });
  if (!applied.ok) {
    const sentence = explainApplyRefusal(applied.refusal, explainAdminRefusal);
    if (json) io.print(JSON.stringify({ ok: false, refusal: applied.refusal, message: sentence }));
    throw new CommandFailure(sentence);
  }
  const { writes, stepsDone, differences } = applied.value;
  if (json) io.print(JSON.stringify({ ok: differences.length === 0, ...applied.value }));
  else if (!isEmptyPlan(plan)) io.print(`\nApplied: ${stepsDone} steps, ${writes} writes.`);
  if (differences.length > 0)
    throw new CommandFailure(
      `The server shows these differently from what was written:\n${differences.map((one) => `  ${one}`).join('\n')}`,
    );
}
