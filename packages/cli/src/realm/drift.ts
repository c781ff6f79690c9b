import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { changesNothing, countSteps, type PlanCounts } from '@keyturn/realm';
import type { Io } from '../io.ts';
import { type ConnectFlags, requireAdmin, withConnection } from './connect.ts';
import type { FileFlags } from './flags.ts';
import { planFile, printPlan } from './plan.ts';
import { readRealmFile } from './realm-file.ts';

/** `keyturn realm drift`: the comparison of `plan`, for a timer. */
export async function runDrift(io: Io, flags: FileFlags & ConnectFlags & { readonly metric?: string }): Promise<void> {
  const file = readRealmFile(io, flags.file);
  const { plan } = await withConnection(io, flags, (connection) => planFile(requireAdmin(connection), file, {}));
  if (flags.metric !== undefined) {
    // Written beside and moved, so that the collector never reads half a file.
    const path = resolve(io.cwd, flags.metric);
    writeFileSync(`${path}.new`, buildMetric(plan.realm, countSteps(plan), Math.floor(Date.now() / 1000)));
    renameSync(`${path}.new`, path);
  }
  printPlan(io, plan, flags.json === true);
  io.exit(changesNothing(plan) ? 0 : 2);
}

/** Prometheus text format. Alert on a value above 0, and on a timestamp that stops moving. */
function buildMetric(realm: string, { add, change }: PlanCounts, now: number): string {
  const label = `realm=${JSON.stringify(realm)}`;
  return [
    '# HELP keyturn_realm_drift_objects Objects of the realm file that are missing from the realm or differ there.',
    '# TYPE keyturn_realm_drift_objects gauge',
    `keyturn_realm_drift_objects{${label},how="missing"} ${add}`,
    `keyturn_realm_drift_objects{${label},how="differs"} ${change}`,
    '# HELP keyturn_realm_drift_checked_timestamp_seconds When the realm was last compared.',
    '# TYPE keyturn_realm_drift_checked_timestamp_seconds gauge',
    `keyturn_realm_drift_checked_timestamp_seconds{${label}} ${now}`,
    '',
  ].join('\n');
}
