import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Admin,
  changesNothing,
  countSteps,
  type ExpandedRealm,
  explainAdminRefusal,
  type Plan,
  type PlannedRealm,
  type PlanOptions,
  planRealm,
  showPlan,
  spreadRealm,
} from '@keyturn/realm';
import { CommandFailure, type Io } from '../io.ts';
import { requireAdmin, withConnection } from './connect.ts';
import type { PlanFlags } from './flags.ts';
import { readRealmFile } from './realm-file.ts';

/** `keyturn realm plan` */
export async function runPlan(io: Io, flags: PlanFlags): Promise<void> {
  const file = readRealmFile(io, flags.file);
  const { plan } = await withConnection(io, flags, (connection) => planFile(requireAdmin(connection), file, flags));
  if (flags.out !== undefined) writeFileSync(resolve(io.cwd, flags.out), `${JSON.stringify(plan, null, 2)}\n`);
  printPlan(io, plan, flags.json === true);
  if (flags.detailedExitcode === true) io.exit(changesNothing(plan) ? 0 : 2);
}

/** Plans, or says in sentences why not. */
export async function planFile(admin: Admin, file: ExpandedRealm, options: PlanOptions): Promise<PlannedRealm> {
  const { prune = false, rotate = [], target = [] } = options;
  const desired = spreadRealm(file.representation, file.extended);
  const planned = await planRealm(admin, desired, { prune, rotate, target, used: file.used });
  if (planned.ok) return planned.value;
  const { refusal } = planned;
  throw new CommandFailure(refusal.why === 'faults' ? refusal.faults.join('\n') : explainAdminRefusal(refusal.refusal));
}

export function printPlan(io: Io, plan: Plan, json: boolean): void {
  io.print(json ? JSON.stringify({ ...plan, counts: countSteps(plan) }) : showPlan(plan));
}
